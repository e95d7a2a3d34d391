"""Native libraries: missing, of another libc or version, or closed; in the loader's own words."""

import re
from posixpath import basename, join

from scaffolder.diagnose import elf
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import content, copied, ended, logged
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import Program
from scaffolder.diagnose.sources.files import PROGRAM, resolved

PACKAGES = {
    "libpq": "libpq5",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "libmysqlclient": "default-libmysqlclient-dev",
    "libmariadb": "libmariadb3",
    "libsqlite3": "libsqlite3-0",
    "libcurl": "libcurl4",
    "libxml2": "libxml2",
    "libgomp": "libgomp1",
    "libstdc++": "libstdc++6",
    "libgcc_s": "libgcc-s1",
    "libGL": "libgl1",
    "libz": "zlib1g",
    "libglib-2.0": "libglib2.0-0",
    "libffi": "libffi8",
    "libatomic": "libatomic1",
    "libjemalloc": "libjemalloc2",
    "librdkafka": "librdkafka1",
    "libuv": "libuv1",
    "libicuuc": "libicu72",
    "libxslt": "libxslt1.1",
    "libzmq": "libzmq5",
    "libyaml": "libyaml-0-2",
    "libgssapi_krb5": "libgssapi-krb5-2",
    "libaio": "libaio1",
    "libodbc": "unixodbc",
    "libnss3": "libnss3",
    "libX11": "libx11-6",
    "libmagic": "libmagic1",
}
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
FOLDERS = (
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
)


def native(case: Case) -> Program | None:
    """Return the first native program that is started, by the runtime or by a script."""
    for found in case.launched:
        if found.program and found.program.elf:
            return found.program
    return None


def natives(case: Case) -> list[Program]:
    """Return every native program that is started and was found."""
    return [f.program for f in case.launched if f.program and f.program.elf and f.program.entry]


def place_of(case: Case, program: Program, library: str) -> str:
    """Return where the loader finds a library; empty if nowhere (ld.so(8))."""
    if "/" in library:
        return library if resolved(case.files, library) else ""
    origin = program.path.rpartition("/")[0] or "/"
    search = [
        part.replace("$ORIGIN", origin).replace("${ORIGIN}", origin)
        for part in (program.elf.search if program.elf else ())
    ]
    search += [part for part in case.config.env.get("LD_LIBRARY_PATH", "").split(":") if part]
    for folder in dict.fromkeys((*search, *FOLDERS)):
        if resolved(case.files, join(folder, library)):
            return join(folder, library)
    cache = case.files.content("/etc/ld.so.cache", 1 << 20) or b""
    known = re.search(rb"\0(/[^\0]*/" + re.escape(library.encode()) + rb")\0", cache)
    return known[1].decode() if known and resolved(case.files, known[1].decode()) else ""


def advice(library: str) -> str:
    """Return how a library gets into the image."""
    stem = re.sub(r"[-\d.]*\.so.*$", "", library)
    package = PACKAGES.get(stem) or PACKAGES.get(re.sub(r"\.so.*$", "", library)) or stem.lower()
    return f"install it in the runtime stage (apt-get install -y {package}), or link it statically"


@cause(
    "library-missing",
    "a shared library is not in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED | Phase.FINISHED,
    weight=80,
)
def library_missing(case: Case) -> Found | None:
    """Find a library that the loader does not find, by its own words."""
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
    """Answer for a library that is there, and whose own needs, or place, are the matter."""
    return Found(
        f"the shared library {library} is not found by the loader, although there is {place}: it"
        " is in no directory that is searched, or something that it needs itself is missing",
        f"run ldconfig in the Dockerfile, or set LD_LIBRARY_PATH={place.rpartition('/')[0]}",
        (logged(case, match), copied(case, place, "exists")),
    )


@cause(
    "library-missing-silent",
    "a shared library is missing, and the loader's words are lost",
    pattern="dependencies",
    reads=["files", "inspect"],
    page="pattern-dependencies",
    when=Phase.DIED | Phase.FINISHED | Phase.IMAGE,
    weight=62,
)
def library_missing_silent(case: Case) -> Found | None:
    """Find a program whose libraries are not all in the image."""
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
                )
    return None


@cause(
    "libc-too-old",
    "the program was built with a newer libc than the image has",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED | Phase.FINISHED | Phase.IMAGE,
    weight=85,
)
def libc_too_old(case: Case) -> Found | None:
    """Find a version of GLIBC, or of libstdc++, that is needed and not there."""
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
            f"a program or library needs {version}, which the image's library is too old to have",
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
    "a library is of another version, or of another libc, than the program was built with",
    pattern="dependencies",
    reads=["logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=78,
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
    "a library is damaged, or for another processor",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=78,
)
def library_foreign(case: Case) -> Found | None:
    """Find libraries of a wrong format: node_modules of the host, 32 bits, cut short."""
    match = case.said(
        r"(?P<lib>[^\s:'\"]+\.(?:so[\w.]*|node))[^\n]*?(?P<what>invalid ELF header"
        r"|wrong ELF class: \w+|file too short|Exec format error|cannot enable executable stack"
        "|cannot open shared object file: Permission denied)"
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
    return Found(
        f"the native library {library} cannot be loaded ({match['what']}): it was built for"
        " another system or processor, or is damaged",
        "install it inside the image (npm ci, pip install), and keep node_modules and .venv out"
        " of it with .dockerignore",
        (logged(case, match), copied(case, library, detail)),
        proven=foreign or (data is not None and not data.startswith(elf.MAGIC)),
    )
