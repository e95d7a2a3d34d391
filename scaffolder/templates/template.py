"""Where a template version comes from: the tool carries them all."""

import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from scaffolder.engine import trees
from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError
from scaffolder.text import LONGEST

from . import releases

if TYPE_CHECKING:
    from .layer import Layer

NAME = "viscaffold"


@dataclass(frozen=True)
class Template:
    """A template: the directory of its copier.yml, and what a service records of it."""

    root: Path
    name: str
    version: str
    digest: str
    layers: "tuple[Layer, ...]" = ()
    """What is laid over the built-in template; name and version are the built-in's, the digest is
    that of it all."""
    rest: Tree = field(default_factory=dict, compare=False, repr=False)
    """Files that are not in `root` yet."""

    def whole(self) -> Path:
        """Return `root` with all its files."""
        with _writing:
            if self.rest:
                trees.write_files(self.rest, self.root)
                self.rest.clear()
        return self.root


_writing = threading.Lock()


@cache
def builtin() -> Template:
    """Return the newest template: in the wheel, or around it in a checkout.

    Its version is the released one with the same content; a template under development is told
    apart by a part of its digest.
    """
    here = Path(__file__).parents[1]
    carried = here / "builtin"
    root = carried if carried.is_dir() else here.parent
    digest = releases.digest(root)
    known = {found: version for version, found in releases.digests().items()}
    return Template(root, NAME, known.get(digest, f"{newest_release()}+dev.{digest[:8]}"), digest)


def newest_release() -> str:
    """Return the newest version that was released."""
    return list(releases.digests())[-1]


def versions() -> list[str]:
    """Return every version that this tool can render, oldest first."""
    from packaging.version import Version  # noqa: PLC0415 - few commands compare versions

    return sorted({*releases.digests(), builtin().version}, key=Version)


def carried(version: str) -> Template:
    """Return the template of a version that services record.

    Raise RefusedError for one that this tool does not carry, with the reason.
    """
    newest = builtin()
    if version == newest.version:
        return newest
    if version in releases.digests():
        return Template(releases.unpacked(version), NAME, version, releases.digests()[version])
    raise _unknown(version, newest.version)


def _unknown(version: str, newest: str) -> RefusedError:
    if "+dev." in version:
        return RefusedError(
            f"this service was made with a template under development ({version}), which only the "
            f"checkout that it came from has; this viscaffold carries {newest}",
            "make services with a released viscaffold, or check out that template again",
        )
    if is_newer(version, newest):
        return RefusedError(
            f"this service was made with template version {version}, which is newer than this "
            f"viscaffold, which carries {newest}",
            "install a viscaffold that carries it: the newest does",
        )
    return RefusedError(
        f"there is no template version {version[:LONGEST]}; this viscaffold carries "
        f"{', '.join(versions())}",
        "take back what was changed in .copier-answers.yml",
    )


def is_newer(version: str, than: str) -> bool:
    """Compare two versions as PEP 440 does; what is no version is older than any."""
    from packaging.version import Version  # noqa: PLC0415 - few commands compare versions

    try:
        return Version(version) > Version(than)
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return False
