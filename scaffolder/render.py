"""Render a template with Copier: a pure function from (template, answers) to a tree.

The only module that imports Copier, which takes about half a second.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .catalogue import read_yaml
from .engine import ANSWERS_FILE
from .errors import UsageError
from .source import Source

HEADER = """\
# Written by viscaffold: the template that this service was made with, and the answers to its
# questions. To change the stages, use `viscaffold add-stage`.
"""


class TemplateError(UsageError):
    """The template does not render with these answers."""


@contextmanager
def rendered(source: Source, answers: Mapping[str, Any]) -> Iterator[Path]:
    """Render into a temporary directory, which is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="viscaffold-"))
    try:
        tree = directory / "tree"
        render(source, answers, tree)
        yield tree
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def render(source: Source, answers: Mapping[str, Any], into: Path) -> None:
    """Render into the new directory `into`; raise TemplateError if Copier or the template fails."""
    if source.layers:
        from .overlays import confined

        confined.render(source.root, answers, into)
    else:
        _render(source, answers, into)
    record(source, into)


def _render(source: Source, answers: Mapping[str, Any], into: Path) -> None:
    import copier
    import jinja2
    import yaml

    try:
        run_copier(source.root, answers, into)
    except (copier.errors.CopierError, jinja2.TemplateError, yaml.YAMLError, ValueError) as error:
        raise TemplateError(f"the template cannot be rendered: {error}") from error


def run_copier(root: Path, answers: Mapping[str, Any], into: Path) -> None:
    """Have Copier render the template in `root`; raise whatever it, Jinja or YAML raise."""
    import copier
    from plumbum import local

    # Without git on its path, Copier takes the template for the plain directory that it is:
    # twice as fast as cloning it, and the same in a checkout as in an installed wheel.
    with local.env(PATH=os.devnull), _compiled_once():
        copier.run_copy(
            str(root), into, data=dict(answers), defaults=True, quiet=True, unsafe=False
        )


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


def recorded(content: bytes) -> dict[str, Any]:
    """Return the answers in an answers file, without what Copier keeps beside them."""
    return {key: value for key, value in read_yaml(content).items() if not key.startswith("_")}


def record(source: Source, into: Path) -> None:
    """Rewrite the answers file: the built-in template by name and version, then its overlays."""
    import yaml

    path = into / ANSWERS_FILE
    content = {**read_yaml(path), "_commit": source.version, "_src_path": source.name}
    if source.layers:
        content["_overlays"] = [layer.recorded() for layer in source.layers]
    text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True, width=1000)
    path.write_text(HEADER + text, encoding="utf-8")
