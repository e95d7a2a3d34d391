"""What a diagnosis takes, by source of evidence: times beside each other, no pass or fail.

    bench/diagnose.py CONTAINER...
    bench/diagnose.py --watch CONTAINER...
    bench/diagnose.py --rerun CONTAINER...

The containers have to be there; they are only looked at. With --watch, copies of containers that
ended are run in turn with the tracer and without it; with --rerun, all is done that the command
does with that option: what bench/diagnose.md shows.
"""

import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scaffolder.diagnose import session
from scaffolder.diagnose.docker import targets
from scaffolder.diagnose.verdict import copies
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.watching import tracer_for
from scaffolder.docker import client, process

SOURCES = {
    "inspect": "inspect", "events": "events", "logs": "logs", "cp": "files", "diff": "changes",
    "top": "live", "exec": "live", "ps": "neighbours",
    "create": "copies", "rm": "copies", "version": "inspect",
}  # fmt: skip


class Timed(client.Engine):
    """An engine that notes how long each command took."""

    def __init__(self, program: str) -> None:
        """Start with none."""
        super().__init__(program)
        self.seconds: dict[str, float] = {}
        self.calls: Counter[str] = Counter()

    def run(self, *args: str, **limits: Any) -> process.Ran:  # noqa: ANN401 - as the engine's
        """Run a command, and note its time."""
        began = time.monotonic()
        try:
            return super().run(*args, **limits)
        finally:
            source = SOURCES.get(args[0], args[0])
            self.seconds[source] = self.seconds.get(source, 0) + time.monotonic() - began
            self.calls[source] += 1


def main(names: list[str]) -> None:
    """Diagnose each, and print what it took."""
    totals = []
    print(f"{'container':40} {'all':>6}  by source: seconds (commands)")
    for name in names:
        timed = Timed(client.find().program)
        began = time.monotonic()
        with ExitStack() as stack:
            found = judge(targets.case_of(timed, name, stack))
        totals.append(time.monotonic() - began)
        parts = (
            f"{source} {timed.seconds[source]:.2f} ({n})" for source, n in timed.calls.most_common()
        )
        print(f"{name:40} {totals[-1]:6.2f}  {', '.join(parts)}; {found.cause}, {found.verdict}")
    print(f"median {median(totals):.2f} s, longest {max(totals):.2f} s")


ROUNDS = 5


def watch(names: list[str]) -> None:
    """Run copies of each in turn, watched and not, and print what both take."""
    engine = client.find()
    print("| container | alone | watched | ratio |\n|---|---|---|---|")
    for name in names:
        with ExitStack() as stack:
            case = targets.case_of(engine, name, stack)
            nothing = Factor("nothing", case.config)
            taken: dict[bool, list[float]] = {False: [], True: []}
            for number in range(2 * ROUNDS):
                watched = bool(number % 2)
                began = time.monotonic()
                copies.run(engine, case, nothing, tracer_for(case) if watched else None)
                taken[watched].append(time.monotonic() - began)
        alone, traced = median(taken[False]), median(taken[True])
        print(
            f"| {name} | {_spread(taken[False])} | {_spread(taken[True])} | {traced / alone:.2f} |"
        )


def rerun(names: list[str]) -> None:
    """Diagnose each as `diagnose --rerun` does, and print what it took."""
    totals = []
    for name in names:
        began = time.monotonic()
        with session.opened() as asked:
            case, found = asked.examine(name, watch=True)
            if session.is_open(case, found):
                found = asked.rerun(case, found)
        totals.append(time.monotonic() - began)
        print(f"{name:40} {totals[-1]:6.2f}  {found.cause}, {found.verdict}")
    print(f"median {_spread(totals)}")


def _spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    if sys.argv[1:] in ([], ["--watch"], ["--rerun"]):
        sys.exit(__doc__)
    if sys.argv[1] == "--watch":
        watch(sys.argv[2:])
    elif sys.argv[1] == "--rerun":
        rerun(sys.argv[2:])
    else:
        main(sys.argv[1:])
