"""When a copy that outlived its time rests: all of its threads wait, and stay the same."""

from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from scaffolder.diagnose.verdict import at_work
from scaffolder.docker.process import Ran

if TYPE_CHECKING:
    from scaffolder.docker.client import Engine

HEAD = "PID STAT WCHAN COMMAND\n"


class Top:
    """An engine whose `top` shows one process after the other: those of a loop have new numbers."""

    name = "docker"

    def __init__(self, rows: str) -> None:
        self.rows, self.asked = rows, 0
        self.numbers = count(100)

    def run(self, command: str, *_args: str, **_options: object) -> Ran:
        if command == "wait":
            return Ran(None, b"", b"")
        self.asked += 1
        return Ran(0, (HEAD + self.rows.format(new=next(self.numbers))).encode(), b"")


@pytest.mark.parametrize(
    ("rows", "rests"),
    [
        ("7 Ss do_wait sh\n8 S hrtimer_nanosleep server\n", True),
        ("7 Ss do_wait sh\n{new} S hrtimer_nanosleep sleep\n", True),
        ("7 Ss do_wait sh\n{new} S pipe_read psql\n", False),
        ("7 Rs - server\n", False),
        ("7 Ds io_schedule server\n", False),
    ],
    ids=["waits", "sleeps-in-a-loop", "starts-others", "computes", "waits-for-a-disk"],
)
def test_a_copy_rests_when_its_threads_wait_and_stay_the_same(
    rows: str, *, rests: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_work, "LONGEST_SECONDS", 0.2)
    top = Top(rows)
    at_work.settles(cast("Engine", top), "copy")

    assert (top.asked == at_work.RESTS + 1) is rests
