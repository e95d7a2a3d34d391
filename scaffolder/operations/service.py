"""An existing service: where it is, the answers that it was made with, and its repository."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from scaffolder import names
from scaffolder.engine import ANSWERS_FILE, git
from scaffolder.engine.git import Repository
from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError, UsageError, unknown
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.fetch.origin import without_credentials
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.plain_yaml import YamlError
from scaffolder.templates import catalogue, layer, questions
from scaffolder.templates.catalogue import Catalogue
from scaffolder.templates.template import NAME, Template, carried
from scaffolder.text import shown

from . import places
from .places import KEY, Places

Answers = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """A service, its answers, and the template that it was made with."""

    root: Path
    answers: Answers
    template: Template
    unread: str = ""
    """Why the overlays could not be read; `template` has the built-in files alone then."""
    places: Places = field(default_factory=dict)
    """Where files of the template are, if the service was adopted."""

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return the stages of its template."""
        return catalogue.load(self.template.root, self.language)

    @property
    def language(self) -> str:
        """Return the language that it is written in."""
        return str(self.answers["language"])

    def command(self, name: str, *words: str) -> str:
        """Return a command of its language, as its own template version has it, and words for it.

        The user's own code, where it is beside the service, is made ready and tested with it.
        """
        tools = toolchain.load(self.template.root, self.language)
        typed = " ".join([tools.command(name, names.package(self.answers["name"])), *words])
        home = places.home(self.places)
        here = "" if name == "run" else f"{typed} && "
        return f"{here}(cd {home} && {typed})" if home else typed

    @property
    def stages(self) -> list[str]:
        """Return the stages that it has, sorted."""
        return list(self.answers["stages"])

    @property
    def inner(self) -> str:
        """Return the path of the directory of what the template brings; empty for its own."""
        return places.home(self.places)

    @property
    def home(self) -> Path:
        """Return that directory, which has the settings and the compose file."""
        return self.root / self.inner

    def file(self, path: str) -> Path:
        """Return where a file is that the template has, too: its own, or the user's instead."""
        there = self.places.get(path)
        return self.home / path if there is None else self.root / (there or path)

    @property
    def has_runtime(self) -> bool:
        """Tell whether more of it than its container is the template's."""
        return places.has_runtime(self.places)

    def require_runtime(self) -> None:
        """Raise RefusedError where nothing of it but the container was adopted."""
        if not self.has_runtime:
            raise RefusedError(
                "this service was adopted with --container-only: it has no runtime, and what "
                "belongs to one",
                "viscaffold adopt, which brings the runtime; then this command again",
            )

    def placed(self, tree: Tree) -> Tree:
        """Return a render with its files where this service has them."""
        return places.placed(tree, self.places)

    def with_stages(self, stages: list[str]) -> Answers:
        """Return the answers with other stages."""
        return {**self.answers, "stages": stages}


def find(start: Path) -> Path | None:
    """Return the nearest directory, from `start` upwards, that holds a service."""
    # Not `Path.resolve`, which would follow links.
    start = Path(os.path.abspath(start))  # noqa: PTH100
    for directory in (start, *start.parents):
        if (directory / ANSWERS_FILE).is_file():
            return directory
    return None


def root(start: Path) -> Path:
    """Return the directory of the service around `start`; raise RefusedError if there is none."""
    found = find(start)
    if found is None:
        raise RefusedError(
            f"{start} is not in a service: there is no {ANSWERS_FILE} here or above",
            "cd into a service, or make one: viscaffold new NAME",
        )
    _require_owner(found)
    return found


def repository_of(start: Path, why: str) -> Repository:
    """Return the repository of the service around `start`.

    Raise RefusedError, which says `why` there has to be one, if there is none.
    """
    directory = root(start)
    git.require_version()
    found = git.repository(directory)
    if found is None:
        raise RefusedError(
            f"{directory} is not in a git repository, {why}",
            "git init && git add --all && git commit -m 'Start'",
        )
    return found


def _require_owner(directory: Path) -> None:
    """Raise RefusedError for answers of another user, as git does for a repository.

    Anyone who may write to a directory above, such as /tmp, could put an answers file there. Where
    git trusts the repository around it (safe.directory), so does viscaffold.
    """
    me = os.geteuid()
    mine = {me} | ({int(os.environ.get("SUDO_UID") or me)} if me == 0 else set())
    strange = [p for p in (directory, directory / ANSWERS_FILE) if p.lstat().st_uid not in mine]
    if strange and git.repository(directory) is None:
        raise RefusedError(
            f"{strange[0]} belongs to another user, and is not in a repository that git trusts",
            f'if that is intended: sudo chown -R "$USER" {shlex.quote(str(directory))}',
        )


def around(start: Path, trust: TrustPolicy | None, language: str, listing: str) -> Service | None:
    """Return the service that `start` is in, as `load` does; None if it is in none.

    Raise UsageError for a `language` that does not exist, for the command `listing` names those
    that do, or that the service is not written in; it may be empty.
    """
    if language and language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES, listing)
    if find(start) is None:
        return None
    service = load(start, trust)
    if language not in ("", service.language):
        raise UsageError(f"the service here is in {service.language}, not in {language}")
    return service


def load(start: Path, trust: TrustPolicy | None, *, home: Path | None = None) -> Service:
    """Load the service that `start` is in; relative paths of overlays begin there, or at `home`.

    Raise RefusedError if there is none, if its answers are damaged, or if it was made with another
    template or with a version that this tool does not carry. An overlay that is recorded is fetched
    if this machine does not know it; RefusedError if it cannot be had, or is not trusted.

    Without a policy, nobody is asked, and no server; what cannot be read so is said in `unread`.
    """
    directory = root(start)
    recorded = _read(directory / ANSWERS_FILE)
    _check_template(recorded)
    template, unread = _template(recorded, home or directory, trust)
    answers = _answers(recorded, template.root)
    project = Service(directory, answers, template, unread, recorded.get(KEY, {}))
    answers["stages"] = _stages(answers, None if unread else project.catalogue)
    return project


def _answers(recorded: Mapping[str, Any], root: Path) -> Answers:
    """Return the recorded answers to questions that are asked.

    Copier would take any other key for the answer to a question that it computes.
    """
    found = questions.kept(recorded, questions.load(root))
    for name, answer in found.items():
        if name != "stages" and not isinstance(answer, str | int | float | bool):
            raise _damaged(f"has more than a single value for {name!r}")
    return found


def _template(
    recorded: Mapping[str, Any], root: Path, trust: TrustPolicy | None
) -> tuple[Template, str]:
    """Return the template that is recorded, and why what is laid over it could not be read."""
    base = carried(recorded["_commit"])
    if "_overlays" not in recorded:
        return base, ""
    from scaffolder.overlays import resolve  # noqa: PLC0415 - for a service with overlays alone

    layers = layer.read(recorded["_overlays"], root)
    if trust is not None:
        return resolve.with_layers(base, layers, trust), ""
    try:
        return resolve.at_hand(base, layers), ""
    except RefusedError as error:
        return replace(base, layers=layers), error.message


def _read(path: Path) -> Mapping[str, Any]:
    try:
        recorded = catalogue.read_yaml(path)
    except YamlError as error:
        raise _damaged(f"cannot be read: {error.message}") from error
    except OSError as error:
        raise _damaged(f"cannot be read: {error.strerror}") from error
    if not isinstance(recorded, dict) or not all(isinstance(key, str) for key in recorded):
        raise _damaged("does not hold answers, `question: answer` on each line")
    for key in ("_src_path", "_commit", "name", "language"):
        if not isinstance(recorded.get(key), str):
            raise _damaged(f"has no text for {key!r}")
    if recorded["language"] not in LANGUAGES:
        raise _damaged(
            f"has a language that this viscaffold does not know: {recorded['language']!r}"
        )
    if not names.PATTERN.fullmatch(recorded["name"]):
        raise _damaged(f"has a name that no service can have: {recorded['name']!r}")
    wrong = places.problem(recorded.get(KEY, {}))
    if wrong:
        raise _damaged(wrong)
    return recorded


def _check_template(recorded: Mapping[str, Any]) -> None:
    made_with = recorded["_src_path"]
    if made_with != NAME:
        raise RefusedError(
            f"this project was made with another template: {shown(without_credentials(made_with))}",
            "viscaffold changes services that `viscaffold new` or `adopt` made",
        )


def _stages(answers: Answers, known: Catalogue | None) -> list[str]:
    stages = answers.get("stages", [])
    if not isinstance(stages, list) or not all(isinstance(name, str) for name in stages):
        raise _damaged("has no list of names for 'stages'")
    if known is None:
        return sorted(stages)
    strange = [name for name in stages if name not in known.stages]
    if strange:
        raise _damaged(f"has a stage that its template does not have: {strange[0]!r}")
    return known.chosen(stages)


def _damaged(problem: str) -> RefusedError:
    return RefusedError(
        f"{ANSWERS_FILE} {problem}",
        f"take back what was changed in it: git checkout {ANSWERS_FILE}",
    )
