"""A program that starts another one again and again, which fails each time and says nothing."""

from collections import defaultdict
from collections.abc import Sequence
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import live, watched
from scaffolder.diagnose.evidence.decisive import failure
from scaffolder.diagnose.evidence.files import SYSTEM
from scaffolder.diagnose.evidence.last_steps import how_ended
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Trace, Traced
from scaffolder.diagnose.programs.scripts import language

FEWEST = 3
"""How often it has failed in a copy, and has not succeeded once."""
MOST = 200
SLEEP = "sleep"


@cause(
    "child-fails-again",
    "the program starts another one again and again, which fails each time and says nothing",
    pattern="process",
    reads=["rerun", "live"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening"],
)
def child_fails_again(case: Case) -> Found | None:
    """Find the program that a loop restarts, where nothing else runs in the container.

    A tool of the system that fails may be a question: whether somebody is there yet.
    """
    trace, first = case.seen.trace, case.seen.trace.first
    if first is None or not trace.timed_out or not case.is_silent or case.sockets:
        return None
    children = trace.children(first.number)
    runs = _runs(children)
    argv = next((argv for argv, ran in runs.items() if _fails(ran) and _is_own(ran[-1])), None)
    if argv is None or any(
        child.argv not in ((), argv) and child.name != SLEEP for child in children
    ):
        return None
    ran = runs[argv]
    last = ran[-1]
    call = failure(trace, last)
    if call and call.is_network:
        return None  # whom it cannot reach is told as such
    over = (
        f"; what it tried last, before that, failed: {call.words}" if call else _what(trace, last)
    )
    how = how_ended(last)
    typed = join(argv)[:MOST]
    return Found(
        f"{join(first.argv)[:MOST]} starts `{typed}` again and again, and each time that ends with"
        f" {how} and without a word{over}",
        "fix what it ends over, and let it write its errors where docker logs has them; start it as"
        " PID 1 (exec), so that a restart policy shows that it ends",
        (
            watched(case, f"`{typed}` ends with {how}, {len(ran)} times{over}"),
            live(case, "ps", f"{first.name}, and nothing that stays"),
        ),
    )


def _runs(children: Sequence[Traced]) -> dict[tuple[str, ...], list[Traced]]:
    """Return the runs of each command that are over, in the order of their ends."""
    runs = defaultdict(list)
    for child in children:
        if child.argv and child.ended is not None:
            runs[child.argv].append(child)
    return runs


def _fails(ran: Sequence[Traced]) -> bool:
    return len(ran) >= FEWEST and all(each.failed for each in ran)


def _is_own(child: Traced) -> bool:
    """Tell whether it is no tool of the system: a program or a script from elsewhere."""
    words = (child.program, *child.argv[1:2]) if language(child.name) else (child.program,)
    return any(word.startswith("/") and not SYSTEM.match(word) for word in words)


def _what(trace: Trace, child: Traced) -> str:
    opened = [c for c in trace.of(child.number) if c.name.startswith("open") and not c.error]
    own = [call.path for call in opened if not SYSTEM.match(call.path)]
    return f"; the last file that it opens is {own[-1]}" if own else ""
