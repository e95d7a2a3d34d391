"""Scripts that stop all that they have started as soon as one part ends, also one that is done."""

import re
import signal

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call, Trace, Traced

from .script import quote, scripts, where

ANY = re.compile(r"^[^#\n]*\bwait -n\b[^\n]*", re.MULTILINE)
NOTHING = "/dev/null"
"""What a shell gives to what it starts in the background (POSIX, 2.9.3.1)."""
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP)


@cause(
    "any-child-ends-all",
    "a script stops all of its parts as one of them is done",
    pattern="process",
    reads=["rerun", "files"],
    page="exit-codes",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    explains=["last-call", "nothing-keeps-it", "stopped-from-inside", "ends-again-and-again"],
)
def any_child_ends_all(case: Case) -> Found | None:
    """Find a child that ends with 0, upon which `wait -n` returns, and others that are killed."""
    trace, first = case.seen.trace, case.seen.trace.first
    found = ((script, ANY.search(script.text)) for script in scripts(case))
    script, line = next((pair for pair in found if pair[1]), (None, None))
    if script is None or line is None or first is None or case.signals:
        return None
    child, others = _done(trace, first)
    if child is None or not others:
        return None
    ends = any(_reads_end(call) for call in trace.of(child.number))
    did = "reads the end of its standard input, and" if ends else "is done and"
    why = f"; what a script starts with & has {NOTHING} for its standard input" if ends else ""
    names = " and ".join(f"`{_words(trace, other)}`" for other in others[:2])
    return Found(
        f"`{_words(trace, child)}` {did} ends with 0, and {where(script)} then stops {names}:"
        f" `wait -n` returns when any child ends{why}",
        "start it with <&0 before the &, or in the foreground, if it is to read what the container"
        " is given (-i)"
        if ends
        else "wait for what has to stay by its number (wait -n PID...), or run what is done once"
        " before the others, and not in the background",
        (
            watched(
                case, f"{_words(trace, child)} exits with 0; {first.name}: kill({others[0].number})"
            ),
            quote(case, script, line[0].strip()),
            ended(case),
        ),
    )


def _done(trace: Trace, first: Traced) -> tuple[Traced | None, list[Traced]]:
    """Return the child that ended last before the script killed others, if with 0, and these."""
    kills = [c for c in trace.of(first.number) if c.name == "kill" and not c.error]
    kills = [c for c in kills if c.numbers[-1:] and c.numbers[-1] in ENDS]
    known = {child.number: child for child in trace.children(first.number)}
    others = [known[c.numbers[0]] for c in kills if c.numbers[0] in known]
    left = (c for c in known.values() if not (c in others and c.signal in ENDS))
    over = [c for c in left if kills and c.ended is not None and c.ended <= kills[0].at]
    last = max(over, key=lambda child: child.ended or 0, default=None)
    return (None if last and last.failed else last), [c for c in others if c is not last]


def _reads_end(call: Call) -> bool:
    """Tell whether a call is a read of descriptor 0 that came to its end, and is of no file."""
    is_read = call.name == "read" and not call.error and call.descriptor == 0
    return is_read and call.object in {"", NOTHING}


def _words(trace: Trace, process: Traced) -> str:
    """Return what a process ran: of a part of the script itself, what that ran last."""
    own = trace.first.argv if trace.first else ()
    ran = [each for each in trace.children(process.number) if each.argv != own]
    return " ".join((ran[-1] if ran and process.argv == own else process).argv)[:80]
