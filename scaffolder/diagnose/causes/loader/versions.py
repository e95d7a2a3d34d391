"""Libraries of the wrong version, for the wrong libc or the wrong architecture."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import content, copied, ended, logged
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.native import elf

from .libraries import natives, place_of

UNFOUND = "cannot open shared object file: No such file"
SYSTEMS = {
    b"\xcf\xfa\xed\xfe": "macOS", b"\xca\xfe\xba\xbe": "macOS", b"MZ": "Windows",
}  # fmt: skip
"""How native libraries of other systems begin: Mach-O, also for several processors, and PE."""


@cause(
    "libc-too-old",
    "the program was built with a newer libc than the image has",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED | Phase.FINISHED | Phase.IMAGE,
    explains=["file-missing"],
)
def libc_too_old(case: Case) -> Found | None:
    """Find a version of GLIBC or libstdc++ that is needed but missing."""
    match = (
        case.said(
            r"version [`'](?P<version>(GLIBC|GLIBCXX|CXXABI|OPENSSL|LIB\w+)_[\w.]+)' not found"
        )
        if case.phase != Phase.IMAGE
        else None
    )
    for program in natives(case)[:3]:
        if not program.elf or (
            case.phase != Phase.IMAGE and not match and not (case.is_silent and case.exit_code == 1)
        ):
            continue
        for library, needed in program.elf.versions.items():
            place = place_of(case, program, library)
            real = resolved(case.files, place) if place else None
            provided = (case.files.content(real.path, PROGRAM) or b"") if real else b""
            lacking = [
                v
                for v in needed
                if re.match(r"GLIBC|CXXABI", v) and provided and v.encode() + b"\0" not in provided
            ]
            if lacking:
                return _too_old(
                    case, match, program.path, library, max(lacking, key=_numbers), provided
                )
    if match:
        version = match["version"]
        return Found(
            f"a program or library needs {version}, but the image's library is too old",
            "make the runtime stage at least as new as the build stage, or build on the older"
            " release",
            (logged(case, match),),
        )
    return None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _too_old(  # noqa: PLR0913, PLR0917 - what was found
    case: Case,
    match: "re.Match[str] | None",
    path: str,
    library: str,
    version: str,
    provided: bytes,
) -> Found:
    family = version.partition("_")[0]
    has = max(
        (v.decode() for v in re.findall(rb"(" + family.encode() + rb"_[\d.]+)\0", provided)),
        key=_numbers,
        default="none",
    )
    release = next(
        (
            line.partition("=")[2].strip('"')
            for line in (_os_release(case) or "").splitlines()
            if line.startswith("PRETTY_NAME")
        ),
        "",
    )
    named = "glibc" if family == "GLIBC" else library
    own = re.search(rb"release version (\d+\.\d+)", provided)
    number = own[1].decode() if own else has.partition("_")[2]
    return Found(
        f"{path} needs {version} (it was built on a newer release), and the runtime image has"
        f" {named} {number}{f' ({release})' if release else ''}: version `{version}' not found",
        "make the runtime stage at least as new as the build stage (for example"
        " debian:bookworm-slim), or build on the older release, or statically",
        (
            *((logged(case, match),) if match else (ended(case),)),
            content(case, path, f"needs {version} of {library}"),
        ),
        proven=match is not None and version.partition("_")[0] in match["version"],
    )


def _os_release(case: Case) -> str | None:
    found = resolved(case.files, "/etc/os-release")
    data = case.files.content(found.path, 4096) if found else None
    return data.decode("utf-8", "replace") if data else None


@cause(
    "symbol-missing",
    "a library lacks a symbol that the program was built with",
    pattern="dependencies",
)
def symbol_missing(case: Case) -> Found | None:
    """Find symbols that no library defines: glibc programs under musl's gcompat, mixed versions."""
    match = case.said(
        r"Error relocating (?P<at>\S+): (?P<sym>\S+): symbol not found"
        r"|symbol lookup error: (?P<at2>[^:]+): undefined symbol: (?P<sym2>[^\s,]+)"
        r"|(?P<at3>\S+\.so[\w.]*): undefined symbol: (?P<sym3>\S+)"
    )
    if match is None:
        return None
    symbol = match["sym"] or match["sym2"] or match["sym3"]
    where = match["at"] or match["at2"] or match["at3"]
    musl = bool(match["sym"])
    libc = (
        ": it was built for glibc, and the image has musl"
        if musl and re.search(r"_chk$|^__|^gnu_", symbol)
        else ""
    )
    return Found(
        f"{where} needs the symbol {symbol}, which no library in the image defines{libc}",
        "install the version of the library that it was built with, or build it in the image that"
        " runs it",
        (logged(case, match),),
    )


@cause(
    "library-foreign",
    "a native library has a format that cannot be loaded",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
)
def library_foreign(case: Case) -> Found | None:
    """Find libraries of a wrong format: node_modules of the host, 32 bits, truncated.

    The loader of glibc goes on to search where one is for another processor, and then says that it
    has found none.
    """
    match = case.said(
        r"(?P<lib>[^\s:'\"]+\.(?:so[\w.]*|node))[^\n]*?(?P<what>invalid ELF header"
        r"|wrong ELF class: \w+|file too short|Exec format error|cannot enable executable stack"
        "|cannot open shared object file: Permission denied|" + UNFOUND + ")"
    )
    if match is None:
        return None
    library = match["lib"]
    entry = case.has(library) if library.startswith("/") else None
    data = case.files.content(entry.path, 4096) if entry and entry.kind == "file" else None
    found = elf.parse(data, entry.size) if data and entry else None
    foreign = found is not None and not elf.runs_on(found.machine, case.host.architecture)
    detail = (
        f"ELF for {found.machine}" if found else f"begins with {data[:8]!r}" if data else "not read"
    )
    if match["what"].lower() == UNFOUND.lower() and not foreign:
        return None  # it is not there, or what it needs is not
    system = next((name for magic, name in SYSTEMS.items() if data and data.startswith(magic)), "")
    why = f"it was built for {found.machine}" if found and foreign else "it is not a Linux library"
    why = f"it was built for {system}" if system else why
    return Found(
        f"the native library {library} cannot be loaded ({match['what']}): {why}",
        "install it inside the image (npm ci, pip install), and keep node_modules and .venv out"
        " of it with .dockerignore",
        (logged(case, match), copied(case, library, detail)),
        proven=foreign or (data is not None and not data.startswith(elf.MAGIC)),
    )
