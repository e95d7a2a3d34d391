"""What a new service begins with: from a preset in YAML, or as an existing service has it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffolder import paths, plain_yaml
from scaffolder.engine import ANSWERS_FILE
from scaffolder.errors import RefusedError, UsageError, unknown
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.overlays.format.yaml_document import Node, Page
from scaffolder.templates import questions
from scaffolder.text import quoted, shown

from . import service
from .neighbours import DIRECTORY

KEYS = ("answers", "language", "stages", "template")
SUFFIXES = (".yml", ".yaml")
STAGE = re.compile(r"[a-z][a-z0-9_-]{0,29}")


@dataclass(frozen=True)
class Preset:
    """Stages, answers and sources of templates, as `create` takes them."""

    stages: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    """The language is one of them."""
    templates: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Answer → where it stands, with the line."""

    def located(self, error: questions.AnswerError) -> UsageError:
        """Return an error for an answer with where the answer stands."""
        place = self.places.get(error.question)
        return UsageError(f"{place}: {error.message}", error.hint) if place else error

    def overlaid(
        self, stages: Sequence[str], answers: Mapping[str, str], templates: Sequence[str]
    ) -> "Preset":
        """Return it with more stages, and with answers and templates in place of its own."""
        return Preset(
            tuple(dict.fromkeys([*self.stages, *stages])),
            {**self.answers, **answers},
            tuple(templates) or self.templates,
            {name: place for name, place in self.places.items() if name not in answers},
        )


def folder() -> Path:
    """Return the directory of the presets that have a name."""
    return paths.config() / "presets"


def named() -> list[str]:
    """Return the names of the user's presets."""
    return sorted(path.stem for path in folder().glob("*.yml"))


def read(text: str) -> Preset:
    """Return the preset in a file, or of a name.

    What has a slash or ends with .yml is a file. Raise UsageError if there is none, RefusedError
    for one that is not as it has to be.
    """
    if "/" in text or text.endswith(SUFFIXES):
        path = Path(text)
    else:
        path = folder() / f"{text}.yml"
        if text not in named():
            raise unknown("preset", text, named(), f"write one: {quoted(str(path))}")
    return _parsed(path, _content(path))


def _content(path: Path) -> bytes:
    """Return what a file holds, up to a byte more than YAML may have."""
    if not path.is_file():  # a pipe would be waited for
        raise UsageError(f"there is no file {shown(str(path))}", "viscaffold new --preset FILE")
    try:
        with path.open("rb") as opened:
            return opened.read(plain_yaml.MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{shown(str(path))} cannot be read: {error.strerror}") from error


def _parsed(path: Path, content: bytes) -> Preset:
    page = Page(str(path))
    entries = page.entries(page.read(content), "a preset")
    page.known(entries, KEYS)
    nodes = {key: node for key, (_, node) in entries.items()}
    values = dict(page.entries(nodes.get("answers"), "answers"))
    answers = {name: _typed(page.scalar(value, name)) for name, (_, value) in values.items()}
    if "language" in nodes:
        answers["language"] = page.text(nodes["language"], "language")
        values["language"] = entries["language"]
    stages = page.texts(nodes["stages"], "stages") if "stages" in nodes else []
    for name, node in stages:
        if not STAGE.fullmatch(name):  # which may be a secret in the wrong place: it is not shown
            raise page.error(node, "this is no name of a stage", "viscaffold stages")
    sources = _sources(page, nodes["template"]) if "template" in nodes else []
    return Preset(
        tuple(name for name, _ in stages),
        answers,
        tuple(_from(path.parent, source) for source in sources),
        {name: page.place(key) for name, (key, _) in values.items()},
    )


def _sources(page: Page, node: Node) -> list[str]:
    """Return one source, or those of a list, as the user's configuration has them."""
    if isinstance(page.value(node), list):
        return [text for text, _ in page.texts(node, "template")]
    return [page.text(node, "template")]


def _from(directory: Path, source: str) -> str:
    """Return a source as it is meant: a relative path begins beside the preset."""
    return str(directory / source) if source.startswith(("./", "../")) else source


def like(directory: Path, trust: TrustPolicy) -> Preset:
    """Return what a service has, but for its name and place, and answers that are the default.

    Of its files, the answers alone are read, which hold no secrets. Raise RefusedError if there is
    no service in `directory`, its answers are damaged, or its template is not trusted.
    """
    if not (directory / ANSWERS_FILE).is_file():  # one further up is not what was meant
        raise RefusedError(
            f"there is no service in {shown(str(directory))}", "viscaffold new NAME --like PATH"
        )
    found = service.load(directory, trust)
    usual = questions.defaults(found.template.root, found.answers["name"])
    return Preset(
        tuple(found.stages),
        {
            name: _typed(answer)
            for name, answer in found.answers.items()
            if name not in (*questions.OWN_FLAGS, DIRECTORY) and usual.get(name) != answer
        },
        tuple(_source(layer.source, layer.version) for layer in found.template.layers),
    )


def _source(place: str, version: str) -> str:
    return f"{place}@{version}" if version else place


def _typed(answer: Any) -> str:  # noqa: ANN401 - whatever an answer may be
    """Return an answer as people type it."""
    return str(answer).lower() if isinstance(answer, bool) else str(answer)
