"""Every language that services are written in."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from .base import Language

if TYPE_CHECKING:
    from . import python, rust

    _: tuple[Language, ...] = (python, rust)

NAMES = ("python", "rust")
"""As answers have them, and as the modules are called; the first is the default."""

DEFAULT = NAMES[0]


class _Languages(Mapping[str, Language]):
    """Imports a language when it is asked for: most commands need that of their service alone."""

    def __getitem__(self, name: str) -> Language:
        if name not in NAMES:
            raise KeyError(name)
        return cast("Language", import_module(f"{__package__}.{name}"))

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


LANGUAGES = _Languages()
"""By name."""


def of_path(path: str) -> Language | None:
    """Return the language of a file of code; None for any other file."""
    return next((found for found in LANGUAGES.values() if path.endswith(found.SUFFIX)), None)


def is_code(path: str) -> bool:
    """Tell whether a file is code in one of them."""
    return of_path(path) is not None
