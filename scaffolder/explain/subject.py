"""Where is asked: a service, or no service and all that a new one could have."""

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from scaffolder import names, regular_files
from scaffolder.engine import git
from scaffolder.engine.git import Repository
from scaffolder.engine.trees import Tree
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.languages.base import Text
from scaffolder.operations import declared_settings, places
from scaffolder.operations.declared_settings import EXAMPLE, Setting
from scaffolder.operations.rendering import render
from scaffolder.operations.service import Answers, Service, around
from scaffolder.templates import catalogue
from scaffolder.templates.catalogue import Catalogue
from scaffolder.templates.template import Template, builtin

from . import runbook

FILES = 1000
"""How many files of the user's own code are read."""
SAMPLE = "orders"
"""What a service is called where there is none."""


@dataclass(frozen=True)
class Subject:
    """A service, or a new one with every stage; its renders are made once."""

    start: Path
    template: Template
    answers: Answers
    catalogue: Catalogue
    service: Service | None = None

    @property
    def language(self) -> str:
        """Return the language of the service."""
        return self.catalogue.language

    @property
    def inner(self) -> str:
        """Return the directory of what the template brings; empty for the service's own."""
        return self.service.inner if self.service else ""

    @property
    def package(self) -> str:
        """Return what code calls the service."""
        return names.package(self.answers["name"])

    @cached_property
    def rendered(self) -> Tree:
        """Return what the template gives for the service."""
        return self._placed(self._unplaced)

    @cached_property
    def _unplaced(self) -> Tree:
        return render(self.template, self.answers, remember=True)

    def without(self, stages: list[str]) -> Tree:
        """Return the same without these stages."""
        kept = [name for name in self.answers["stages"] if name not in stages]
        return self._placed(render(self.template, {**self.answers, "stages": kept}, remember=True))

    def _placed(self, tree: Tree) -> Tree:
        return self.service.placed(tree) if self.service else tree

    def text(self, path: str) -> str:
        """Return a file as the template gives it; empty if it gives none."""
        return _text(self.rendered, path)

    def given(self, path: str) -> str:
        """Return the same of a file by its path in the template, also if it is not here."""
        has_it = self.service is None or self.service.has_runtime
        return _text(self._unplaced, path) if has_it else ""

    @cached_property
    def texts(self) -> list[tuple[str, Text]]:
        """Return the texts in the service's code but for its tests, each with its path."""
        language = LANGUAGES[self.language]
        tests = f"{PurePosixPath(self.inner, 'tests')}/"
        sources = {path: content for path, (_, content) in self.rendered.items()} | self._own
        return [
            (path, text)
            for path, content in sources.items()
            if path.endswith(language.SUFFIX) and not path.startswith(tests)
            for text in language.texts(content)
        ]

    @cached_property
    def _own(self) -> dict[str, bytes]:
        """Return the code that the user has beside the template's, up to a number of files."""
        if self.service is None:
            return {}
        root, suffix = self.service.root, LANGUAGES[self.language].SUFFIX
        found = islice(self.service.home.glob(f"src/**/*{suffix}"), FILES)
        paths = {file.relative_to(root).as_posix(): file for file in found}
        read = {p: regular_files.content(at) for p, at in paths.items() if p not in self.rendered}
        return {path: content for path, content in read.items() if content is not None}

    @cached_property
    def sentences(self) -> list[runbook.Entry]:
        """Return what the documents of the service say of lines in its log."""
        pages = {path: self.text(path) for path in self.rendered if path.endswith(".md")}
        return [*runbook.sentences(pages)]

    @cached_property
    def repository(self) -> Repository | None:
        """Return the repository of the service."""
        return git.repository(self.service.root) if self.service else None

    @cached_property
    def stage_of(self) -> dict[str, str]:
        """Return path → stage for the files that stages bring, also those that are not here."""
        moved = self.service.places if self.service else {}
        return places.of_stages(self.template, self.language, self.package, moved)

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """Return the settings of the service: the template's, and those that the user added."""
        own = regular_files.text(self.service.file(EXAMPLE)) if self.service else None
        read = [*declared_settings.read(self.given(EXAMPLE)), *declared_settings.read(own or "")]
        return {setting.name: setting for setting in reversed(read)}


def _text(tree: Tree, path: str) -> str:
    return tree.get(path, ("", b""))[1].decode("utf-8", "replace")


def of(start: Path, language: str = "") -> Subject:
    """Return what is asked about at `start`; nobody else is asked, and no server.

    Raise UsageError for a language that does not exist or is another than the service's,
    RefusedError for a service whose answers are damaged.
    """
    service = around(start, None, language, "viscaffold explain --help")
    if service:
        return Subject(start, service.template, service.answers, service.catalogue, service)
    template = builtin()
    known = catalogue.load(template.root, language or DEFAULT)
    answers = {"name": SAMPLE, "language": known.language, "stages": sorted(known.stages)}
    return Subject(start, template, answers, known)
