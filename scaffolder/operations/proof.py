"""Verify a service: a tree of it, in the index or in a commit, and never the user's dirt."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from scaffolder import temporary
from scaffolder.engine import ANSWERS_FILE, index, trees
from scaffolder.engine.git import Git, Repository
from scaffolder.errors import RefusedError, UsageError
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.text import listed, shown
from scaffolder.verify import checkout, evidence, places
from scaffolder.verify.outcome import Level, Verification
from scaffolder.verify.subject import DOCKERFILE, Subject
from scaffolder.verify.verification import Seen, ignore, verify

from . import places as service_places
from . import service as services
from .service import Service


def prove(  # noqa: PLR0913 - one for each option of the command
    service: Path,
    *,
    revision: str = "",
    level: Level = Level.LOCAL,
    again: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
    seen: Seen = ignore,
) -> Verification:
    """Verify the service that `service` is in: its index, or a commit.

    What passed already is not verified anew, unless `again`. `seen` hears of each step. Raise
    RefusedError where there is nothing that can be verified.
    """
    repository = repository_of(service)
    with trees.scratch(repository) as scratch:
        tree = tree_of(repository, scratch, revision)
        return in_tree(
            repository, scratch, tree, level, again=again, trust=trust, report=report, seen=seen
        )


def in_tree(  # noqa: PLR0913 - which tree, where it is, and the options of `prove`
    repository: Repository,
    git: Git,
    tree: str,
    level: Level,
    *,
    again: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
    seen: Seen = ignore,
) -> Verification:
    """Verify the service in `tree`, which `git` has; as `prove`."""
    known = None if again else _known(repository, tree, level, report)
    if known:
        return known
    with subject(repository, git, tree, trust=trust) as found:
        return _kept(repository, verify(found, level, report, seen))


def of_tree(  # noqa: PLR0913 - what is verified, how far, and for whom
    service: Service, git: Git, tree: str, level: Level, *, home: Repository, report: Reporter
) -> Verification:
    """Verify what a service would become: `tree`, which `git` has.

    `home` keeps what is needed for it, and the evidence.
    """
    known = _known(home, tree, level, report)
    if known:
        return known
    with exported(service, git, tree, home=home) as planned:
        return _kept(home, verify(planned, level, report))


@contextmanager
def exported(service: Service, git: Git, tree: str, *, home: Repository) -> Iterator[Subject]:
    """Export a tree of a known service for as long as the block lasts; arguments as `of_tree`."""
    with _exported(git, tree) as root:
        yield _described(replace(service, root=root), home, tree)


def _known(
    repository: Repository, tree: str, level: Level, report: Reporter
) -> Verification | None:
    """Return what was seen when a tree passed; what failed, or was not looked at, is tried anew."""
    found = evidence.passed(evidence.of(repository, tree, report), level)
    return replace(found, known=True) if found else None


def _kept(repository: Repository, verification: Verification) -> Verification:
    evidence.keep(repository, verification)
    return verification


def tree_of(repository: Repository, scratch: Git, revision: str = "") -> str:
    """Return the tree of a service in the index, or in a commit.

    Raise RefusedError if the index has conflicts, UsageError if there is no such commit, or no
    service in it.
    """
    if not revision:
        left = index.unmerged(repository)
        if left:
            raise RefusedError(
                f"what has conflicts cannot be verified:\n{listed(left)}", "resolve them first"
            )
        copy = index.copied(scratch, repository, "verified")
        return index.write_tree(scratch, repository, copy)
    name = f"{revision}^{{commit}}"
    commit = repository.git(
        "rev-parse", "--quiet", "--verify", "--end-of-options", name, expect=(0, 1, 128)
    )
    if commit.returncode:
        raise UsageError(f"there is no commit {shown(revision)}", "git log lists those that are")
    where = f"{commit.stdout.decode().strip()}:{repository.prefix}"
    found = repository.git("rev-parse", "--quiet", "--verify", where, expect=(0, 1, 128))
    if found.returncode:
        raise UsageError(f"{shown(revision)} has no {repository.prefix}", "choose a later commit")
    return found.stdout.decode().strip()


@contextmanager
def subject(
    repository: Repository, git: Git, tree: str, *, trust: TrustPolicy = NEVER
) -> Iterator[Subject]:
    """Export the service in `tree` for as long as the block lasts.

    `git` is where the tree is, which may be a scratch repository: it may be one that an operation
    only plans. All that is known of the service is read from the tree.
    """
    with _exported(git, tree) as root:
        if not (root / ANSWERS_FILE).is_file():
            raise RefusedError(
                f"what was to be verified is no service: it has no {ANSWERS_FILE}",
                f"git add {ANSWERS_FILE}, or another commit",
            )
        home = repository.directory
        yield _described(services.load(root, trust, home=home), repository, tree)


@contextmanager
def _exported(git: Git, tree: str) -> Iterator[Path]:
    with temporary.directory() as place:
        root = place / "service"
        root.mkdir()
        checkout.export(git, tree, root)
        yield root


def _described(service: Service, repository: Repository, tree: str) -> Subject:
    known = service.catalogue
    return Subject(
        service.root,
        tree,
        service.answers["name"],
        LANGUAGES[service.language],
        toolchain.load(service.template.root, service.language),
        [known.stages[name] for name in service.stages],
        places.home(repository),
        repository.prefix,
        service_places.home(service.places),
        service_places.place(DOCKERFILE, service.places) or DOCKERFILE,
        not service.has_runtime,
        {
            "name": service.answers["name"],
            "language": service.language,
            "viscaffold": metadata.version("viscaffold"),
            "template": service.template.version,
            "overlays": [layer.entry() for layer in service.template.layers],
            "stages": service.stages,
        },
    )


def repository_of(service: Path) -> Repository:
    """Return the repository of the service that `service` is in; raise RefusedError without one."""
    return services.repository_of(service, "and what is verified is a tree in git")
