"""A mount without what the image has in its place, of what runs and does not serve."""

from itertools import islice
from posixpath import basename, splitext

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, live
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.evidence.phase import Phase

MOST = 3
"""How many of the hidden files are named."""


@cause(
    "mount-empties",
    "a mount that has none such hides files of the image from a service that does not listen",
    pattern="environment",
    reads=["inspect", "files", "live"],
    page="check-files-and-dependencies",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-listening", "check-broken", "check-too-early"],
)
def mount_empties(case: Case) -> Found | None:
    """Find such a mount where nothing listens, although the image says that something should.

    A server that finds none of its sites runs on, and serves nobody; it may look for one ending.
    """
    if case.sockets != () or case.other_sockets or not wanted(case):
        return None
    for mount in case.config.mounts:
        at = mount.destination
        if case.image_files.entry(at) is None:
            continue
        own = _files(case.files.names(at), at)
        hidden = _files(case.image_files.names(at), at)
        kinds = {splitext(name)[1] for name in hidden}
        if hidden and not kinds & {splitext(name)[1] for name in own}:
            names, has = (", ".join(islice(each, MOST)) for each in (hidden, own))
            has = f"has only {has}" if own else "is empty"
            source = mount.source or mount.called
            return Found(
                f"the mount of {source} over {at} {has}, and hides {names}, which"
                f" {'is' if len(hidden) == 1 else 'are'} in the image: the program runs, and"
                " nothing listens",
                f"put {names} into {source}, or leave the mount over {at} out",
                (
                    inspected(case, "Mounts", f"{source} -> {at}"),
                    copied(case, at, f"{has}; in the image: {names}"),
                    live(case, "cat /proc/net/tcp", "nothing listens"),
                ),
            )
    return None


def _files(names: tuple[str, ...], at: str) -> list[str]:
    """Return what is in a directory, without marks that keep it in a repository (.gitkeep)."""
    return [n for n in names if n.rstrip("/") != at.rstrip("/") and not basename(n).startswith(".")]
