"""A file that an earlier run left: fresh copies run, and those that have it do not."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import islice
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, inspected
from scaffolder.diagnose.docker.isolation import isolate
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.files import is_below, mount_around
from scaffolder.docker.client import Engine
from scaffolder.text import quoted

from .copies import Outcome, tried_with
from .cures import LEFT_OVER
from .factor import Factor
from .rerun import Rerun
from .started_again import real, started_again

MOST = 3
REMOVES = ("unlink", "rename")
"""Calls after which a path is free."""
LONGEST, FEW = 64, 2
"""How many bytes a mark has, and how many other files were written beside it."""


def with_left_over(engine: Engine, case: Case, fresh: Outcome, tried: list[str]) -> Rerun | None:
    """Put files that the container wrote into copies: return the one with which a copy fails."""
    if not fresh.alive or fresh.trace is None:
        return None
    written = {path for kind, path in case.changes if kind in "AC"}
    sought = [call.path for call in fresh.trace.calls if call.may_find]
    kept_out = [
        m for m in _kept_out(engine, case) if any(is_below(p, m.destination) for p in sought)
    ]
    kept = {name for mount in kept_out for name in case.files.names(mount.destination)} | written
    config = replace(case.config, mounts=tuple(m for m in case.config.mounts if m not in kept_out))
    made = [path for path in (real(case, each) for each in sought) if path in kept]
    contents = ((path, case.files.content(path)) for path in dict.fromkeys(made))
    marks = ((p, data) for p, data in contents if data is not None and _is_mark(p, data, kept))
    for path, data in islice(marks, MOST):
        if not case.exit_code and not data.strip().isdigit():
            continue  # a job that has been done already ends with 0, too
        factor = Factor(f"{path} as the container left it", config, files={path: data})
        found = tried_with(engine, case, factor, tried)
        if found and not found.alive and found.exit_code == case.exit_code:
            return _proof(case, path, f"a fresh copy {fresh.words}; with {path}, it {found.words}")
    if not case.exit_code:
        return None
    sockets = _sockets(engine, case, fresh, written)
    again = started_again(engine, case, fresh, tried, sockets)
    if again and again.proves:
        return again
    return _socket(case, fresh, sockets) or again


def _kept_out(engine: Engine, case: Case) -> list[Mount]:
    """Return the mounts that copies do not get, such as one with a socket: fresh ones lack them."""
    left_out = isolate(case.config, is_remote=engine.is_remote).left_out
    return [
        mount
        for mount in case.config.mounts
        if mount.writable
        and not is_shared(case, mount)
        and any(words.startswith(f"{mount.destination} (") for words in left_out)
    ]


def _is_mark(path: str, data: bytes, written: Collection[str]) -> bool:
    """Tell whether a file only says that somebody was here, as a lock or the number of a process.

    Others are data. They are not to be removed, and one of many files, put into a copy by itself,
    makes any program fail.
    """
    beside = [other for other in written if dirname(other) == dirname(path) and other != path]
    return len(data) <= LONGEST and len(beside) <= FEW


def _sockets(
    engine: Engine, case: Case, fresh: Outcome, written: Collection[str]
) -> dict[str, Evidence]:
    """Return the sockets of an earlier run that a program binds and has not removed: how known.

    They are in the container, or in a mount of it that is kept from copies for their sake.
    """
    kept_out = isolate(case.config, is_remote=engine.is_remote).left_out
    found: dict[str, Evidence] = {}
    removed: set[str] = set()
    for call in fresh.trace.calls if fresh.trace else ():
        removed |= {call.path} if call.name.startswith(REMOVES) else set()
        path = call.address
        if call.name != "bind" or call.error or call.port or path in removed:
            continue
        mount = mount_around(path, case.config.mounts)
        holds = f"{mount.destination} (it holds a socket: {basename(path)})" if mount else ""
        if path in written:
            found[path] = Evidence("changes", f"docker diff {quoted(case.target)}", f"A {path}")
        elif mount and holds in kept_out and not is_shared(case, mount):
            where = f"{mount.source} -> {mount.destination}, with the socket {basename(path)}"
            found[path] = inspected(case, "Mounts", where)
    return found


def is_shared(case: Case, mount: Mount) -> bool:
    """Tell whether another running container has the same mount: the socket may be its own."""
    running = (other for other in case.neighbours if other.status == "running")
    return any(m.source == mount.source for other in running for m in other.mounts)


def _socket(case: Case, fresh: Outcome, sockets: Mapping[str, Evidence]) -> Rerun | None:
    """Return the socket of an earlier run that a program cannot bind again.

    A socket cannot be put into a copy: that a fresh one binds it is no proof.
    """
    for path, known in sockets.items():
        found = _proof(case, path, f"a fresh copy without {path} {fresh.words}, and binds it")
        shown = (known, *found.evidence[1:])
        return replace(found, cured=False, proves=False, evidence=shown)
    return None


def _proof(case: Case, path: str, fares: str) -> Rerun:
    return Rerun(
        LEFT_OVER.cause,
        LEFT_OVER.pattern,
        f"{path} is {LEFT_OVER.text}: {fares}",
        f"remove it at the start (rm -f {quoted(path)} before exec), or {LEFT_OVER.fix}",
        cured=True,
        proves=LEFT_OVER.proves,
        factor=LEFT_OVER.factor,
        evidence=(
            _there(case, path),
            Evidence("rerun", f"docker run --rm ... {case.config.image}", fares),
        ),
    )


def _there(case: Case, path: str) -> Evidence:
    """Show that the container has a file."""
    if mount := mount_around(path, case.config.mounts):
        return inspected(case, "Mounts", f"{mount.source} -> {mount.destination}, with {path}")
    return Evidence("changes", f"docker diff {quoted(case.target)}", f"A {path}")
