"""Copier, which renders templates: the only module that imports it, which takes half a second."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scaffolder.errors import UsageError


class TemplateError(UsageError):
    """The template does not render with these answers."""


def render(root: Path, answers: Mapping[str, Any], into: Path) -> None:
    """Render the template in `root` into a new directory; raise TemplateError if that fails."""
    import copier
    import jinja2
    import yaml

    try:
        run_copier(root, answers, into)
    except (copier.errors.CopierError, jinja2.TemplateError, yaml.YAMLError, ValueError) as error:
        raise TemplateError(f"the template cannot be rendered: {error}") from error


def run_copier(root: Path, answers: Mapping[str, Any], into: Path) -> None:
    """Have Copier render the template in `root`; raise whatever it, Jinja or YAML raise."""
    import copier
    from plumbum import local

    # Without git on its path, Copier takes the template for the plain directory that it is:
    # twice as fast as cloning it, and the same in a checkout as in an installed wheel.
    with _one_at_a_time, local.env(PATH=os.devnull), _compiled_once():
        copier.run_copy(
            str(root), into, data=dict(answers), defaults=True, quiet=True, unsafe=False
        )


_one_at_a_time = threading.Lock()
"""A render patches Jinja for the whole process, and two threads would not restore it in order."""

_compiled: dict[tuple[Any, ...], Any] = {}


@contextmanager
def _compiled_once() -> Iterator[None]:
    """Compile equal texts once: Copier compiles every part of every path again for each file.

    That is 400 compilations of 60 different texts a render, and two thirds of its time.
    """
    from jinja2 import Environment

    compile_ = Environment.compile

    def compile_once(self: Environment, source: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as in Jinja
        key = (source, args, *sorted(options.items()))
        if key not in _compiled:
            _compiled[key] = compile_(self, source, *args, **options)
        return _compiled[key]

    Environment.compile = compile_once  # type: ignore[method-assign]
    try:
        yield
    finally:
        Environment.compile = compile_  # type: ignore[method-assign]
