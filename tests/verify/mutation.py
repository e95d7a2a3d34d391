"""What somebody did to a service: a stage, an overlay or its owner; for better or worse."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Edit = Callable[[Path], object]
"""Changes the service in a directory."""


@dataclass(frozen=True)
class Mutation:
    """A fault in a service, and the step of a verification that has to fail."""

    name: str
    step: str
    edits: tuple[Edit, ...] = ()
    tested: bool = False
    """Its own tests stay; otherwise they were made to pass, so that they do not see it."""

    @property
    def contained(self) -> bool:
        """Tell whether it works outside of a container."""
        return self.step == "image" or self.step.startswith("container ")


def write(path: str, text: str) -> Edit:
    """Write a file."""

    def edit(root: Path) -> None:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    return edit


def replace(path: str, old: str, new: str) -> Edit:
    """Replace a text that is in a file."""

    def edit(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not have {old!r}"
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def append(path: str, text: str) -> Edit:
    """Write at the end of a file."""

    def edit(root: Path) -> None:
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return edit


def delete(path: str) -> Edit:
    """Delete a file."""
    return lambda root: (root / path).unlink()


def mode(path: str, bits: int) -> Edit:
    """Change the permissions of a file."""
    return lambda root: (root / path).chmod(bits)
