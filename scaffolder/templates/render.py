"""Render a template: a pure function from (template, answers) to a tree."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from scaffolder import temporary
from scaffolder.engine import ANSWERS_FILE

from . import copier, layer, sandbox
from .catalogue import read_yaml
from .template import Template

HEADER = """\
# Written by viscaffold: the template that this service was made with, and the answers to its
# questions. To change the stages, use `viscaffold add-stage`.
"""


@contextmanager
def rendered(template: Template, answers: Mapping[str, Any]) -> Iterator[Path]:
    """Render into a temporary directory, which is gone afterwards."""
    with temporary.directory() as directory:
        tree = directory / "tree"
        render(template, answers, tree)
        yield tree


def render(template: Template, answers: Mapping[str, Any], into: Path) -> None:
    """Render into the new directory `into`; raise TemplateError if Copier or the template fails.

    What others wrote is rendered in a sandbox.
    """
    renderer = sandbox.render if template.layers else copier.render
    renderer(template.whole(), answers, into)
    _rewrite_answers(template, into)


def _rewrite_answers(template: Template, into: Path) -> None:
    """Rewrite the answers file: the built-in template by name and version, then its overlays."""
    path = into / ANSWERS_FILE
    content = {**read_yaml(path), "_commit": template.version, "_src_path": template.name}
    if template.layers:
        content[layer.KEY] = [found.entry() for found in template.layers]
    text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True, width=1000)
    path.write_text(HEADER + text, encoding="utf-8")
