"""The lock of a service's dependencies: made and renewed with what changes them."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from types import MappingProxyType

from scaffolder.engine import index, trees
from scaffolder.engine import merge as merging
from scaffolder.engine.git import Repository
from scaffolder.engine.merge import Merge
from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.languages.base import ContradictionError, Language, NotLockedError
from scaffolder.languages.toolchain import Toolchain
from scaffolder.overlays.fetch import preferences
from scaffolder.templates.template import Template

from . import places
from .places import Places
from .service import Service

MODE = "100644"
NO_FILE = (MODE, b"")
LOCK = "viscaffold lock"
OFTEN = "mostly of its framework, such as fastapi"


class LockMode(Enum):
    """When an operation makes the lock anew."""

    IF_NEEDED = auto()
    """When it does not fit the manifest, and the user wants locks; a failure is only noted."""
    IF_SOLVABLE = auto()
    """The same, but a contradiction is raised: what is written could not be installed."""
    REQUIRED = auto()
    """When it does not fit; a failure is raised."""
    UPGRADE = auto()
    """Always, with the newest versions; a failure is raised."""
    NEVER = auto()
    """Files stay as they are rendered: for a comparison with a render."""


ASIDE = (LockMode.IF_NEEDED, LockMode.IF_SOLVABLE)
"""The lock is not what was asked for."""


@dataclass(frozen=True)
class Locking:
    """How the dependencies of one service are locked."""

    language: Language
    tools: Toolchain
    mode: LockMode
    untracked: frozenset[str] = frozenset()
    """Locks that git does not track: made by tools of the language, or the user's own."""

    @property
    def paths(self) -> list[str]:
        """Return the manifest and the files that lock it; nothing where there are none."""
        return [self.tools.manifest, *self.tools.locks.values()] if self.tools.locks else []

    def apart(self, mine: Mapping[str, bytes], base: Tree, theirs: Tree) -> tuple[Tree, Tree]:
        """Return both renders without lock files that are other than rendered in the service.

        The template only has what stands there until they are locked: it is not to be merged into a
        lock, nor into a file of the user's own.
        """
        own = {p for p in self.tools.locks.values() if mine.get(p, b"") != base.get(p, NO_FILE)[1]}
        own &= mine.keys()
        return _without(base, own), _without(theirs, own)

    def unlocked(self, mine: Mapping[str, bytes], render: Tree) -> Tree:
        """Return a render without the files that are locked in the service."""
        return _without(render, self._locked(mine))

    def where_wanted(self, mine: Mapping[str, bytes], base: Tree) -> "Locking":
        """Return it, or none where locks are not asked for and the user deleted one."""
        deleted = any(path in base and path not in mine for path in self.tools.locks.values())
        none = replace(self, tools=replace(self.tools, locks={}))
        return none if deleted and self.mode in ASIDE else self

    def beside(self, mine: Mapping[str, bytes], service: Path) -> "Locking":
        """Return it with the locks in the directory `service` that are not in `mine`."""
        others = {path for path in self.tools.locks.values() if path not in mine}
        found = frozenset(path for path in others if os.path.lexists(service / path))
        return replace(self, untracked=found)

    def made(self, files: Mapping[str, bytes], rendered: Tree) -> dict[str, bytes]:
        """Return the lock files to write for a service with these `files`, if they are not current.

        Raise NotLockedError, with the reason, if they cannot be made.
        """
        manifest = files.get(self.tools.manifest)
        if manifest is None or not self.tools.locks:
            return {}
        locked = self._locked(files)
        current = [self.language.is_current(manifest, content) for content in locked.values()]
        if self.mode in ASIDE and not preferences.locks():
            if all(current):
                return {}
            raise NotLockedError("locking is turned off, and the lock does not fit any more")
        for path in self.tools.locks.values():
            start = rendered.get(path, NO_FILE)[1]
            if path not in locked and _first(files.get(path, start)) != _first(start):
                raise NotLockedError(f"{path} is not viscaffold's")
        upgrade = self.mode is LockMode.UPGRADE
        if not upgrade and sum(current) == len(self.tools.locks):
            return {}
        for path in self.untracked:
            raise NotLockedError(f"git does not track {path}; git add {path}")
        return self.language.lock(manifest, self.tools.locks, locked, upgrade=upgrade)

    def outdated(self, files: Mapping[str, bytes]) -> list[str]:
        """Return the lock files among `files` that do not fit the manifest any more."""
        manifest = files.get(self.tools.manifest)
        if manifest is None:
            return []
        locked = self._locked(files).items()
        return [path for path, lock in locked if not self.language.is_current(manifest, lock)]

    def _locked(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        paths = self.tools.locks.values()
        return {p: files[p] for p in paths if p in files and self.language.is_lock(files[p])}


def _first(content: bytes) -> bytes:
    """Return the line that says what a file is: an adopted service has its own below it."""
    return content.partition(b"\n")[0]


def _without(tree: Tree, paths: Collection[str]) -> Tree:
    return {path: entry for path, entry in tree.items() if path not in paths}


def of(
    template: Template,
    language: str,
    mode: LockMode = LockMode.IF_NEEDED,
    moved: Places = MappingProxyType({}),
) -> Locking:
    """Return how services of a template in a language are locked."""
    tools = places.of_tools(toolchain.load(template.root, language), moved)
    return Locking(LANGUAGES[language], tools, mode)


def of_service(service: Service, mode: LockMode = LockMode.IF_NEEDED) -> Locking:
    """Return how a service is locked."""
    return of(service.template, service.language, mode, service.places)


def held(repository: Repository, paths: Sequence[str]) -> dict[str, bytes]:
    """Return what the index of a service has at these paths."""
    if not paths:
        return {}
    entries = index.entries(repository, [repository.prefix + path for path in paths])
    staged = {path: entries.get(repository.prefix + path, {}).get(0) for path in paths}
    blobs = {path: blob.oid for path, blob in staged.items() if blob}
    found = trees.contents(repository.git, blobs.values())
    return {path: found[oid] for path, oid in blobs.items()}


def renewed(locking: Locking, merged: Merge, rendered: Tree) -> Merge:
    """Return the merge with the lock for its result, or with a note why it has none.

    Raise RefusedError instead where the mode says so, or if the user's configuration is wrong.
    """
    if locking.mode is LockMode.NEVER or not locking.paths:
        return merged
    try:
        return _with_lock(locking, merged, rendered)
    except NotLockedError as error:
        if locking.mode is LockMode.IF_SOLVABLE and isinstance(error, ContradictionError):
            raise RefusedError(
                f"what the service pins, and what the runtime needs, exclude each other: {error}",
                f"newer versions in its dependencies, and then the same again: {OFTEN}",
            ) from error
        if locking.mode not in ASIDE:
            hint = "" if error.command == LOCK else error.command
            raise RefusedError(f"the dependencies cannot be locked: {error}", hint) from error
        return replace(merged, notes=[*merged.notes, not_locked(error)])


def _with_lock(locking: Locking, merged: Merge, rendered: Tree) -> Merge:
    conflicts = {conflict.path for conflict in merged.conflicts}
    for path in locking.paths:
        if path in conflicts:
            raise NotLockedError(f"{path} is in conflict")
    result = trees.list_tree(merged.scratch, merged.result)
    blobs = {path: result[path].oid for path in locking.paths if path in result}
    found = trees.contents(merged.scratch, blobs.values())
    made = locking.made({path: found[oid] for path, oid in blobs.items()}, rendered)
    files = {path: (MODE, content) for path, content in made.items()}
    return merging.with_files(merged, files) if files else merged


def fresh(locking: Locking, tree: Tree) -> tuple[Tree, str]:
    """Return a new service's files with its lock, and a note if it has none.

    Raise RefusedError if the user's configuration is wrong.
    """
    files = {path: tree[path][1] for path in locking.paths if path in tree}
    try:
        made = locking.made(files, tree)
    except NotLockedError as error:
        return tree, not_locked(error)
    return {**tree, **{path: (MODE, content) for path, content in made.items()}}, ""


def not_locked(error: NotLockedError) -> str:
    """Return what is said of a service whose dependencies could not be locked."""
    return f"its dependencies are not locked: {error}; to lock them later: {error.command}"
