"""Services that viscaffold made: their supervisor, settings and stages, in their own words."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, inspected, logged
from scaffolder.diagnose.phase import Phase

SUPERVISOR = (
    r"^\S+ \S+ (?:CRITICAL"
    r"|ERROR) supervisor: (?P<s>[^:\n]+): (?P<m>[^\n]*?)(?: \((?P<a>process [^\n)]*)\))?;"
    r" docs/runbook\.md#(?P<p>[\w-]+)\s*$"
)
ANY = Phase.DIED | Phase.FINISHED


def supervised(case: Case, *pages: str) -> "re.Match[str] | None":
    """Return the supervisor's last line that points to one of these pages of the runbook."""
    match = case.said(SUPERVISOR, 0)
    return match if match and match["p"] in pages else None


def _answer(case: Case, match: "re.Match[str]", fix: str, *commands: str) -> Found:
    page = f"docs/runbook.md#{match['p']}"
    stage = re.search(r"/stages/(\w+)", case.text)
    more = (
        (f"viscaffold remove-stage {stage[1]}",)
        if stage and match["p"] in {"pattern-dependencies", "ended-without-a-word"}
        else ()
    )
    return Found(
        f"{match['s']}: {match['m'].strip()}",
        f"{fix}; see {page} of the service",
        (logged(case, match), ended(case)),
        (*commands, *more),
        proven=True,
    )


@cause(
    "own-setting",
    "a setting of a service of viscaffold is wrong",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=ANY,
    weight=96,
)
def own_setting(case: Case) -> Found | None:
    """Find `setting PORT is 'x': expected ...`, which the service says of each wrong one."""
    found = re.findall(
        r"^\S+ \S+ CRITICAL \S+: setting (?P<n>\w+) (?P<m>[^\n]+)", case.text, re.MULTILINE
    )
    if not found or case.exit_code != 78:
        return None
    words = "; ".join(f"setting {name} {rest}" for name, rest in found)
    return Found(
        words,
        "correct every variable that is named: "
        + ", ".join(name for name, _ in found)
        + "; what is left out has a default that works (.env.example)",
        (
            logged(case, words),
            ended(case),
            inspected(
                case,
                "Config.Env",
                ", ".join(f"{n}={case.config.env[n]}" for n, _ in found if n in case.config.env)
                or "not set",
            ),
        ),
        tuple(f"docker run -e {name}=... {case.config.image}" for name, _ in found[:1]),
        proven=True,
    )


@cause(
    "own-listen",
    "a service of viscaffold cannot listen on its address",
    pattern="network",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=ANY,
    weight=96,
)
def own_listen(case: Case) -> Found | None:
    """Find `cannot listen on ...`, with its advice."""
    match = case.said(r"^\S+ \S+ CRITICAL \S+\.server: (?P<m>cannot listen on \S+: (?P<w>[^\n]+))")
    if match is None or "may not use the port" in match["w"]:
        return None
    return Found(
        match["m"],
        f"{match['w'].split('; ')[-1]}; see docs/runbook.md#pattern-network of the service",
        (logged(case, match), ended(case)),
        proven=True,
    )


@cause(
    "own-port-privileged",
    "a service of viscaffold may not use its port",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=ANY,
    weight=96,
)
def own_port_privileged(case: Case) -> Found | None:
    """Find a port below 1024 for an ordinary user."""
    match = case.said(
        r"^\S+ \S+ CRITICAL \S+\.server: (?P<m>cannot listen on \S+: this user may not use the"
        r" port[^\n]*)"
    )
    if match is None:
        return None
    return Found(
        match["m"],
        "set PORT to 1024 or above, and publish it as you like: -p 80:8080",
        (logged(case, match), inspected(case, "Config.User", case.config.user)),
        ("docker run -e PORT=8080 -p 80:8080 ...",),
        proven=True,
    )


@cause(
    "own-memory",
    "a service of viscaffold was killed for its memory",
    pattern="memory",
    reads=["logs"],
    page="pattern-memory",
    when=ANY,
    weight=97,
)
def own_memory(case: Case) -> Found | None:
    """Read the supervisor's words on memory."""
    match = supervised(case, "pattern-memory")
    return (
        _answer(
            case,
            match,
            "raise --memory (mem_limit in compose.yaml), or have it use less",
            f"docker update --memory 1g --memory-swap 1g {case.target}",
        )
        if match
        else None
    )


@cause(
    "own-killed",
    "a service of viscaffold was killed from outside",
    pattern="process",
    reads=["logs", "events"],
    page="killed-from-outside",
    when=ANY,
    weight=97,
)
def own_killed(case: Case) -> Found | None:
    """Read the supervisor's words on signals from outside."""
    match = supervised(case, "killed-from-outside", "exit-codes")
    return (
        _answer(
            case,
            match,
            "find who kills it: docker events --filter event=kill, the host's audit log",
        )
        if match
        else None
    )


@cause(
    "own-stuck",
    "a service of viscaffold hung",
    pattern="process",
    reads=["logs"],
    page="nothing-moves",
    when=ANY,
    weight=97,
)
def own_stuck(case: Case) -> Found | None:
    """Read the supervisor's words on starts, loops and stops that hang."""
    match = supervised(case, "nothing-moves", "stop-hangs")
    return (
        _answer(
            case,
            match,
            "the stacks in the log say where it hangs: give that call a time limit, or await it",
        )
        if match
        else None
    )


@cause(
    "own-native-crash",
    "native code of a service of viscaffold crashed",
    pattern="dependencies",
    reads=["logs"],
    page="pattern-dependencies",
    when=ANY,
    weight=97,
)
def own_native_crash(case: Case) -> Found | None:
    """Read the supervisor's words on crashes of native code."""
    match = supervised(case, "pattern-dependencies")
    return (
        _answer(
            case,
            match,
            "the stack in the log names the module: take its dependency out, or another version",
            "viscaffold status",
        )
        if match
        else None
    )


@cause(
    "own-ended",
    "a service of viscaffold ended without a reason",
    pattern="process",
    reads=["logs"],
    page="ended-without-a-word",
    when=ANY,
    weight=60,
)
def own_ended(case: Case) -> Found | None:
    """Read the supervisor's words on os._exit and the like."""
    match = supervised(case, "ended-without-a-word", "check-resources")
    if match is None:
        return None
    return _answer(
        case,
        match,
        "look for os._exit, sys.exit and exit() of libraries in what changed last",
        "viscaffold status",
    )
