"""Scripts that stop all that they have started as soon as one part ends, also one that is done."""

import re
import signal
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Trace, Traced

from .script import quote, scripts, where

ANY = re.compile(r"^[^#\n]*\bwait -n\b[^\n]*", re.MULTILINE)
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
    script = next((s for s in scripts(case) if ANY.search(s.text)), None)
    if script is None or first is None or case.signals:
        return None
    done = next(_done(trace, first), None)
    if done is None:
        return None
    child, others = done
    line = ANY.search(script.text)
    names = " and ".join(f"`{_words(other)}`" for other in others[:2])
    return Found(
        f"`{_words(child)}` is done and ends with 0, and {where(script)} then stops {names}:"
        " `wait -n` returns when any child ends",
        "wait for what has to stay by its number (wait -n PID...), or run what is done once before"
        " the others, and not in the background",
        (
            watched(case, f"{_words(child)} exits with 0; {first.name}: kill({others[0].number})"),
            *([quote(case, script, line[0].strip())] if line else []),
            ended(case),
        ),
    )


def _done(trace: Trace, first: Traced) -> Iterator[tuple[Traced, list[Traced]]]:
    """Yield the child that ended with 0 last before the script killed others, and these."""
    kills = [c for c in trace.of(first.number) if c.name == "kill" and not c.error]
    kills = [c for c in kills if c.numbers[-1:] and c.numbers[-1] in ENDS]
    known = {child.number: child for child in trace.children(first.number)}
    others = [known[c.numbers[0]] for c in kills if c.numbers[0] in known]
    before = [c for c in known.values() if kills and (c.ended or kills[0].at + 1) <= kills[0].at]
    last = max(before, key=lambda child: child.ended or 0, default=None)
    alive = [other for other in others if other is not last]
    if last and not last.failed and alive:
        yield last, alive


def _words(process: Traced) -> str:
    return " ".join(process.argv)[:80]
