"""A program that waits for a file or a socket which is there under another path."""

import re
from difflib import get_close_matches
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, live, watched
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.polled import goes_on, polled
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted as typed

OF_SYSTEM = re.compile(r"/(?:usr|lib\w*|proc|sys|dev)/")
STOPS = re.compile(
    r"stop|quit|exit|(?<![a-z])(?:end|term)(?![a-z])|shut|halt|terminat|kill|abort|cancel|pause"
    r"|suspend|reload|restart|rotate|mainten|drain|disable|trigger|command|control|request|wake",
    re.IGNORECASE,
)
"""How files are called that are to be there only if something is to be done, or no more."""
HANDED = re.compile(
    r"ready|done|flag|start|begin|init|complete|finish|sock|lock|ok\b", re.IGNORECASE
)
"""How files are called that tell another one to go on."""
PLACES = re.compile(r"/(?:run|tmp|var/(?:run|tmp|lock|spool))/")
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
    "the program waits for a file that is not there, and does nothing else",
    pattern="environment",
    reads=["rerun", "live", "files"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening"],
)
def file_awaited(case: Case) -> Found | None:
    """Find a path that a copy asks for again and again: a server, or one that does nothing else."""
    call = polled(case.seen.trace)
    is_server = bool(case.config.exposed or case.config.published)
    if call is None or not call.path or case.sockets or case.has(call.path):
        return None
    if not is_server and not _is_alone(case, call):
        return None
    if OF_SYSTEM.match(call.path) or not goes_on(case.seen.trace, call):
        return None  # what a runtime looks for as it starts
    names = [basename(name) for name in case.files.names(dirname(call.path))[:MOST]]
    near = next(iter(get_close_matches(basename(call.path), names, 1)), "")
    has = f"; {dirname(call.path)} has {near}" if near else ""
    does = "until then, it does not listen" if is_server else "it says nothing, and does no more"
    return Found(
        f"the program asks for {call.path} again and again, which is not there{has}; {does}",
        (f"let both call it the same: {near}, or {basename(call.path)}; and " if near else "")
        + f"see who is to make {call.path}, and that it is the same volume; give the wait a time"
        " limit and a message",
        (
            watched(case, f"{call.words}, {call.times} times and more"),
            copied(case, call.path, "no such file"),
            live(case, "cat /proc/net/tcp", "listening: nothing"),
        ),
    )


def _is_alone(case: Case, call: Call) -> bool:
    """Tell whether a silent program has done nothing since but to ask for a path, and to sleep.

    Many work until a file is there that tells them to stop, or has other settings. What another one
    is to make is in a place of both, or is called so.
    """
    is_of_both = PLACES.match(call.path) or mount_around(call.path, case.config.mounts)
    if not is_of_both and not HANDED.search(basename(call.path)):
        return False
    trace = case.seen.trace
    own = trace.of(call.process)
    began = min(c.at for c in own if c.path == call.path)
    does_more = any(c.address or c.path not in ("", call.path) for c in own if c.at > began)
    lives = (process for process in trace.processes.values() if process.ended is None)
    others = any(each.number != call.process and each.name != "sleep" for each in lives)
    reached = case.other_sockets or any(not c.is_tried for c in case.sources.connections())
    is_busy = not case.is_silent or reached or STOPS.search(basename(call.path))
    return not (does_more or others or is_busy)
