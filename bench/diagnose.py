"""What a diagnosis takes, by source of evidence: times beside each other, no pass or fail.

    bench/diagnose.py CONTAINER...

The containers have to be there; they are only looked at.
"""

import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scaffolder.diagnose.docker import targets
from scaffolder.diagnose.verdict.judge import judge
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


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    main(sys.argv[1:])
