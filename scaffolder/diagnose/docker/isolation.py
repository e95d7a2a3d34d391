"""Which of a container's mounts its copies get: nothing writable, and no socket.

A read-only mount does not prevent connecting to a socket or writing to a pipe in it, and does not
cover what is mounted below it. So a mount is searched before copies get it.
"""

import csv
import io
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from scaffolder.diagnose.evidence.config import Config, Mount

MOST = 20_000
SECONDS = 1.0
SYSTEM = ("/dev", "/proc", "/sys")
HOSTS = ("/", "/run", "/var", "/var/run", "/var/lib/docker")


@dataclass(frozen=True)
class Isolation:
    """How mounts are passed to copies, and what is withheld from them."""

    options: tuple[str, ...]
    left_out: tuple[str, ...]


def isolate(config: Config, *, is_remote: bool) -> Isolation:
    """Return which mounts copies of a container get, and what they lack."""
    options, left_out = [], []
    for mount in config.mounts:
        if mount.kind == "tmpfs":  # the copy gets a new one
            options.append(f"--tmpfs={mount.destination}")
            continue
        why = obstacle(mount, is_remote=is_remote)
        if why:
            left_out.append(f"{mount.destination} ({why})")
        else:
            options.append(f"--mount={_own(mount) if mount.is_own else _described(mount)}")
    multiline = [name for name, value in config.env.items() if "\n" in value]
    left_out += [f"the variable {name} (it has several lines)" for name in multiline]
    left_out += [f"the variables of its link {alias}" for alias in config.links]
    return Isolation(tuple(options), tuple(left_out))


def obstacle(mount: Mount, *, is_remote: bool) -> str:
    """Return why a mount cannot be given to a copy; empty if it can."""
    source = os.path.normpath(mount.source or "/")
    if mount.kind not in ("bind", "volume"):
        return f"a mount of the type {mount.kind}"
    if is_remote:
        return "it is on another machine, and may hold a socket"
    if source in HOSTS or any(f"{source}/".startswith(f"{top}/") for top in SYSTEM):
        return "a part of the host's system"
    return _special(source)


def _special(source: str) -> str:
    """Search a file or directory for what remains usable on a read-only mount."""
    deadline, left, waiting = time.monotonic() + SECONDS, MOST, [source]
    try:
        device = os.stat(source).st_dev  # noqa: PTH116 - its target is what is mounted
        if why := _kind(os.stat(source)):  # noqa: PTH116 - as above
            return why
        while waiting and Path(source).is_dir():
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    left -= 1
                    if left < 0 or time.monotonic() > deadline:
                        return "it is too large to search for sockets"
                    if why := _kind(found):
                        return f"it holds {why}: {entry.name}"
                    if found.st_dev != device:
                        return f"something else is mounted below it: {entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except OSError as error:
        return f"it cannot be searched for sockets from here: {error.strerror}"
    return ""


def _kind(found: os.stat_result) -> str:
    if stat.S_ISSOCK(found.st_mode):
        return "a socket"
    usual = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return "" if any(is_it(found.st_mode) for is_it in usual) else "a pipe or device"


def _own(mount: Mount) -> str:
    """Describe an anonymous volume, without what the image has there."""
    return f"type=volume,target={mount.destination},volume-nocopy"


def _described(mount: Mount) -> str:
    """Describe a read-only mount; if its directory is gone, it fails and creates none."""
    fields = [
        f"type={mount.kind}",
        f"source={mount.name or mount.source}",
        f"target={mount.destination}",
        "readonly",
    ]
    # Not recursive, no propagation: what the host mounts there later is not passed on.
    own = ["bind-propagation=rprivate", "bind-nonrecursive"]
    fields += own if mount.kind == "bind" else ["volume-nocopy"]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
