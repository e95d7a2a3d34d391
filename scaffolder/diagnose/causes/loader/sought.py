"""Libraries that the loader seeks in vain at run time, for a plug-in that the program loads."""

import re
from collections.abc import Iterator
from itertools import chain
from posixpath import basename, dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found
from scaffolder.diagnose.causes.evidence import content, copied, ended, seen
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs.native import elf

from .libraries import advice

LIBRARY = re.compile(r"lib[\w.+-]+\.so(?:\.[\w.]+)?$")
CACHE = "/etc/ld.so.cache"
MOST = 20


def sought_in_vain(case: Case) -> Found | None:
    """Find a library that a program ended over, and that the loader sought in several places."""
    call = case.seen.failed_call
    library = basename(call.path) if call else ""
    if call is None or not call.name.startswith("open") or not LIBRARY.match(library):
        return None
    if any(library in line.text for line in case.log.lines):
        return None  # the program says so itself
    places = {c.path for c in case.seen.places if basename(c.path) == library}
    if len({dirname(path) for path in places}) < 2 or any(map(case.has, places)):
        return None
    user = next((path for path in _loaded(case, call) if _needs(case, path, library)), "")
    other = next(iter(_others(case, library, user)), "")
    about = f"; {other} is there, which is another version" if other else ""
    fix = (
        f"add {library} to {dirname(other)} and run ldconfig, or build what needs it with"
        f" {basename(other)}"
        if other
        else advice(library)
    )
    needed = f"{user} needs" if user else "the program loads"
    return Found(
        f"{needed} {library}, which is in no directory of the image that the loader"
        f" searches{about}",
        fix,
        (
            seen(case, call),
            *((content(case, user, f"NEEDED {library}"),) if user else ()),
            copied(case, other or call.path, "exists" if other else "no such file"),
            ended(case),
        ),
        basis=Basis.NAMED if user else Basis.INFERRED,
    )


def _loaded(case: Case, before: Call) -> Iterator[str]:
    """Return what a process had loaded before a call, the last one first."""
    own = [c for c in case.seen.trace.of(before.process) if c.at <= before.at and not c.error]
    opened = [c.path for c in reversed(own) if c.name.startswith(("open", "exec")) and c.path]
    yield from list(dict.fromkeys(opened))[:MOST]


def _needs(case: Case, path: str, library: str) -> bool:
    entry = case.has(path)
    data = case.files.content(entry.path, PROGRAM) if entry and entry.kind == "file" else None
    found = elf.parse(data, entry.size) if data and entry else None
    return found is not None and library in found.needed


def _others(case: Case, library: str, user: str) -> Iterator[str]:
    """Return where other versions of a library are: known to the loader, or beside its user."""
    stem = f"{library.partition('.so')[0]}.so"
    cache = (case.files.content(CACHE, 1 << 20) or b"").decode("latin-1")
    known = re.findall(rf"\0(/[^\0]*/{re.escape(stem)}[^\0/]*)(?=\0)", cache)
    names = case.files.names(dirname(user)) if user else ()
    beside = (join(dirname(user), basename(n)) for n in names if basename(n).startswith(stem))
    places = dict.fromkeys(chain(known, beside))
    return (path for path in places if basename(path) != library and resolved(case.files, path))
