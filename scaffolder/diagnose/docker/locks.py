"""Who holds a lock on a file, from the kernel's list of all of them (proc_locks(5))."""

import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from scaffolder.diagnose.evidence.facts import Locked

LOCKS = Path("/proc/locks")
LISTED = re.compile(
    r"^\d+: (-> )?\w+ +\w+ +(\w+) +(\d+) ([\da-f]+):([\da-f]+):(\d+) ", re.MULTILINE
)
"""A lock; one that is waited for has an arrow before its kind."""
IDENTITY = re.compile(r"[\da-f]{64}")

MOMENT_SECONDS, MOMENTS = 0.3, 3

Number = tuple[int, int, int]
"""What tells files apart: the two numbers of their device, and their own."""


def holders(path: str) -> tuple[str, ...]:
    """Return the ids of the containers whose processes hold a lock on a file."""
    try:
        own = _number(os.stat(path))  # noqa: PTH116
        pids = [pid for pid, number, waits, _kind in _listed() if number == own and not waits]
        pids = [_holder(pid, own, ()) for pid in pids]
        return tuple(dict.fromkeys(filter(None, map(_container, pids))))
    except OSError:
        return ()


def locked(pids: Collection[int]) -> tuple[Locked, ...]:
    """Return the files that others keep locked: those that processes have open first.

    Others are other containers, or a process that started the one which waits.

    A lock that several may hold keeps out only who waits for it; and nobody is kept out who has a
    lock on the same file. A program may open a file anew each time that it asks for the lock. What
    is locked only for a moment is left out.
    """
    found = _locked(pids)
    for _ in range(MOMENTS):
        if found:
            time.sleep(MOMENT_SECONDS)
            later = _locked(pids)
            found = tuple(each for each in found if each in later)
    return found


def _locked(pids: Collection[int]) -> tuple[Locked, ...]:
    try:
        listed = list(_listed())
    except OSError:
        return ()
    waited = {number for pid, number, waits, _kind in listed if waits and pid in pids}
    had = {number for pid, number, waits, _kind in listed if not waits and pid in pids}
    others = {
        number: pid
        for pid, number, waits, kind in listed
        if not waits and pid not in pids and (kind == "WRITE" or number in waited)
    }
    kept = {number: pid for number, pid in others.items() if number in waited or number not in had}
    mine = {number: path for path, number in _opened(pids)}
    own = {_container(pid) for pid in pids}
    found = []
    for number, taken_by in kept.items():
        pid = _holder(taken_by, number, own)
        holder = _container(pid)
        path = mine.get(number) or next((p for p, n in _opened([pid]) if n == number), "")
        if holder and holder not in own and path:
            found.append(Locked(path, holder, number in mine, number in waited))
    awaited = [(pid, number) for pid, number, waits, _kind in listed if waits and pid in pids]
    found += [lock for pid, number in awaited if (lock := _of_ancestor(pid, number, pids))]
    return tuple(sorted(found, key=lambda each: not each.is_open))


def _of_ancestor(waiter: int, number: Number, pids: Collection[int]) -> Locked | None:
    """Return the lock that a process waits for, if one that it descends from holds it itself."""
    pid, found = _parent(waiter), None
    while pid in pids:
        path = next((p for p, n in _opened([pid], of_locks=True) if n == number), "")
        found = (
            Locked(path, _container(pid), is_awaited=True, between=(waiter, pid)) if path else found
        )
        pid = _parent(pid)
    return found


def _parent(pid: int) -> int:
    """Return the process that started another one; 0 if that is unknown."""
    with suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return int(stat.rpartition(")")[2].split()[1])
    return 0


def _holder(taken_by: int, number: Number, own: Collection[str]) -> int:
    """Return who holds a lock: who took it, or else a process of another container; 0 if none.

    A lock belongs to what was opened (flock(2)), and outlives the one that took it: `exec 9>FILE`
    and then `flock 9` in a script.
    """
    if Path(f"/proc/{taken_by}").exists():
        return taken_by
    everywhere = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    others = (pid for pid in everywhere if _container(pid) not in {"", *own})
    return next((pid for pid in others if any(n == number for _, n in _opened([pid]))), 0)


def _listed() -> Iterator[tuple[int, Number, bool, str]]:
    """Yield the locks: the process, the file, whether it is waited for, and READ or WRITE."""
    for match in LISTED.finditer(LOCKS.read_text("ascii", "replace")):
        major, minor = int(match[4], 16), int(match[5], 16)
        yield int(match[3]), (major, minor, int(match[6])), bool(match[1]), match[2]


def _opened(pids: Collection[int], *, of_locks: bool = False) -> Iterator[tuple[str, Number]]:
    """Yield the files that processes have open, by their paths in the container; or have locked."""
    for pid in pids:
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    found = link.stat()
                    info = Path(f"/proc/{pid}/fdinfo/{link.name}")
                    if S_ISREG(found.st_mode) and not (
                        of_locks and "lock:" not in info.read_text()
                    ):
                        yield str(link.readlink()), _number(found)


def _number(found: os.stat_result) -> Number:
    return os.major(found.st_dev), os.minor(found.st_dev), found.st_ino


def _container(pid: int) -> str:
    """Return the id of the container that a process is in; empty if none, or if it is gone."""
    try:
        match = IDENTITY.search(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return match[0] if match else ""
