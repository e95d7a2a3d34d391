"""A program that waits for a file or a socket which is there under another path."""

import re
from difflib import get_close_matches
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, live, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.polled import polled
from scaffolder.text import quoted as typed

OF_SYSTEM = re.compile(r"/(?:usr|lib\w*|proc|sys|dev)/")
PAUSE = 400
"""Milliseconds for which a program at least goes on to ask for what it waits for."""
MOST = 200
"""How many names of a directory are compared."""


@cause(
    "polls-elsewhere",
    "the program waits for a file that a mount has under another path",
    pattern="environment",
    reads=["rerun", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening", "check-broken", "file-awaited"],
)
def polls_elsewhere(case: Case) -> Found | None:
    """Find a path that a watched copy asks for again and again, and its name in a mount."""
    call = polled(case.seen.trace)
    if call is None or any(not s.is_loopback for s in case.sockets or ()):
        return None
    path = call.path or call.address
    if case.has(path):
        return None
    for mount in case.config.mounts:
        names = (n for n in case.files.names(mount.destination) if basename(n) == basename(path))
        there = next(names, "")
        if not there:
            continue
        setting = next((n for n, value in case.config.env.items() if value == path), "")
        named = f"set {setting}={there}" if setting else f"name {there} in its settings"
        return Found(
            f"the program asks for {path} again and again, which is not there;"
            f" the mount over {mount.destination} has {there}",
            f"mount it over {dirname(path)} (-v {typed(mount.called or mount.source)}:"
            f"{dirname(path)}), or {named}",
            (
                watched(case, f"{call.words}, {call.times} times and more"),
                copied(case, path, "no such file"),
                inspected(case, "Mounts", f"{mount.source} -> {mount.destination}"),
            ),
        )
    return None


@cause(
    "file-awaited",
    "the program waits for a file that is not there, before it listens",
    pattern="environment",
    reads=["rerun", "live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening"],
)
def file_awaited(case: Case) -> Found | None:
    """Find a path that a copy of a server asks for again and again, and does nothing else."""
    call = polled(case.seen.trace)
    is_server = bool(case.config.exposed or case.config.published)
    if call is None or not call.path or not is_server or case.sockets or case.has(call.path):
        return None
    asked = [c.at for c in case.seen.trace.of(call.process) if c.path == call.path]
    if OF_SYSTEM.match(call.path) or max(asked) - min(asked) < PAUSE:
        return None  # what a runtime looks for as it starts
    names = [basename(name) for name in case.files.names(dirname(call.path))[:MOST]]
    near = next(iter(get_close_matches(basename(call.path), names, 1)), "")
    has = f"; {dirname(call.path)} has {near}" if near else ""
    return Found(
        f"the program asks for {call.path} again and again, which is not there{has}; until then, it"
        " does not listen",
        (f"let both call it the same: {near}, or {basename(call.path)}; and " if near else "")
        + f"see who is to make {call.path}, and that it is the same volume; give the wait a time"
        " limit and a message",
        (
            watched(case, f"{call.words}, {call.times} times and more"),
            copied(case, call.path, "no such file"),
            live(case, "cat /proc/net/tcp", "listening: nothing"),
        ),
    )
