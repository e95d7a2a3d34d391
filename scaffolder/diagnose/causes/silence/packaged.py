"""Which programs came with the distribution: what their texts name is nothing of the service's."""

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
    merged = path.removeprefix("/usr")
    paths = {merged, f"/usr{merged}"}
    return _by_apk(case, paths) or _by_dpkg(case, paths)


def _by_dpkg(case: Case, paths: set[str]) -> bool:
    files = case.files
    if files.entry(DPKG) is None:
        return False

    def lists(file: str) -> bool:
        said = text(files, file, limit=MOST)
        return said is not None and not paths.isdisjoint(said.splitlines())

    if any(lists(f"{DPKG}/{name}.list") for name in USUAL):
        return True
    return any(lists(name) for name in files.names(DPKG) if name.endswith(".list"))


def _by_apk(case: Case, paths: set[str]) -> bool:
    """Look for a file of a folder: `F:usr/bin`, then `R:su`."""
    folder = ""
    for line in (text(case.files, APK, limit=MOST) or "").splitlines():
        if line.startswith("F:"):
            folder = f"/{line[2:]}"
        elif line.startswith("R:") and f"{folder}/{basename(line[2:])}" in paths:
            return True
    return False
