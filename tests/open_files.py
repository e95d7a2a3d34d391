"""What a module of tests leaves open: a worker runs most of them in one process, one by one."""

import gc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

FILES = Path("/proc/self/fd")
MOST = 16
"""What a module may leave open: servers for the session, claims of ports."""
ALL = 256
"""What may be open at all: select takes no file with a number of 1024 or more."""


def open_files() -> dict[str, str]:
    """Return what is open in this process: number → target."""
    found = {}
    for file in FILES.iterdir():
        with suppress(FileNotFoundError):  # the directory itself was open while it was read
            found[file.name] = str(file.readlink())
    return found


@pytest.fixture(scope="module", autouse=True)
def _few_files_are_left_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse a module that leaves many files open, with what they are."""
    before = open_files()
    yield
    after = open_files()
    if len(after) - len(before) > MOST or len(after) > ALL:
        gc.collect()  # what is open in a circle of objects is closed with it
        after = open_files()
    left = [target for number, target in after.items() if before.get(number) != target]
    grown = len(after) - len(before)
    what = f"{request.node.nodeid} left {grown} files open, of {len(after)}: {sorted(left)}"
    assert grown <= MOST, what
    assert len(after) <= ALL, what
