"""The health check of a container: its command, its target, and its output."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected, quoted
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.programs import shell

URL = re.compile(r"https?://(\[[^\]]+\]|[\w.-]+)(?::(\d+))?(/[^\s'\"|;)]*)?")


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


def output(case: Case) -> str:
    """Return what the last failed check printed."""
    log = case.state.health.log if case.state.health else ()
    bad = [probe.output for probe in log if probe.exit_code]
    lines = (bad[-1] if bad else "").strip().splitlines()
    return "\n".join(line for line in lines if line.strip(" ^~"))


def shown(case: Case) -> Evidence:
    """Show the last failed check."""
    log = [
        probe for probe in (case.state.health.log if case.state.health else ()) if probe.exit_code
    ]
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


def target(case: Case, check: HealthCheck) -> tuple[str, int, str] | None:
    """Return the host, port and path that a check requests."""
    words = shell.expand(check.words, case.config.env)
    match = URL.search(words)
    if match:
        default = 443 if match[0].startswith("https") else 80
        return match[1].strip("[]"), int(match[2] or default), match[3] or "/"
    tcp = re.search(
        r"/dev/tcp/([\w.-]+)/(\d+)|(?:nc|ncat|netcat|telnet)\s+(?:-\S+\s+)*([\w.-]+)\s+(\d+)"
        r"|connect\w*\(\(?['\"]([\w.-]+)['\"],\s*(\d+)",
        words,
    )
    if tcp:
        groups = [g for g in tcp.groups() if g]
        return groups[0], int(groups[1]), ""
    return None
