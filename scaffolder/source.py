"""Where a template version comes from: for now, the one that the tool carries."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NAME = "viscaffold"


@dataclass(frozen=True)
class Source:
    """A template: the directory of its copier.yml, and what a service records of it."""

    root: Path
    name: str

    @cached_property
    def version(self) -> str:
        """Return the version of the template: the one of the distribution that carries it."""
        from importlib import metadata

        return metadata.version("viscaffold")


def builtin() -> Source:
    """Return the template that the tool carries: in the wheel, or around it in a checkout."""
    here = Path(__file__).parent
    carried = here / "builtin"
    return Source(carried if carried.is_dir() else here.parent, NAME)
