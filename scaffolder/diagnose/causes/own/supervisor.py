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


def _supervised(case: Case, pages: tuple[str, ...], fix: str, *commands: str) -> Found | None:
    """Answer with the supervisor's last line, if it points to one of these pages of the runbook."""
    match = case.said(SUPERVISOR, 0)
    if match is None or match["p"] not in pages:
        return None
    stage = re.search(r"/stages/(\w+)", case.text)
    more = (
        (f"viscaffold remove-stage {stage[1]}",)
        if stage and match["p"] in {"pattern-dependencies", "ended-without-a-word"}
        else ()
    )
    return Found(
        f"{match['s']}: {match['m'].strip()}",
        f"{fix}; see docs/runbook.md#{match['p']} of the service",
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
    return _supervised(
        case,
        ("pattern-memory",),
        "raise --memory (mem_limit in compose.yaml), or have it use less",
        f"docker update --memory 1g --memory-swap 1g {case.target}",
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
    return _supervised(
        case,
        ("killed-from-outside",),
        "find who kills it: docker events --filter event=kill, the host's audit log",
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
    return _supervised(
        case,
        (
            "nothing-moves",
            "stop-hangs",
        ),
        "the stacks in the log say where it hangs: give that call a time limit, or await it",
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
    return _supervised(
        case,
        ("pattern-dependencies",),
        "the stack in the log names the module: take its dependency out, or another version",
        "viscaffold status",
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
    return _supervised(
        case,
        ("ended-without-a-word", "check-resources"),
        "look for os._exit, sys.exit and exit() of libraries in what changed last",
        "viscaffold status",
    )
