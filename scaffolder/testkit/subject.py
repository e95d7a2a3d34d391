"""The template under test: an overlay over the built-in one, and renders of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scaffolder import catalogue, names, questions, source
from scaffolder.engine.trees import Tree, read_tree
from scaffolder.overlays import files, flatten
from scaffolder.overlays.layers import Overlay
from scaffolder.render import rendered

if TYPE_CHECKING:
    from scaffolder.catalogue import Catalogue
    from scaffolder.source import Source

SERVICE = "orders"
SAMPLES: dict[str, str] = {"int": "1", "float": "1.0", "bool": "true"}
"""Answers to questions without a default, by type; `example` otherwise."""


@dataclass
class Subject:
    """An overlay over the newest built-in template, and the answers that it is tested with."""

    overlay: Overlay
    answers: dict[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, ...], Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay it over the built-in template; raise OverlayError if it does not fit."""
        self.template: Source = flatten.compose(source.builtin(), [self.overlay])
        self.catalogue: Catalogue = catalogue.load(self.template.root)

    @property
    def own(self) -> list[str]:
        """Return the overlay's stages."""
        return list(self.overlay.stages.entries)

    def answer(self, pairs: Sequence[str]) -> None:
        """Take answers as they were typed, and make up those that are missing."""
        asked = questions.load(self.template.root)
        given = questions.answers(pairs, asked, questions.fixed(self.template.root))
        missing = {
            name: self._sample(name, question)
            for name, question in asked.items()
            if question.required and name not in (*given, "name")
        }
        self.answers = {"name": SERVICE, **missing, **given}

    def _sample(self, name: str, question: questions.Question) -> str:
        if question.choices:
            return question.choices[0]
        kind = self.overlay.manifest.questions.get(name, {}).get("type", "str")
        return SAMPLES.get(kind, "example")

    def asked(
        self, stages: Sequence[str], other: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return answers with these stages."""
        return {**self.answers, **(other or {}), "stages": list(stages)}

    def tree(self, stages: tuple[str, ...]) -> Tree:
        """Return what the template gives for these stages, rendered once."""
        if stages not in self._known:
            self._known[stages] = self.fresh(stages)
        return self._known[stages]

    def fresh(self, stages: Sequence[str], other: Mapping[str, Any] | None = None) -> Tree:
        """Return the same, rendered again; `other` answers some questions otherwise."""
        with rendered(self.template, self.asked(stages, other)) as root:
            return read_tree(root)

    def origins(self) -> dict[str, str]:
        """Return path in a service → the overlay's file that it is made from, for messages."""
        found = {}
        for path in self.overlay.tree:
            if path.startswith(flatten.HOMES):
                place = files.target(path).replace("{{package}}", names.package(SERVICE))
                found[place] = self.overlay.layer.label + path
        return found

    def localized(self, output: str) -> str:
        """Return the output of a tool with the overlay's own files in it."""
        origins = self.origins()

        def own(match: "re.Match[str]") -> str:
            return origins.get(match[0], match[0])

        return re.sub(r"(?<![\w/.])[\w./{}-]+", own, output)
