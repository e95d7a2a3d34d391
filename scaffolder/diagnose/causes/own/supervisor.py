"""What the supervisor of a service of viscaffold says of its end."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, logged
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
