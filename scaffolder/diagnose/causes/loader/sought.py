"""Libraries that the loader seeks in vain at run time, for a plug-in that the program loads."""

import errno
import re
from collections.abc import Iterator
from itertools import chain, islice
from posixpath import basename, dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found
from scaffolder.diagnose.causes.evidence import content, copied, ended, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs.native import elf

from .libraries import FOLDERS, advice

LIBRARY = re.compile(r"lib[\w.+-]+\.so(?:\.[\w.]+)?$")
LOADABLE = re.compile(r"\.so(?:\.[\w.]+)?$")
CACHE = "/etc/ld.so.cache"
MOST = 20


def sought_in_vain(case: Case) -> Found | None:
    """Find a library that a program ended over, and that the loader sought in several places.

    Where no call says what it ended over, it is one that a plug-in needs, which did not load then.
    """
    call = case.seen.failed_call
    if call is None:
        return next(_for_plugins(case), None) if quiet(case) else None
    library = basename(call.path)
    if not call.name.startswith("open") or not LIBRARY.match(library):
        return None
    if any(library in line.text for line in case.log.lines):
        return None  # the program says so itself
    places = {c.path for c in case.seen.places if basename(c.path) == library}
    if len({dirname(path) for path in places}) < 2 or any(map(case.has, places)):
        return None
    return _answer(case, call, library, _user(case, call, library))


def _for_plugins(case: Case) -> Iterator[Found]:
    """Find libraries that were found nowhere, and that what was opened before needs.

    Where the program went on to open anything but other libraries, it did without.
    """
    decider = case.seen.decider
    own = case.seen.trace.of(decider.number) if decider else []
    calls = [call for call in own if call.name.startswith("open")]
    sought: dict[str, list[Call]] = {}
    for call in calls:
        if LIBRARY.match(basename(call.path)):
            sought.setdefault(basename(call.path), []).append(call)
    for library, asked in islice(sought.items(), MOST):
        is_found = not all(call.error == errno.ENOENT for call in asked)
        opened = (call.path for call in calls if call.at >= asked[-1].at and not call.error)
        goes_on = any(not LOADABLE.search(path) for path in opened)
        if is_found or goes_on or len({dirname(call.path) for call in asked}) < 2:
            continue
        if user := _user(case, asked[-1], library):
            yield _answer(case, asked[-1], library, user)


def _answer(case: Case, call: Call, library: str, user: str) -> Found:
    other = next(iter(_others(case, library, user)), "")
    unknown = next((p for f in FOLDERS if resolved(case.files, p := join(f, library))), "")
    about, fix = "", advice(library)
    if unknown:
        about = f", although {unknown} exists: the loader's cache does not have it"
        fix = (
            "run ldconfig in the Dockerfile after it was put there, or set"
            f" LD_LIBRARY_PATH={dirname(unknown)}"
        )
    elif other:
        about = f"; {other} is there, which is another version"
        fix = (
            f"add {library} to {dirname(other)} and run ldconfig, or build what needs it with"
            f" {basename(other)}"
        )
    there = unknown or other
    needed = f"{user} needs" if user else "the program loads"
    return Found(
        f"{needed} {library}, which is in no directory of the image that the loader"
        f" searches{about}",
        fix,
        (
            seen(case, call),
            *((content(case, user, f"NEEDED {library}"),) if user else ()),
            copied(case, there or call.path, "exists" if there else "no such file"),
            ended(case),
        ),
        basis=Basis.NAMED if user else Basis.INFERRED,
    )


def _user(case: Case, call: Call, library: str) -> str:
    """Return what was loaded before and needs a library; empty if nothing does."""
    return next((path for path in _loaded(case, call) if _needs(case, path, library)), "")


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
