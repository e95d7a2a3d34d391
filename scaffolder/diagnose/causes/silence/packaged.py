"""Which programs came with the distribution: what their texts name is nothing of the service's."""

from itertools import chain
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import text

FOLDERS = {"/bin", "/sbin", "/usr/bin", "/usr/sbin"}
DPKG, APK = "/var/lib/dpkg/info", "/lib/apk/db/installed"
USUAL = ("util-linux", "passwd", "login")
"""Packages whose tools a container begins with, such as su; each file is read by itself."""
MOST = 8 << 20


def is_packaged(case: Case, path: str) -> bool:
    """Tell whether the package manager of the image lists a program as that of a package."""
    if dirname(path) not in FOLDERS:
        return False
    paths = _both(path)
    return _by_apk(case, paths) or is_tool(case, path) or _by_dpkg(case, paths)


def is_tool(case: Case, path: str) -> bool:
    """Tell whether it is one that containers begin with: what it writes, services do without."""
    if dirname(path) not in FOLDERS or case.files.entry(DPKG) is None:
        return False
    return any(_lists(case, f"{DPKG}/{name}.list", _both(path)) for name in USUAL)


def _both(path: str) -> set[str]:
    """Return a path in /bin and in /usr/bin, which are the same in newer distributions."""
    merged = path.removeprefix("/usr")
    return {merged, f"/usr{merged}"}


def _lists(case: Case, file: str, paths: set[str]) -> bool:
    said = text(case.files, file, limit=MOST)
    return said is not None and not paths.isdisjoint(said.splitlines())


def _by_dpkg(case: Case, paths: set[str]) -> bool:
    if case.files.entry(DPKG) is None:
        return False
    # A package is often called as its program is; in a large image not all lists can be read.
    likely = {f"{DPKG}/{basename(path)}.list" for path in paths}
    lists = (name for name in case.files.names(DPKG) if name.endswith(".list"))
    return any(_lists(case, name, paths) for name in chain(likely, lists))


def _by_apk(case: Case, paths: set[str]) -> bool:
    """Look for a file of a folder: `F:usr/bin`, then `R:su`."""
    folder = ""
    for line in (text(case.files, APK, limit=MOST) or "").splitlines():
        if line.startswith("F:"):
            folder = f"/{line[2:]}"
        elif line.startswith("R:") and f"{folder}/{basename(line[2:])}" in paths:
            return True
    return False
