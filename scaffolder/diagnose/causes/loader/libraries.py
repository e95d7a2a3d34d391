"""Native libraries: which ones programs need, where they are, which package has them."""

import re
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.programs.program import Program

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
    """Return how to get a library into the image."""
    stem = re.sub(r"\.so.*$", "", library).rstrip("-.0123456789")
    package = PACKAGES.get(stem) or PACKAGES.get(re.sub(r"\.so.*$", "", library)) or stem.lower()
    return f"install it in the runtime stage (apt-get install -y {package}), or link it statically"
