"""Native libraries: which ones programs need, where they are, which package has them."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.programs.program import Program

STEMS = {
    "libcrypto": "libssl", "libicuuc": "libicu", "libicui18n": "libicu", "libicudata": "libicu",
    "libgcc_s": "libgcc-s", "libglib-2.0": "libglib2.0", "libgio-2.0": "libglib2.0",
    "libgobject-2.0": "libglib2.0",
}  # fmt: skip
"""Libraries that are in a package of another name; the version follows as with others."""
PACKAGES = {
    "libz": "zlib1g",
    "libbz2": "libbz2-1.0",
    "libjpeg": "libjpeg62-turbo",
    "libxslt": "libxslt1.1",
    "libxml2": "libxml2",
    "libmysqlclient": "default-libmysqlclient-dev",
    "libpng16": "libpng16-16",
}
"""Libraries whose package has another version in its name."""


FOLDERS = (
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
    "/usr/lib", "/usr/local/lib", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
)  # fmt: skip


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
    real = program.entry.path if program.entry else program.path  # the loader follows links first
    origin = real.rpartition("/")[0] or "/"
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
    """Return how to get a library into the image: a copied one would lack those that it needs."""
    return (
        f"install it in the runtime stage (apt-get install -y {package(library)}, or the package"
        f" that `apt-file search {basename(library)}` names), or link it statically"
    )


def package(library: str) -> str:
    """Return Debian's package of a library: its name and version, as Debian Policy 8.1 says."""
    stem, _, version = library.rpartition("/")[2].partition(".so")
    version = version.strip(".").partition(".")[0]
    if known := PACKAGES.get(stem):
        return known
    name = STEMS.get(stem, stem).lower().replace("_", "-")
    apart = "-" if name[-1:].isdigit() and version else ""
    return f"{name}{apart}{version}"
