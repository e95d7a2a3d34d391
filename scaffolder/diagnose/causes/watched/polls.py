"""A program that waits for a file or a socket which is there under another path."""

from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, watched
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.polled import polled
from scaffolder.text import quoted as typed


@cause(
    "polls-elsewhere",
    "the program waits for a file that a mount has under another path",
    pattern="environment",
    reads=["rerun", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["waits-in-call", "not-listening", "check-broken"],
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
