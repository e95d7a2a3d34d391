"""The repositories of a fleet: paths and URLs, typed or listed in a file."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scaffolder import names
from scaffolder.catalogue import read_yaml
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.git import QUIET, Git, repository
from scaffolder.errors import RefusedError, UsageError
from scaffolder.overlays import origin, remote, store
from scaffolder.overlays.origin import Origin
from scaffolder.source import NAME

BASE = "refs/viscaffold/base"
"""Where a copy of a URL's repository has the last commit of its default branch."""


@dataclass(frozen=True)
class Place:
    """A repository with the services of a fleet: its git, the commit to start from."""

    git: Git
    commit: str
    prefix: str
    """The services are below it: empty, or ending in a slash."""
    upstream: Origin
    """Where branches are pushed to."""


def listed(given: Iterable[str], file: str | None) -> list[str]:
    """Return what was typed and what the file lists, each once; raise UsageError for nothing."""
    found = [*given, *(_lines(file) if file else [])]
    if not found:
        raise UsageError(
            "no repositories are given", "viscaffold fleet status REPO... or --file FILE"
        )
    unique: dict[str, str] = {}
    for text in found:
        key = str(Path(text).resolve()) if Path(text).is_dir() else text
        unique.setdefault(key, text)
    return list(unique.values())


def _lines(file: str) -> Iterator[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{names.shown(file)} cannot be read: {error}") from error
    for line in text.splitlines():
        entry = line.partition(" #")[0].strip()
        if entry and not entry.startswith("#"):
            yield entry


def shown(text: str) -> str:
    """Return how a repository is called: never with credentials."""
    return names.printable(origin.recorded(text))


def find(text: str) -> Place:
    """Return the repository at a path or URL; one at a URL is fetched into the user's cache.

    Raise RefusedError if there is none, or it has no commit.
    """
    if "://" in text or not Path(text).exists():
        return _fetched(text)
    found = repository(Path(text).resolve())
    if found is None:
        raise RefusedError("it is in no git repository")
    if not found.head():
        raise RefusedError("it has no commit yet")
    url = found.git("config", "--get", "remote.origin.url", expect=(0, 1)).stdout.decode().strip()
    upstream = Origin(origin.recorded(url), "origin" if url else "")
    return Place(found.git, found.head(), found.prefix, upstream)


def _fetched(text: str) -> Place:
    wanted = origin.parse(text)
    if wanted.version or not wanted.url:
        raise RefusedError("it is no repository: a path, or a URL without @TAG")
    key = hashlib.sha256(wanted.place.encode()).hexdigest()[:12]
    name = PurePosixPath(wanted.place).name.removesuffix(".git") or "repository"
    root = store.cache() / "fleet" / f"{name}-{key}"
    root.mkdir(parents=True, exist_ok=True)
    git = Git(root, options=QUIET)
    git("init", "--quiet", "--template=")
    remote.head(wanted, root, BASE)
    return Place(git, git.line("rev-parse", BASE), "", wanted)


def services(git: Git, commit: str, prefix: str) -> list[str]:
    """Return the directories of the services that a commit has; raise RefusedError if none."""
    paths = git.fields(
        "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", prefix or "."
    )
    found = [
        str(PurePosixPath(path).parent)
        for path in paths
        if PurePosixPath(path).name == ANSWERS_FILE and _is_ours(git, commit, path)
    ]
    if not found:
        raise RefusedError("it has no service that viscaffold made")
    return found


def _is_ours(git: Git, commit: str, path: str) -> bool:
    import yaml

    try:
        recorded = read_yaml(git("cat-file", "blob", f"{commit}:{path}").stdout)
    except yaml.YAMLError:
        return True  # damaged: let that be said
    return not isinstance(recorded, dict) or recorded.get("_src_path") == NAME


@contextmanager
def checked_out(place: Place, directory: Path) -> Iterator[Path]:
    """Check the commit out into a work tree of its own, which is gone afterwards."""
    tree = directory / "tree"
    place.git("worktree", "add", "--quiet", "--detach", str(tree), place.commit)
    try:
        yield tree
    finally:
        place.git("worktree", "remove", "--force", str(tree), expect=(0, 128))
        place.git("worktree", "prune")
