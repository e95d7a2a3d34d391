"""The template under test: an overlay over the built-in one, and renders of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scaffolder import names
from scaffolder.engine.trees import Tree, read_tree
from scaffolder.errors import unknown
from scaffolder.languages import toolchain
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.overlays import flatten
from scaffolder.overlays.format import stages
from scaffolder.overlays.layers import Overlay
from scaffolder.templates import catalogue, placement, questions, template
from scaffolder.templates.render import rendered

if TYPE_CHECKING:
    from scaffolder.languages.base import Language
    from scaffolder.languages.toolchain import Toolchain
    from scaffolder.templates.catalogue import Catalogue
    from scaffolder.templates.template import Template

SERVICE = "orders"
SAMPLES: dict[str, str] = {"int": "1", "float": "1.0", "bool": "true"}
"""Answers to questions without a default, by type; `example` otherwise."""


def languages(overlay: Overlay, asked: str) -> list[str]:
    """Return the language that is asked for, or all that an overlay has something for.

    Raise UsageError if there is no such language.
    """
    if asked and asked not in LANGUAGES:
        raise unknown("language", asked, LANGUAGES, "viscaffold template check --help")
    written = {placement.language_of(path) for path in overlay.tree}
    written |= stages.languages(overlay.stages)
    return [asked] if asked else [name for name in LANGUAGES if name in written] or [DEFAULT]


@dataclass
class Subject:
    """An overlay over the newest built-in template, in a language, and the answers for tests."""

    overlay: Overlay
    language: str = DEFAULT
    answers: dict[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, ...], Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay it over the built-in template; raise OverlayError if it does not fit."""
        self.template: Template = flatten.compose(template.builtin(), [self.overlay])
        self.tools: Language = LANGUAGES[self.language]
        self.toolchain: Toolchain = toolchain.load(self.template.root, self.language)
        self.catalogue: Catalogue = catalogue.load(self.template.root, self.language)

    @property
    def own(self) -> list[str]:
        """Return the overlay's stages that are there in the language."""
        entries = self.overlay.stages.entries.items()
        return [name for name, entry in entries if self.language in entry.languages]

    def answer(self, pairs: Sequence[str]) -> None:
        """Take answers as they were typed, and make up those that are missing."""
        asked = questions.load(self.template.root)
        given = questions.checked(
            questions.parsed(pairs), asked, questions.fixed(self.template.root)
        )
        missing = {q.name: self._sample(q) for q in questions.missing(asked, given)}
        self.answers = {"name": SERVICE, "language": self.language, **missing, **given}

    def _sample(self, question: questions.Question) -> str:
        if question.choices:
            return question.choices[0]
        kind = self.overlay.manifest.questions.get(question.name, {}).get("type", "str")
        return SAMPLES.get(kind, "example")

    def asked(
        self, chosen: Sequence[str], other: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return answers with these stages."""
        return {**self.answers, **(other or {}), "stages": list(chosen)}

    def tree(self, chosen: tuple[str, ...]) -> Tree:
        """Return what the template gives for these stages, rendered once."""
        if chosen not in self._known:
            self._known[chosen] = self.fresh(chosen)
        return self._known[chosen]

    def fresh(self, chosen: Sequence[str], other: Mapping[str, Any] | None = None) -> Tree:
        """Return the same, rendered again; `other` answers some questions otherwise."""
        with rendered(self.template, self.asked(chosen, other)) as root:
            return read_tree(root)

    def origins(self) -> dict[str, str]:
        """Return path in a service → the overlay's file that it is made from, for messages."""
        found = {}
        for path in self.overlay.tree:
            if placement.language_of(path) == self.language:
                place = placement.target(path, names.package(SERVICE))
                found[place] = self.overlay.layer.label + path
        return found

    def localized(self, output: str) -> str:
        """Return the output of a tool with the overlay's own files in it."""
        origins = self.origins()

        def own(match: "re.Match[str]") -> str:
            return origins.get(match[0], match[0])

        return re.sub(r"(?<![\w/.])[\w./{}-]+", own, output)
