"""Released template versions: an archive of each, and the list of what each has to contain.

`scripts/release` adds a version; the wheel carries them all, so that a service made with any of
them can be changed and updated without a network.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scaffolder import temporary
from scaffolder.errors import ScaffoldError

HOME = Path(__file__).parents[1] / "releases"
LIST = HOME / "sums.txt"


@cache
def digests() -> dict[str, str]:
    """Return version → digest of the template's content, oldest version first."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {version: found for found, version in (line.split() for line in lines)}


def files(root: Path) -> Iterator[Path]:
    """Return the files that make up the template in `root`, in a fixed order."""
    return map(root.joinpath, _paths(root))


def _paths(root: Path) -> Iterator[str]:
    """Return the same relative to `root`."""
    yield "copier.yml"
    top = str(root / "template")
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        below = "template" + folder.removeprefix(top)
        yield from (f"{below}/{name}" for name in sorted(names) if not name.endswith(".pyc"))


def digest(root: Path) -> str:
    """Return what identifies the content of the template in `root`: paths, exec bits and bytes.

    Every command asks for it, so it does without Path, which would take twice as long.
    """
    found = hashlib.sha256()
    for path in _paths(root):
        with open(f"{root}/{path}", "rb") as file:  # noqa: PTH123 - as above
            content = file.read()
            executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
        found.update(f"{path}\0{executable}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


@cache
def unpacked(version: str) -> Path:
    """Unpack a released version, until this process ends; return the template's directory.

    Raise ScaffoldError if the archive is not what was released.
    """
    import tarfile  # noqa: PLC0415 - for services of other versions alone

    archive = HOME / f"{version}.tar.gz"
    root = temporary.lasting()
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(root, filter="data")
        intact = digest(root) == digests()[version]
    except (OSError, EOFError, tarfile.TarError):
        intact = False
    if not intact:
        raise ScaffoldError(
            f"the archive of template version {version} is damaged: {archive}",
            "install viscaffold again",
        )
    return root
