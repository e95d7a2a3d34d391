"""Shared libraries that are not in the image."""

from posixpath import basename
from typing import TYPE_CHECKING

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, logged
from scaffolder.diagnose.evidence.phase import Phase

from .libraries import advice, native, natives, place_of
from .sought import sought_in_vain

if TYPE_CHECKING:
    import re

MISSING = (
    (
        r"error while loading shared libraries: (?P<lib>[^:\s]+): cannot open shared object file:"
        " No such file"
    ),
    r"Error loading shared library (?P<lib>[^:\s]+): No such file",
    (
        "(?:ImportError|OSError"
        r"|Error)[^\n]*?(?P<lib>lib[\w.+-]+\.so[\w.]*): cannot open shared object file"
    ),
    r"(?P<lib>lib[\w.+-]+\.so[\w.]*)[^\n]*cannot open shared object file: No such file",
    r"cannot (?:load|open) (?:shared )?(?:library|object)[^\n]*?(?P<lib>lib[\w.+-]+\.so[\w.]*)",
    r"UnsatisfiedLinkError[^\n]*?(?P<lib>lib[\w.+-]+\.so[\w.]*)",
)


@cause(
    "library-missing",
    "a shared library is not in the image",
    pattern="dependencies",
    reads=["logs", "files", "rerun"],
    when=Phase.ENDED | Phase.IMAGE,
    explains=["file-missing", "last-call"],
)
def library_missing(case: Case) -> Found | None:
    """Find a library that the loader does not find, from its message or from the files."""
    return sought_in_vain(case) or _by_words(case) or _by_files(case)


def _by_words(case: Case) -> Found | None:
    match = next((m for pattern in MISSING if (m := case.said(pattern))), None)
    if match is None:
        return None
    library = match["lib"]
    users = [p for p in natives(case) if p.elf and library in p.elf.needed]
    program = users[0] if users else native(case)
    by = (
        f"{users[0].path} is linked against {library}"
        if users
        else f"{library} is needed at run time"
    )
    absent = program is not None and not place_of(case, program, library)
    if not absent and program is not None:
        return _library_unfound(case, match, library, place_of(case, program, library))
    return Found(
        f"{by}, which is not installed in the image",
        advice(library),
        (
            logged(case, match),
            copied(case, f"/usr/lib/x86_64-linux-gnu/{basename(library)}", "no such file"),
        ),
        proven=absent,
    )


def _library_unfound(case: Case, match: "re.Match[str]", library: str, place: str) -> Found:
    """Answer for a library that exists, but lacks something itself or is in the wrong place."""
    return Found(
        f"the shared library {library} is not found by the loader, although {place} exists: it"
        " is in no directory that is searched, or a library that it needs is missing",
        f"run ldconfig in the Dockerfile, or set LD_LIBRARY_PATH={place.rpartition('/')[0]}",
        (logged(case, match), copied(case, place, "exists")),
    )


def _by_files(case: Case) -> Found | None:
    if not case.is_silent or (case.exit_code != 127 and case.phase == Phase.DIED):
        return None
    for program in natives(case)[:3]:
        if not program.elf or program.problem:
            continue
        for library in program.elf.needed[:20]:
            if not place_of(case, program, library):
                return Found(
                    f"{program.path} is linked against {library}, which is in no directory of the"
                    " image that the loader searches",
                    advice(library),
                    (
                        content(case, program.path, f"NEEDED {library}"),
                        copied(case, f"/usr/lib/{library}", "no such file"),
                    ),
                    basis=Basis.INFERRED,
                )
    return None
