"""The health check of a container: its command, what it asks, and what it printed."""

import re

from scaffolder.diagnose import shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence import Evidence, inspected, quoted
from scaffolder.diagnose.facts import HealthCheck, Socket

URL = re.compile(r"https?://(\[[^\]]+\]|[\w.-]+)(?::(\d+))?(/[^\s'\"|;)]*)?")


TOOLS = {
    "curl",
    "wget",
    "nc",
    "ncat",
    "netcat",
    "telnet",
    "bash",
    "sh",
    "python",
    "python3",
    "node",
    "pg_isready",
    "redis-cli",
    "mysqladmin",
    "mongosh",
    "grpc_health_probe",
    "nslookup",
    "ss",
    "netstat",
    "pgrep",
    "ps",
    "httpie",
}


def failing(case: Case) -> HealthCheck | None:
    """Return the check of a container that is unhealthy, or on its way there."""
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
    """Return what can be asked from inside."""
    return list(case.sockets or ())


def target(case: Case, check: HealthCheck) -> tuple[str, int, str] | None:
    """Return the host, port and path that a check asks."""
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
