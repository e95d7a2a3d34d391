"""The health check of a container: its command, its target, and its output."""

import re
import shlex
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected, quoted, watched
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.facts import Probe, Socket
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import source

from .louder import requests

URL = re.compile(
    # Code may put an address together: what it adds behind a colon is not known.
    r"https?://(\[[^\]]+\]|[\w.-]+)(?::(\d+))?(?![\w.:-])(/[^\s'\"|;)]*)?"
    # curl and wget take an address without a scheme as one of HTTP.
    r"|\b(?:curl|wget)\b[^|;&\n]*?\s['\"]?(localhost|\d+\.\d+\.\d+\.\d+|[\w.-]+(?=:\d))"
    r"(?::(\d+))?(/[^\s'\"|;)]*)?(?=['\"]?(?:\s|$))"
)
PORTS = {
    "pg_isready": 5432, "psql": 5432, "redis-cli": 6379, "valkey-cli": 6379, "mysqladmin": 3306,
    "mariadb-admin": 3306, "mysql": 3306,
}  # fmt: skip
"""Clients of databases → the port that they ask unless told otherwise."""


TOLD = re.compile(r"(\w+)://(\[[^\]]+\]|[^\s:/]+|[\da-f:]+):?(\d+)?(/\S*)?")
PATH = re.compile(r"[\w./+-]+")
DEFAULT = {"http": 80, "https": 443}
"""How the program of a check told whom it asks, and the ports that go without saying."""
CUT_OFF = -1
"""The exit code of a check that Docker ended at its timeout."""
LATEST = 3
LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}


def failing(case: Case) -> HealthCheck | None:
    """Return the check of a container that is unhealthy, or about to be."""
    health, check = case.state.health, case.config.check
    if not health or not check or not case.is_up or not health.log:
        return None
    bad = health.status == "unhealthy" or (
        health.status == "starting" and health.failing >= 2 and not check.start_period
    )
    return check if bad else None


def failed(case: Case) -> list[Probe]:
    """Return the checks that failed.

    Of the latest, those that came to their end tell more than those that were cut off: what they
    got is an answer, and on a busy machine any check may take too long now and then.
    """
    log = case.state.health.log if case.state.health else ()
    bad = [probe for probe in log if probe.exit_code]
    return [probe for probe in bad[-LATEST:] if probe.exit_code != CUT_OFF] or bad


def output(case: Case) -> str:
    """Return what the last failed check printed, or what its request got in a copy."""
    if case.seen.answer:
        return case.seen.answer.output.strip()
    bad = failed(case)
    lines = (bad[-1].output if bad else "").strip().splitlines()
    return "\n".join(line for line in lines if line.strip(" ^~"))


def shown(case: Case) -> Evidence:
    """Show the last failed check, or what its request got in a copy."""
    if case.seen.answer:
        typed = shlex.join(case.seen.asked)
        return watched(case, f"in a copy: {typed}\n{case.seen.answer.output.strip()[:400]}")
    log = failed(case)
    words = (
        f"exit code {log[-1].exit_code}, output {log[-1].output.strip()[:300]!r}"
        if log
        else "no failed check"
    )
    command = f"docker inspect --format '{{{{json .State.Health}}}}' {quoted(case)}"
    return Evidence("inspect", command, words)


def test(case: Case, check: HealthCheck) -> Evidence:
    """Show the check's command."""
    return inspected(case, "Config.Healthcheck.Test", check.words)


def listening(case: Case) -> list[Socket]:
    """Return the sockets that can be reached from inside."""
    return list(case.sockets or ())


def script(case: Case, check: HealthCheck) -> str:
    """Return the command of a check or, where it runs a script, that."""
    argv = tuple(check.words.split())
    is_plain = bool(argv) and PATH.fullmatch(argv[0]) is not None
    found = source(case.config, case.files, argv, case.finder.find(argv)) if is_plain else None
    return (found.text if found and found.path else "") or check.words


def target(case: Case, check: HealthCheck) -> tuple[str, int, str] | None:
    """Return the host, port and path that a check requests."""
    told = TOLD.fullmatch(case.seen.requested)
    if told:
        return told[2].strip("[]"), int(told[3] or DEFAULT.get(told[1], 0)), told[4] or ""
    words = shell.expand(script(case, check), case.config.env)
    match = URL.search(words)
    if match:
        default = 443 if match[0].startswith("https") else 80
        host, port, path = match.groups()[:3] if match[1] else match.groups()[3:]
        return host.strip("[]"), int(port or default), path or "/"
    tcp = re.search(
        r"/dev/tcp/([\w.-]+)/(\d+)|(?:nc|ncat|netcat|telnet)\s+(?:-\S+\s+)*([\w.-]+)\s+(\d+)"
        r"|connect\w*\(\(?['\"]([\w.-]+)['\"],\s*(\d+)",
        words,
    )
    if tcp:
        groups = [g for g in tcp.groups() if g]
        return groups[0], int(groups[1]), ""
    return _of_database(words)


def _of_database(words: str) -> tuple[str, int, str] | None:
    """Return what a client of a database asks, by its options."""
    for request in requests(words):
        port = PORTS.get(basename(request[0]))
        typed = " ".join(request[1:])
        if port is None or "://" in typed or re.search(r"(?:^| )-s ?/", typed):
            continue
        capital = "P" if port == PORTS["mysql"] else "p"
        given = re.search(rf"(?:^| )(?:-{capital} ?|--port[= ])(\d+)\b", typed)
        host = re.search(r"(?:^| )(?:-h ?|--host[= ])([\w.:-]+)", typed)
        # The others ask a socket of Unix, unless told otherwise.
        if host or given or basename(request[0]) in ("redis-cli", "valkey-cli"):
            return host[1] if host else "localhost", int(given[1]) if given else port, ""
    return None
