"""Released template versions: an archive of each, and the list of what each has to contain.

`scripts/release` adds a version; the wheel carries them all, so that a service made with any of
them can be changed and updated without a network.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .errors import ScaffoldError

HOME = Path(__file__).parent / "releases"
LIST = HOME / "sums.txt"


@cache
def digests() -> dict[str, str]:
    """Return version → digest of the template's content, oldest version first."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {version: found for found, version in (line.split() for line in lines)}


def files(root: Path) -> Iterator[Path]:
    """Return the files that make up the template in `root`, in a fixed order."""
    yield root / "copier.yml"
    for folder, folders, names in os.walk(root / "template"):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(folder, name) for name in sorted(names) if not name.endswith(".pyc"))


def digest(root: Path) -> str:
    """Return what identifies the content of the template in `root`: paths, exec bits and bytes."""
    found = hashlib.sha256()
    for path in files(root):
        content = path.read_bytes()
        executable = bool(path.stat().st_mode & 0o100)
        found.update(f"{path.relative_to(root)}\0{executable}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


@cache
def unpacked(version: str) -> Path:
    """Unpack a released version, until this process ends; return the template's directory.

    Raise ScaffoldError if the archive is not what was released.
    """
    import tarfile

    archive = HOME / f"{version}.tar.gz"
    root = Path(tempfile.mkdtemp(prefix="viscaffold-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(root, filter="data")
        intact = digest(root) == digests()[version]
    except (OSError, EOFError, tarfile.TarError):
        intact = False
    if not intact:
        raise ScaffoldError(
            f"the archive of template version {version} is damaged: {archive}",
            "pip install --force-reinstall viscaffold",
        )
    return root
