"""Git servers: which versions a repository has, and what is in one of them.

Git is asked for no more than tags. Nothing is checked out: no filter, submodule or link of the
repository has an effect.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError

from . import files, transport
from .origin import Origin


@dataclass(frozen=True)
class Tagged:
    """The content of a tag."""

    tree: Tree
    commit: str


def versions(origin: Origin) -> dict[str, str]:
    """Return tag → commit of a repository, for tags that are versions, oldest first.

    Raise RefusedError if the repository cannot be read, or does not answer in time.
    """
    if origin.place not in _remembered:
        _remembered[origin.place] = _versions(origin)
        if not _remembering:
            return _remembered.pop(origin.place)
    return _remembered[origin.place]


_remembered: dict[str, dict[str, str]] = {}
_remembering: list[bool] = []


def remember() -> None:
    """Ask every server once from now on: a fleet has one template, and many services."""
    _remembering.append(True)


def _versions(origin: Origin) -> dict[str, str]:
    lines = transport.run(
        origin, None, "ls-remote", "--tags", "--", transport.clean(origin)
    ).splitlines()
    commits: dict[str, str] = {}
    for line in lines:
        oid, _, ref = line.partition("\t")
        tag = ref.removeprefix("refs/tags/")
        peeled = tag.endswith("^{}")
        if peeled or tag not in commits:
            commits[tag.removesuffix("^{}")] = oid
    ordered = sorted((tag for tag in commits if version_key(tag)), key=version_key)
    return {tag: commits[tag] for tag in ordered}


def version_key(tag: str) -> "tuple[object, ...]":
    """Return what tags are ordered by, as PEP 440 orders versions; empty for what is none."""
    from packaging.version import InvalidVersion, Version

    try:
        return (Version(tag),)
    except InvalidVersion:
        return ()


def newest(tags: Mapping[str, str], origin: Origin, current: str = "") -> str:
    """Return the newest version; a pre-release only if there is no other, or `current` is one.

    Raise RefusedError if there is none at all.
    """
    from packaging.version import Version

    if not tags:
        raise RefusedError(
            f"{origin.place} has no tag that is a version",
            "git tag 1.0 && git push --tags, in the template",
        )
    final = [tag for tag in tags if not Version(tag).is_prerelease]
    early = bool(current and version_key(current) and Version(current).is_prerelease)
    return list(tags)[-1] if early or not final else final[-1]


def fetch(origin: Origin) -> Tagged:
    """Fetch what the tag `origin.version` holds, and no more.

    Raise RefusedError if there is no such tag, or as `versions`.
    """
    directory = Path(tempfile.mkdtemp(prefix="viscaffold-"))
    try:
        transport.run(origin, directory, "init", "--quiet", "--bare", "--template=")
        ref = f"refs/tags/{origin.version}"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        try:
            transport.run(
                origin, directory, "fetch", *options, "--", transport.clean(origin), f"{ref}:{ref}"
            )
        except transport.MissingTagError as error:
            raise _no_tag(origin) from error
        commit = transport.run(origin, directory, "rev-parse", f"{ref}^{{commit}}").strip()
        return Tagged(_read(origin, directory, commit), commit)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def head(origin: Origin, repository: Path, ref: str) -> None:
    """Fetch the last commit of the default branch, as `ref`; raise as `versions`."""
    options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
    transport.run(
        origin, repository, "fetch", *options, "--", transport.clean(origin), f"+HEAD:{ref}"
    )


def push(origin: Origin, repository: Path, branch: str) -> None:
    """Push a branch that the server does not have, or that goes on from the one it has."""
    ref = f"refs/heads/{branch}"
    transport.run(
        origin, repository, "push", "--quiet", "--", transport.clean(origin), f"{ref}:{ref}"
    )


def _no_tag(origin: Origin) -> RefusedError:
    tags = list(versions(origin))
    known = f"it has {', '.join(tags[-5:])}" if tags else "it has no tag that is a version"
    return transport.MissingTagError(
        f"{origin.place} has no tag {origin.version}; {known}", f"{origin.place}@{tags[-1]}"
        if tags else "git tag 1.0 && git push --tags, in the template",
    )  # fmt: skip


def _read(origin: Origin, directory: Path, commit: str) -> Tree:
    """Read the files of a commit that belong to an overlay; links are not followed, but named."""
    listed = transport.run(origin, directory, "ls-tree", "-r", "-z", "-l", commit).split("\0")[:-1]
    wanted: list[tuple[str, str, str]] = []
    size = 0
    for line in listed:
        about, _, path = line.partition("\t")
        mode, _, oid, length = about.split()
        if files.belongs(path) or path in files.CONFIGS:
            wanted.append((path, mode, oid))
            size += int(length) if length != "-" else 0
    if size > files.MOST_BYTES or len(wanted) > files.MOST_FILES:
        raise RefusedError(f"{origin.shown} is larger than a template can be")
    tree: Tree = {}
    for path, mode, oid in wanted:
        odd = mode in files.OTHERS
        tree[path] = (
            mode,
            b"" if odd else transport.run_bytes(origin, directory, "cat-file", "blob", oid),
        )
    return tree
