"""Relative paths that are resolved in another working directory than they are meant for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from posixpath import basename, dirname, join, normpath, relpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, logged
from scaffolder.diagnose.causes.silence.vocabulary import own_sources
from scaffolder.diagnose.causes.start.search import PLACES
from scaffolder.diagnose.evidence.files import is_below, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

MISSED = (
    r"[^\n]*(?:no such file|ENOENT|FileNotFound|NoSuchFile|errno 2\b|cannot find (?:the file"
    r"|module)|can't (?:open|find)|cannot open|could not (?:open|find|read)|unable to (?:open"
    r"|access|read)|file not found|not found|does not exist|unable to access jarfile)[^\n]*"
)
NAME = re.compile(
    r"(?<![\w./:@-])((?:\.{1,2}/)*[\w@+-][\w.@+-]*(?:/[\w.@+-]+)+|\.{1,2}/[\w.@+-]+"
    r"|[\w@+-][\w.@+-]*\.[A-Za-z]\w{0,9})(?![\w/])"
)
"""A relative path: with a slash or an extension."""
CERTAIN = re.compile(
    r"no such file|ENOENT|FileNotFound|NoSuchFile|errno 2\b|cannot find (?:the file|module)"
    "|can't open|cannot open|unable to access jarfile",
    re.IGNORECASE,
)
"""Messages that certainly mean opening a file; `not found` may mean anything."""
WARNING = re.compile(
    r"\b(?:warn\w*|info|debug|notice|default\w*|skip\w*|ignor\w*|optional)\b", re.IGNORECASE
)
SYSTEM = re.compile(r"/(?:usr/(?:local/)?)?s?bin$")
MORE_PLACES = ("/app/src", "/src", "/code", "/workspace", "/config", "/etc", "/home/app")


@dataclass(frozen=True)
class Misplaced:
    """A file that is expected in the working directory, and is elsewhere."""

    path: str
    folder: str
    """The directory from which the path would lead to it."""
    shown: Evidence
    is_sure: bool
    """The message is certain, and the directory is the image's own or the program's."""


def is_certain(line: str) -> bool:
    """Tell whether a line says that a file could not be opened, and not as a mere warning."""
    return bool(CERTAIN.search(line)) and not WARNING.search(line)


def misplaced(case: Case) -> Misplaced | None:
    """Return the missing relative path, if it leads to a file from another directory."""
    said = case.refusal if case.phase == Phase.START else ""
    match = re.search(MISSED, said, re.IGNORECASE) if said else case.said(MISSED)
    if match is None:
        return None
    line = match[0] if said else case.line(match)
    shown = inspected(case, "State.Error", said) if said else logged(case, line)
    own, is_sure = list(_own(case)), is_certain(line)
    for path in _named(case, line):
        if resolved(case.files, path, case.config.workdir):
            continue
        folder = next(_having(case, path), None)
        if folder:
            return Misplaced(path, folder, shown, is_sure=is_sure and folder in own)
    return None


def elsewhere(case: Case, call: Call) -> Iterator[str]:
    """Return the directory from which the relative path of a call would lead to a file."""
    path = _relative(case, call)
    if path:
        yield from islice(_having(case, path), 1)


def _relative(case: Case, call: Call) -> str:
    """Return the relative path of a call; empty if it has none.

    PHP makes one absolute itself, and others can: then it stands in the source as it was.
    """
    folder = normpath(case.config.workdir)
    if call.is_relative:
        return call.given if call.base == folder else ""
    path = relpath(call.path, folder) if is_below(call.path, folder) else ""
    quoted = tuple(f"{mark}{path}{mark}".encode() for mark in "'\"")
    is_own = path and any(each in text for text in own_sources(case) for each in quoted)
    return path if is_own else ""


def _having(case: Case, path: str) -> Iterator[str]:
    """Return the directories in which a relative path leads to a file, the likeliest first."""
    for folder in dict.fromkeys((*_own(case), *PLACES, *MORE_PLACES)):
        entry = resolved(case.files, path, folder) if folder != case.config.workdir else None
        if entry and entry.kind == "file":
            yield folder


def _named(case: Case, line: str) -> Iterator[str]:
    """Return the relative paths in a line, and those of the command that it names in full."""
    yield from NAME.findall(line)
    for word in case.config.argv:
        full = normpath(join(case.config.workdir, word))
        relative = not word.startswith(("/", "-")) and (word in line or full in line)
        if relative and ("." in word or "/" in word):
            yield word


def _own(case: Case) -> Iterator[str]:
    """Return the directories that relative paths are probably meant for."""
    if case.image and case.image.workdir:
        yield case.image.workdir
    for item in case.launched:
        found = item.program.path if item.program else item.argv[0]  # perhaps by PATH
        folder = dirname(item.script.path if item.script else found)
        if not folder.startswith("/") or SYSTEM.match(folder):
            continue
        yield folder
        if basename(folder) in {"bin", "sbin"}:
            yield dirname(folder)


def is_overridden(case: Case) -> bool:
    """Tell whether the working directory was set at run time, not by the image."""
    return case.image is not None and normpath(case.config.workdir) != normpath(
        case.image.workdir or "/"
    )


def _found(case: Case, missed: Misplaced, whose: str, fix: str) -> Found:
    full = normpath(join(missed.folder, missed.path))
    sought = normpath(join(case.config.workdir, missed.path))
    return Found(
        f"the working directory is wrong: it is {case.config.workdir}{whose}, but {missed.path}"
        f" exists as {full}",
        fix,
        (
            missed.shown,
            inspected(case, "Config.WorkingDir", case.config.workdir),
            copied(case, sought, "no such file"),
            copied(case, full, f"{basename(full)} exists"),
        ),
        proven=missed.is_sure,
    )


SOUGHT = (
    "python-script-missing", "node-module-missing", "java-jar", "path-wrong-in-script",
    "file-missing",
)  # fmt: skip
"""Causes that report a file as missing that is elsewhere."""


@cause(
    "workdir-overridden",
    "a relative path is resolved in a working directory that was set at run time",
    pattern="environment",
    reads=["logs", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED | Phase.START,
    explains=SOUGHT,
    cured_by=["workdir"],
)
def workdir_overridden(case: Case) -> Found | None:
    """Find `--workdir`, or `working_dir` of compose, that is not the image's."""
    missed = misplaced(case) if is_overridden(case) else None
    if missed is None or case.image is None:
        return None
    own = case.image.workdir or "/"
    return _found(
        case,
        missed,
        f", set at run time (the image's is {own})",
        f"remove --workdir (working_dir in compose), or set it to {missed.folder}",
    )


@cause(
    "workdir-wrong",
    "a relative path is resolved in the image's working directory, but the file is elsewhere",
    pattern="image",
    reads=["logs", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED | Phase.START,
    explains=SOUGHT,
    cured_by=["workdir"],
)
def workdir_wrong(case: Case) -> Found | None:
    """Find a WORKDIR that is missing, or not where the files were copied to."""
    missed = None if is_overridden(case) else misplaced(case)
    if missed is None:
        return None
    return _found(
        case,
        missed,
        " (WORKDIR of the image)",
        f"WORKDIR {missed.folder} in the Dockerfile, or name the file by its full path",
    )
