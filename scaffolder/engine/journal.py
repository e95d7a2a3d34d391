"""What viscaffold keeps below `.git/viscaffold/`: its lock, and a record of each operation.

    lock            held while a command works, so that two never interleave
    prepare-*/      an operation being prepared; nothing of the service has changed yet
    running/        an operation being carried out; its record says how to take it back
    done/KEY/N/     operations of a service (KEY is made from its path) that can be taken back
    kept/           versions of files that `--abort` could not fit into the state before
    failed/*/       changes whose verification failed, to be looked at

A record comes with a copy of each file that the operation replaces (`old/`). Directories change
their state by a rename, so that whatever kills the process leaves one of these states and no other.
"""

import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scaffolder.errors import RefusedError
from scaffolder.reporting import Reporter

from .git import Repository
from .records import Record

WAIT_SECONDS = 60
POLL_SECONDS = 0.1
MANY, THREADS = 100, 16
"""From how many files on several threads write to the disk, and how many threads."""

OWN = ("*", "done/*", "done/*/*", "done/*/*/*", "running/*", "kept/*", "failed/*")
"""What viscaffold makes as files and directories; what is deeper are copies of the user's."""

KINDS = (stat.S_IFREG, stat.S_IFDIR)


@dataclass(frozen=True)
class Journal:
    """The directory of a repository's records."""

    repository: Repository

    @property
    def home(self) -> Path:
        """Return the directory of all that viscaffold keeps here."""
        return self.repository.git_dir / "viscaffold"

    def require_own(self) -> None:
        """Raise RefusedError for links and pipes in it: viscaffold makes none, and follows none.

        They may have come with a repository that was copied from somewhere else.
        """
        found = [self.home, *(p for pattern in OWN for p in self.home.glob(pattern))]
        for path in found:
            if os.path.lexists(path) and stat.S_IFMT(path.lstat().st_mode) not in KINDS:
                raise RefusedError(
                    f"{path} is neither a file nor a directory, so viscaffold did not make it",
                    f"remove it: rm {shlex.quote(str(path))}",
                )

    def new(self) -> Path:
        """Return a place to prepare an operation in.

        Each has its own: a git that outlives a killed viscaffold cannot write into the next one's.
        """
        return self.home / f"prepare-{secrets.token_hex(4)}"

    def abandoned(self) -> list[Path]:
        """Return what a killed viscaffold was preparing, or throwing away."""
        names = ("prepare-*", "discarded-*", "index*")
        return [path for name in names for path in self.home.glob(name)]

    @property
    def running(self) -> Path:
        """Return the place of the operation that is being carried out."""
        return self.home / "running"

    @property
    def done(self) -> Path:
        """Return the place of this service's operations that are not committed."""
        key = hashlib.sha256(os.fsencode(self.repository.prefix)).hexdigest()[:16]
        return self.home / "done" / key

    @property
    def failed(self) -> Path:
        """Return the place of changes whose verification failed."""
        return self.home / "failed"

    def records(self) -> list[Path]:
        """Return this service's operations, oldest first."""
        self.require_own()
        if not self.done.is_dir():
            return []
        found = [path for path in self.done.iterdir() if path.name.isdecimal()]
        return sorted(found, key=lambda path: int(path.name))

    def finish(self, record: Record) -> None:
        """File the operation that is being carried out under those that are done."""
        if record.undoes:
            self.discard(self.done / record.undoes)
            self.discard(self.running)
            return
        self.done.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.name) for path in self.records()]
        self.running.rename(self.done / str(max(numbers, default=0) + 1))

    def keep(self, contents: Mapping[str, bytes]) -> dict[str, Path]:
        """Keep files that have no place in the service any more; return where each is."""
        if not contents:
            return {}
        home = self.home / "kept"
        numbers = [int(path.name) for path in home.glob("*") if path.name.isdecimal()]
        place = home / str(max(numbers, default=0) + 1)
        kept = {path: place / path for path in contents}
        try:
            place.mkdir(mode=0o700, parents=True)
            for path, content in contents.items():
                kept[path].parent.mkdir(parents=True, exist_ok=True)
                kept[path].write_bytes(content)
            sync([*below(place), home])
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return kept

    def discard(self, record: Path) -> None:
        """Remove a record: first from its place, so that half of it is never taken for one."""
        gone = self.home / f"discarded-{secrets.token_hex(4)}"
        with suppress(FileNotFoundError):
            record.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    @contextmanager
    def locked(self, report: Reporter) -> Iterator[None]:
        """Be the only viscaffold running in this repository; wait a minute for another to end.

        The kernel lets go of the lock of a process that dies, however it dies.
        """
        self.require_own()
        self.home.mkdir(exist_ok=True)
        with (self.home / "lock").open("a+", encoding="utf-8") as lock:
            self._wait(lock.fileno(), report)
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def _wait(self, lock: int, report: Reporter) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = (self.home / "lock").read_text(encoding="utf-8").strip() or "?"
                if time.monotonic() > deadline:
                    raise RefusedError(
                        f"another viscaffold, process {holder}, is running in this repository",
                        "wait for it to end, or see what it waits for",
                    ) from None
                if not told:
                    report.note(f"Waiting for another viscaffold, process {holder}, to end.")
                told = True
                time.sleep(POLL_SECONDS)
            else:
                return


def sync(paths: Iterable[Path]) -> None:
    """Have files and directories written to the disk, so that a loss of power keeps them."""
    waiting = list(paths)
    if len(waiting) < MANY:
        for path in waiting:
            _sync(path)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only for many

    # A disk writes many files in one go, if they are asked for together: eight times as fast.
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_sync, waiting))


def _sync(path: Path) -> None:
    if path.is_symlink():
        return  # stored with its directory
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def below(directory: Path) -> Iterator[Path]:
    """Return everything below a directory, and the directory itself, files first."""
    for folder, _, files in os.walk(directory, topdown=False):
        yield from (Path(folder, name) for name in files)
        yield Path(folder)
