"""Symbolic links that lead nowhere, which a program follows."""

from posixpath import dirname, join, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.files import follow, resolved
from scaffolder.diagnose.evidence.phase import Phase

from .files import missing


@cause(
    "link-target-missing",
    "a symbolic link that the program follows leads nowhere",
    pattern="environment",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "last-call", "secret-missing"],
    cured_by=["file"],
)
def link_target_missing(case: Case) -> Found | None:
    """Find a path that is reported as missing although it is there, as a link."""
    lacks = missing(case)
    link = _broken(case, lacks.path) if lacks else None
    if lacks is None or link is None:
        return None
    target = normpath(join(dirname(link.path), link.target))
    below = "" if lacks.path == link.path else f" for {lacks.named}"
    return Found(
        f"the program follows the link {link.path}{below}, which leads to {target}, and that does"
        " not exist in the container",
        f"copy the file itself instead of the link (cp -L), or put {target} into the image or a"
        " mount as well",
        (
            lacks.shown,
            copied(case, link.path, f"link to {link.target}"),
            copied(case, target, "no such file"),
        ),
        proven=lacks.is_sure,
    )


def _broken(case: Case, path: str) -> Entry | None:
    """Return the last link on the way to a path whose own target is missing."""
    way, absent = follow(case.files, path)
    links = (entry for entry in reversed(way) if absent and entry.kind == "link")
    return next((link for link in links if resolved(case.files, link.path) is None), None)
