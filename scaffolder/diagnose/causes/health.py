"""A health check that fails although the service may be well: its command, port, path, times."""

import re
from posixpath import basename

from scaffolder.diagnose import shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, live, quoted
from scaffolder.diagnose.facts import HealthCheck, Socket
from scaffolder.diagnose.phase import Phase

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


@cause(
    "check-tool-missing",
    "the health check runs a program that the image does not have",
    pattern="healthcheck",
    reads=["inspect", "files"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=90,
)
def check_tool_missing(case: Case) -> Found | None:
    """Find curl, wget or a shell that is not installed."""
    check = failing(case)
    if check is None:
        return None
    names = _programs(case, check)
    missing = next(
        (
            n
            for n in names
            if (p := case.finder.find((n,)).problem)
            and p.kind in {"missing", "not-in-path", "dangling"}
        ),
        None,
    )
    says = re.search(r"not found|no such file|executable file", output(case), re.IGNORECASE)
    if missing is None:
        return None
    return Found(
        f"the health check runs {missing}, which is not installed in the image; the service itself"
        " may be fine",
        (
            f"install {basename(missing)}, or use a check that needs nothing: a mode of the program"
            " itself, or what the image has"
        )
        + (" (exec form: there is no shell)" if missing in {"/bin/sh", "sh"} else ""),
        (
            shown(case),
            test(case, check),
            Evidence(
                "files", f"docker cp {quoted(case)}:/usr/bin/{basename(missing)} -", "no such file"
            ),
        ),
        proven=says is not None,
    )


def _programs(case: Case, check: HealthCheck) -> list[str]:
    if check.test[0] == "CMD":
        return [check.test[1]] if len(check.test) > 1 else []
    from scaffolder.diagnose.scripts import BUILTINS

    first = ["/bin/sh"]
    names = [shell.expand(c.name, case.config.env) for c in shell.commands(check.words)]
    return first + [n for n in names if n and n not in BUILTINS and not n.startswith(("$", "("))]


@cause(
    "check-not-allowed",
    "the health check's command cannot be executed",
    pattern="healthcheck",
    reads=["inspect", "files"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=84,
)
def check_not_allowed(case: Case) -> Found | None:
    """Find a script of a check that is not executable, or has another flaw."""
    check = failing(case)
    if check is None:
        return None
    for name in _programs(case, check):
        problem = case.finder.find((name,)).first_problem
        if problem and problem.kind not in {"missing", "not-in-path", "dangling"}:
            return Found(
                f"the health check runs {name}, which cannot be executed ({problem.kind}:"
                f" {problem.path} {problem.detail})",
                "correct its mode (chmod +x), its first line, or its format",
                (shown(case), test(case, check)),
                proven=bool(
                    re.search("permission|denied|format|not found", output(case), re.IGNORECASE)
                ),
            )
    return None


@cause(
    "check-wrong-port",
    "the health check asks a port that the service does not listen on",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=86,
)
def check_wrong_port(case: Case) -> Found | None:
    """Find a check for one port while the service listens on another."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or case.sockets is None:
        return None
    ports = sorted({s.port for s in listening(case)})
    if (
        not ports
        or asked[1] in ports
        or asked[0] not in {"localhost", "127.0.0.1", "::1", "0.0.0.0"}
    ):
        return None
    return Found(
        f"the health check asks port {asked[1]}, and the service listens on"
        f" {', '.join(map(str, ports))}",
        f"have it ask the right one: http://127.0.0.1:{ports[0]}{asked[2]}",
        (
            test(case, check),
            live(
                case, "cat /proc/net/tcp /proc/net/tcp6", f"listening: {', '.join(map(str, ports))}"
            ),
            shown(case),
        ),
        proven=True,
    )


@cause(
    "check-address-family",
    "the health check asks an address that the service does not listen on",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="pattern-network",
    when=Phase.RUNNING,
    weight=85,
)
def check_address_family(case: Case) -> Found | None:
    """Find localhost as ::1 for a service with IPv4 only, or loopback for one on another one."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or case.sockets is None:
        return None
    here = [s for s in listening(case) if s.port == asked[1]]
    if not here:
        return None
    four = [s for s in here if ":" not in s.address or s.address == "::"]
    refused = re.search(
        r"refused|\[::1\]|::1|can't connect|failed to connect|Errno 111|timed out|unreachable",
        output(case),
        re.IGNORECASE,
    )
    if (
        (asked[0] == "::1" or (asked[0] == "localhost" and refused))
        and not any(":" in s.address for s in here)
        and four
    ):
        what = (
            f"the health check asks {asked[0]}, which is ::1 (IPv6) first, and the service listens"
            f" on IPv4 only ({here[0].address}:{asked[1]})"
        )
        fix = f"ask 127.0.0.1: http://127.0.0.1:{asked[1]}{asked[2]}"
    elif asked[0] in {"localhost", "127.0.0.1"} and all(
        not s.is_loopback and s.address not in {"0.0.0.0", "::"} for s in here
    ):
        what = (
            f"the health check asks {asked[0]}, and the service listens on {here[0].address} only"
        )
        fix = "listen on 0.0.0.0, or ask the address that it listens on"
    else:
        return None
    evidence = (
        test(case, check),
        live(case, "cat /proc/net/tcp", ", ".join(f"{s.address}:{s.port}" for s in here)),
        shown(case),
    )
    return Found(what, fix, evidence, proven=asked[0] == "::1" or "::1" in output(case))


@cause(
    "check-timeout",
    "the health check is given less time than the answer takes",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=80,
)
def check_timeout(case: Case) -> Found | None:
    """Find checks that Docker ended for their time."""
    check = failing(case)
    if check is None or not re.search(r"exceeded timeout|timed out", output(case), re.IGNORECASE):
        return None
    limit = check.timeout or 30
    stuck = any(s.waiting for s in case.sockets or ())
    if stuck:
        return None
    own = "exceeded timeout" not in output(case)
    return Found(
        f"the health check times out: the answer takes longer than the {limit:g} s that it is given"
        if not own
        else f"the health check's own request times out: {output(case)[-150:]}",
        f"give it more time (HEALTHCHECK --timeout={max(limit * 5, 10):g}s), or make the checked"
        " route do less",
        (
            shown(case),
            test(case, check),
            inspected(case, "Config.Healthcheck.Timeout", f"{limit:g} s"),
        ),
        proven=False,
    )


@cause(
    "check-wrong-path",
    "the health check asks for something that the service does not have",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=82,
)
def check_wrong_path(case: Case) -> Found | None:
    """Find answers of 4xx and 5xx to the check."""
    check = failing(case)
    if check is None:
        return None
    match = re.search(
        r"(?:HTTP(?:/[\d.]+)?|error:?|status(?: code)?:?|returned error:?"
        r"|HTTP Error)\s*(?:HTTP/[\d.]+ )?([345]\d\d)\b",
        output(case),
        re.IGNORECASE,
    )
    log = case.said(r"\"?(?:GET|HEAD) (\S+)[^\n]*\"?\s([345]\d\d)\b")
    if match is None and log is None:
        return None
    code = match[1] if match else log[2] if log else ""
    asked = target(case, check)
    path = asked[2] if asked else (log[1] if log else "its route")
    meaning = {
        "4": "the service has no such route, or wants a login",
        "5": "the service itself says that it is not well",
        "3": "the service redirects",
    }[code[0]]
    return Found(
        f"the health check asks for {path} and gets {code}: {meaning}",
        "have it ask a route that the service has and that answers 200"
        if code[0] != "5"
        else f"see why {path} fails: the log, or curl it inside",
        (
            shown(case),
            test(case, check),
            *(
                (Evidence("logs", f"docker logs --tail 20 {quoted(case)}", log[0].strip()),)
                if log
                else ()
            ),
        ),
        proven=match is not None and code in {"404", "405", "401", "403"},
    )


@cause(
    "check-too-early",
    "the service needs longer to start than the health check gives it",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=70,
)
def check_too_early(case: Case) -> Found | None:
    """Find a service that does not listen yet while its check has given up."""
    check = failing(case)
    if check is None or case.sockets is None or not case.state.started:
        return None
    asked = target(case, check)
    if listening(case) or (asked and asked[0] not in {"localhost", "127.0.0.1", "::1"}):
        return None
    interval, retries = check.interval or 30, check.retries or 3
    given = check.start_period + interval * retries
    return Found(
        (
            f"the service does not listen yet, and the health check gives it only about {given:g}"
            " s to start"
        )
        + ("" if check.start_period else " (no --start-period)"),
        f"HEALTHCHECK --start-period={max(60, int(given * 4))}s; if it never listens, look at its"
        " log",
        (
            test(case, check),
            inspected(
                case,
                "Config.Healthcheck",
                f"interval {interval:g} s, retries {retries}, start period {check.start_period:g}"
                " s",
            ),
            live(case, "cat /proc/net/tcp", "nothing listens"),
            shown(case),
        ),
    )


@cause(
    "check-broken",
    "the health check's command fails by itself",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=45,
)
def check_broken(case: Case) -> Found | None:
    """Find a check that fails while the service listens where it is asked."""
    check = failing(case)
    if check is None:
        return None
    said = output(case)
    what = f": {said[-200:]}" if said else " without a word"
    return Found(
        f"the health check `{check.words[:120]}` fails{what}",
        f"run it by hand: docker exec {case.target} {check.words[:120]}",
        (shown(case), test(case, check)),
        (f"docker exec {case.target} {check.words[:200]}",),
    )
