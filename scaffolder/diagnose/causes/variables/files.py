"""Files that variables or the program name: missing, or malformed."""

import errno
import re
from dataclasses import dataclass
from posixpath import basename, dirname, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, logged, quoted
from scaffolder.diagnose.causes.identity.denials import paths_in
from scaffolder.diagnose.evidence.files import is_device, resolved
from scaffolder.diagnose.evidence.phase import Phase

from .places import in_several_places, looked_for_then, other_home
from .workdir import is_certain, misplaced

LISTED = re.compile(r"/[\w.-]+['\"]?\s*[,;|]\s*['\"]?/")
"""Paths in a list are those that a program tried: it needs none of them in particular."""
MISSED = re.compile(
    r"no such file|ENOENT|FileNotFound|NoSuchFile|not found|does not exist|is missing"
    r"|(?:can(?:not|'t)|could not|unable to|failed to) (?:be )?(?:read|open|load|find|access)",
    re.IGNORECASE,
)


RELATIVE = re.compile(
    r"(?:open|stat|read|directory:?|file:?|\w*Exception:)[:\s]+"
    r"(?=['\"]?((?!/)[\w.-]+(?:/[\w.-]+)*\.\w+)['\"]?)"
)
"""What may itself be in front of another one."""
CLASS = re.compile(r"\.[A-Z]\w*(?:Exception|Error)$")
"""The end of an exception's name in Java, which causes stand in front of: no file."""


@cause(
    "secret-missing",
    "a file that a variable names does not exist in the container",
    pattern="environment",
    reads=["inspect", "files"],
    when=Phase.ENDED,
)
def secret_missing(case: Case) -> Found | None:
    """Find *_FILE, *_PATH and *_CONFIG variables, and flags, whose file is not there."""
    named = [
        (k, v)
        for k, v in case.config.env.items()
        if re.search(r"(?:_FILE|_PATH|_CONFIG|_CERT|_KEY|_DIR|CONFIG|CREDENTIALS|CONF)$", k)
        and re.fullmatch(r"/[\w./-]+", v)
    ]
    flags = re.findall(
        r"(?:^|\s)(--?(?:c|f|config|conf|config-file|file|settings|env-file|cert"
        r"|key)\b)[= ](/[\w./-]+)",
        " ".join(case.config.argv),
    )
    for name, path in [*named, *flags]:
        hidden = any(path.startswith(t) for t in case.config.tmpfs)
        if (
            hidden
            or is_device(path)  # of which the container's files show none
            or name in {"PYTHONPATH", "LD_LIBRARY_PATH", "GOPATH", "PATH"}
            or resolved(case.files, path)
            or path.endswith((".pid", ".sock", ".log", ".db"))
        ):
            continue
        says = case.said(rf"[^\n]*{re.escape(path)}[^\n]*")
        spoken = says is not None or case.is_silent
        secret = path.startswith("/run/secrets") or "SECRET" in name or "PASSWORD" in name
        give = f"-v ./{basename(path)}:{path}:ro" + (", or compose secrets" if secret else "")
        return Found(
            f"{name} names {path}, which does not exist in the container",
            f"mount it: {give}, or correct {name}",
            (
                inspected(case, "Config.Env" if name.isupper() else "Config.Cmd", f"{name}={path}"),
                Evidence("files", f"docker cp {quoted(case)}:{path} -", "no such file"),
                *((logged(case, says),) if says else ()),
            ),
            proven=says is not None and bool(MISSED.search(case.line(says))),
            basis=None if spoken else Basis.QUOTED,
        )
    return None


@dataclass(frozen=True)
class Missing:
    """A file that the program needs, and that is not there."""

    named: str
    """The path as the program names it."""
    path: str
    is_relative: bool
    shown: Evidence
    is_sure: bool
    """The message is certain, and about this file alone."""


def missing(case: Case) -> Missing | None:
    """Return the file that the log, or a watched copy, reports as missing."""
    match = case.said(
        r"[^\n]*(?:no such file|ENOENT|FileNotFound\w*|NoSuchFile\w*|errno 2\b"
        "|cannot find the file|file not found|does not exist|nonexistent directory"
        r"|not found)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    if re.search(r"error while loading shared|No module named|Cannot find module", line):
        return None
    paths = [p for p in paths_in(line + " ") if not resolved(case.files, p)]
    named_so = (m for m in RELATIVE.finditer(line) if not CLASS.search(m[1]))
    relative = next(reversed([*named_so]), None)
    if not paths and not relative:
        return None
    named = paths[-1] if paths else normpath(relative[1]) if relative else ""
    if not paths and (resolved(case.files, named, case.config.workdir) or misplaced(case)):
        return None
    if paths and (around := _around(case, named)):
        named = around
    return Missing(
        named,
        named if paths else f"{case.config.workdir.rstrip('/')}/{named}",
        is_relative=not paths,
        shown=logged(case, match),
        is_sure=is_certain(line) and len(paths) <= 1 and not LISTED.search(line),
    )


def _around(case: Case, path: str) -> str:
    """Return the directory that lacks if a copy would have made the file itself."""
    makes = (c for c in case.seen.trace.calls if c.makes and c.path == path)
    is_made = any(call.error == errno.ENOENT for call in makes)
    return dirname(path) if is_made and not resolved(case.files, dirname(path)) else ""


KERNEL = ("/proc/", "/sys/")
CGROUPS = "/sys/fs/cgroup/"
SOCKETS = (".sock", ".socket")


def _given(case: Case, path: str) -> str:
    """Return how the container gets what it lacks: a file, or a directory to write to."""
    makes = (c for c in case.seen.trace.calls if c.error and c.makes)
    if path.startswith(CGROUPS):
        return (
            "the host's control groups are of the other version: read memory.max and the like"
            " (version 2), or memory/memory.limit_in_bytes (version 1), whichever is there"
        )
    if path.startswith(KERNEL):
        return (
            "the kernel makes it: load its module on the host (modprobe), and share the place with"
            f" the container, -v {path}:{path}, which needs --privileged"
        )
    if path.endswith(SOCKETS):
        return (
            f"start what listens there, and share its directory with this container: -v"
            f" NAME:{dirname(path)} in both"
        )
    if not any(dirname(c.path) == path for c in makes):
        return f"COPY it into the image, or mount it: -v ./{basename(path)}:{path}:ro"
    owner = f" (of {case.identity.uid}:{case.identity.gid})" if case.identity.uid else ""
    return f"make the directory in the image{owner}, or mount one: --tmpfs {path}, or a volume"


@cause(
    "file-missing",
    "a file that the program needs does not exist in the container",
    pattern="environment",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["config-malformed"],
    cured_by=["file", "mount"],
)
def file_missing(case: Case) -> Found | None:
    """Find ENOENT for a file in the log."""
    found = missing(case)
    if found is None:
        return None
    sought = [call.path for call in case.seen.places]
    if len(sought) > 1 and found.path in sought:
        return in_several_places(case, sought)
    named = next((n for n, v in case.config.env.items() if v.rstrip("/") == found.path), "")
    by = f" ({named} names it)" if named else ""
    below = f" below the working directory {case.config.workdir}" if found.is_relative else ""
    home, elsewhere = other_home(case, found.path)
    why, fix = "", _given(case, found.path)
    if elsewhere:
        why = (
            f": {elsewhere} exists, and belongs to another home than that of"
            f" {case.identity.words} ({home})"
        )
        owner = f"{case.identity.uid}:{case.identity.gid}"
        fix = (
            f"put it there in the Dockerfile, after USER or with COPY --chown={owner} ..."
            f" {found.path}, or let the program read it from a place that no home changes (/etc)"
        )
    return Found(
        f"the program needs {found.named}, which does not exist in the container{below}{by}{why}"
        f"{looked_for_then(case)}",
        fix + ("; check WORKDIR" if below else ""),
        (
            found.shown,
            *((copied(case, elsewhere, "exists"),) if elsewhere else ()),
            Evidence("files", f"docker cp {quoted(case)}:{normpath(found.path)} -", "no such file"),
            *((inspected(case, "Config.WorkingDir", case.config.workdir),) if below else ()),
        ),
        proven=found.is_sure,
    )
