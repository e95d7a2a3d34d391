"""The repositories of a fleet: paths and URLs, typed or listed in a file."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scaffolder import paths, plain_yaml
from scaffolder.engine import ANSWERS_FILE
from scaffolder.engine.git import QUIET, Git, Repository, repository
from scaffolder.errors import RefusedError, UsageError
from scaffolder.overlays.fetch import origin, remote
from scaffolder.overlays.fetch.origin import Origin
from scaffolder.templates.catalogue import read_yaml
from scaffolder.templates.template import NAME
from scaffolder.text import printable

from . import checkout

BASE = "refs/viscaffold/base"
"""Where a copy of a URL's repository has the last commit of its default branch."""


MOST_LISTED = 64 << 20
"""Bytes of a list of files: some half a million of them."""

MOST_BYTES = 2 << 30
"""Of a repository's files: they are all checked out."""


@dataclass(frozen=True)
class Place:
    """A repository with the services of a fleet, and the commit to start from."""

    repository: Repository
    """Only its references and objects are used."""
    commit: str
    prefix: str
    """The services are below it: empty, or ending in a slash."""
    upstream: Origin
    """Where branches are pushed to."""
    fetched: bool = False
    """It is a copy of a URL's, with no more than that commit."""


def listed(given: Iterable[str], text: str) -> list[str]:
    """Return what was typed and what a text lists, each once; raise UsageError for nothing."""
    found = [*given, *_lines(text)]
    if not found:
        raise UsageError(
            "no repositories are given", "viscaffold fleet status REPO... or --file FILE"
        )
    unique: dict[str, str] = {}
    for place in found:
        key = str(Path(place).resolve()) if Path(place).is_dir() else place
        unique.setdefault(key, place)
    return list(unique.values())


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        entry = line.partition(" #")[0].strip()
        if entry and not entry.startswith("#"):
            yield entry


def shown(text: str) -> str:
    """Return how a repository is called: never with credentials."""
    return printable(origin.without_credentials(text))


def find(text: str) -> Place:
    """Return the repository at a path or URL; one at a URL is fetched into the user's cache.

    Raise RefusedError if there is none, or it has no commit.
    """
    if "://" in text or not Path(text).exists():
        return _fetched(text)
    found = repository(Path(text).resolve())
    if found is None:
        raise RefusedError("it is not in a git repository")
    found, prefix = checkout.guarded(found), found.prefix
    if not found.head():
        raise RefusedError("it has no commit yet")
    return Place(found, found.head(), prefix, _upstream(found))


def _upstream(found: Repository) -> Origin:
    """Return where the repository's branches are pushed to, as its configuration says."""
    asked = ("remote", "get-url", "--push", "origin")
    url = os.fsdecode(found.git(*asked, expect=(0, 2, 128)).stdout).removesuffix("\n")
    if url and not origin.is_url(url):
        url = str((found.top / url).resolve())
    return Origin(origin.without_credentials(url), url)


def _fetched(text: str) -> Place:
    wanted = origin.parse(text)
    if wanted.version or wanted.folder or not wanted.url:
        raise RefusedError("it is not a repository: give a path, or a URL without @TAG")
    key = hashlib.sha256(wanted.place.encode()).hexdigest()[:12]
    name = PurePosixPath(wanted.place).name.removesuffix(".git") or "repository"
    root = paths.cache() / "fleet" / f"{name}-{key}"
    root.mkdir(parents=True, exist_ok=True)
    home = root / ".git"
    git = Git(root, {"GIT_DIR": str(home)}, QUIET)
    git("init", "--quiet", "--template=")
    remote.head(wanted, home, BASE)
    commit = git.line("rev-parse", BASE)
    object_format = git.line("rev-parse", "--show-object-format")
    found = Repository(git, root, "", home, home / "objects", object_format)
    return Place(found, commit, "", wanted, fetched=True)


def services(place: Place) -> list[str]:
    """Return the directories of the services that a commit has; raise RefusedError if none."""
    git = place.repository.git
    command = ("ls-tree", "-r", "-z", "-l", "--full-tree", place.commit)
    listed = git.limited(*command, "--", place.prefix or ".", most=MOST_LISTED)
    entries = [] if listed is None else os.fsdecode(listed).split("\0")[:-1]
    found, size = [], 0
    for entry in entries:
        about, _, path = entry.partition("\t")
        mode, _, oid, length = about.split()
        size += int(length) if length != "-" else 0
        if PurePosixPath(path).name == ANSWERS_FILE and mode.startswith("100"):
            found += [path] if _is_ours(git, oid, int(length)) else []
    if listed is None or size > MOST_BYTES:
        raise RefusedError(
            f"its files are more than {MOST_BYTES >> 30} GiB, or too many to list",
            "viscaffold update, in a checkout of it",
        )
    if not found:
        raise RefusedError("it has no service that viscaffold made")
    return [str(PurePosixPath(path).parent) for path in found]


def _is_ours(git: Git, oid: str, size: int) -> bool:
    if size > plain_yaml.MOST_BYTES:
        return True
    try:
        recorded = read_yaml(git("cat-file", "blob", oid).stdout)
    except plain_yaml.YamlError:
        return True  # damaged: let that be said
    return not isinstance(recorded, dict) or recorded.get("_src_path") == NAME
