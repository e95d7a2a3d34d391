"""What a copy is handed before it starts: files and variables, which nobody else can read."""

import io
import os
import tarfile
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from posixpath import dirname, normpath, relpath
from typing import IO

from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.docker.client import Engine, EngineError

LARGEST = 16 << 20
"""How many bytes of a mount a copy gets at the most."""


def put(
    engine: Engine,
    name: str,
    folder: str,
    files: Mapping[str, tuple[int, bytes | None]],
    owner: tuple[int, int] = (0, 0),
) -> None:
    """Put files into a copy before it starts; those on the way are made. None is a directory.

    They are as new as what was just made: a program may not use what is of 1970, or remove it.
    """
    now = time.time()
    with _nameless() as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, (mode, data) in files.items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.mode, entry.size = mode, len(data or b"")
                entry.uid, entry.gid = owner
                entry.mtime = now
                if data is None:
                    entry.mode, entry.type = 0o777, tarfile.DIRTYPE
                archive.addfile(entry, io.BytesIO(data or b""))
        packed.seek(0)
        kept = () if owner == (0, 0) else (_kept(engine),)
        ran = engine.ask("cp", *kept, "-", f"{name}:{folder}", stdin=packed)
        if ran.code:
            raise EngineError(f"nothing can be put into a copy: {ran.complaint[:300]}")


def _kept(engine: Engine) -> str:
    """Return what keeps the owners that an archive has, or else makes all the user's.

    Docker keeps them unless it is told to make all the user's of the container, whom it looks for
    among those of the host. Podman keeps none.
    """
    return "--archive" if engine.name == "podman" else "--archive=false"


def with_room(config: Config, paths: Iterable[str]) -> Config:
    """Return the configuration of a copy that gets files, also where something is mounted.

    A file that is mounted itself is left out; a directory around it is the copy's own.
    """
    given = set(paths)
    around = {mount_around(path, config.mounts) for path in given}
    kept = (mount for mount in config.mounts if mount.destination not in given)
    mounts = tuple(replace(m, is_own=True) if m in around else m for m in kept)
    return replace(config, mounts=mounts)


def fill(
    engine: Engine, config: Config, identity: str, name: str, without: Collection[str] = ()
) -> None:
    """Give a copy what the container has in those mounts that the copy has for itself."""
    for mount in config.mounts:
        if not mount.is_own:
            continue
        read = engine.run("cp", f"{identity}:{mount.destination}", "-", limit=2 * LARGEST)
        with _nameless() as packed:
            folder = dirname(mount.destination)
            packed_without(read.out, packed, {relpath(path, folder) for path in without})
            packed.seek(0)
            into = f"{name}:{folder}"
            ran = engine.ask("cp", _kept(engine), "-", into, stdin=packed)
        if read.code or ran.code:
            raise EngineError(f"{mount.destination} cannot be copied: {ran.complaint[:300]}")


def packed_without(archive: bytes, into: IO[bytes], without: Collection[str]) -> None:
    """Write an archive again, without some of its paths."""
    if not without:
        into.write(archive)
        return
    read = tarfile.open(fileobj=io.BytesIO(archive))  # noqa: SIM115 - both are closed below
    with read, tarfile.open(fileobj=into, mode="w") as left:
        for entry in read:
            if normpath(entry.name) not in without:
                left.addfile(entry, read.extractfile(entry) if entry.isfile() else None)


@contextmanager
def environment(config: Config) -> Iterator[IO[bytes]]:
    """Write the variables to an unnamed file, which disappears with its last reader.

    On a command line others could read them; in the environment of the docker command they would
    be its own settings, `DOCKER_HOST` and `LD_PRELOAD` among them.
    """
    with _nameless() as file:
        # The reader of such files drops one carriage return at the end of a line.
        ends = {
            name: "\r\n" if value.endswith("\r") else "\n" for name, value in config.env.items()
        }
        lines = (f"{k}={v}{ends[k]}" for k, v in config.env.items() if k and "\n" not in v)
        file.writelines(line.encode("utf-8", "surrogateescape") for line in lines)
        file.seek(0)
        yield file


def _nameless() -> IO[bytes]:
    """Open a file in memory; where that is not supported, an unnamed one on disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("viscaffold"), "w+b")
    return tempfile.TemporaryFile()
