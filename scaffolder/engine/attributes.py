"""What the user's `.gitattributes` say about the template's files: filters and merge drivers."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping

from . import endings, trees
from .git import REDIRECTIONS, Git, Repository
from .trees import Tree, oid, quoted

CONVERSIONS = ("filter", "ident")
"""Attributes by which git stores something else than what a template gives (gitattributes(5)).

`working-tree-encoding` is not among them: a template gives what git stores.
"""

ENDINGS = ("text", "eol")
AUTOCRLF = {b"true", b"yes", b"on", b"1", b"input"}

OWN_DRIVERS = {"set", "unset", "text", "binary", "union"}
"""Merge drivers that are git's own."""

Attributes = dict[str, dict[str, str]]


def look_up(repository: Repository, paths: Iterable[str]) -> Attributes:
    """Return path → attribute → value, of those that matter here and are set."""
    asked = "".join(f"{repository.prefix}{path}\0" for path in paths)
    command = (
        "check-attr",
        "-z",
        "--stdin",
        "merge",
        "conflict-marker-size",
        *CONVERSIONS,
        *ENDINGS,
    )
    fields = repository.git.fields(*command, stdin=asked)
    found: Attributes = {}
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if value != "unspecified":
            found.setdefault(path.removeprefix(repository.prefix), {})[name] = value
    return found


def converted(git: Git, repository: Repository, tree: Tree, attributes: Attributes) -> Tree:
    """Return `tree` as git would store it: with the user's line endings and filters."""
    stored = _with_endings(repository, tree, attributes)
    into = {"GIT_OBJECT_DIRECTORY": str(git.cwd / "objects")}
    names = {
        path: _hashed(repository, path, tree[path][1], "-w", env=into)
        for path in tree.keys() & _converting(attributes)
    }
    held = trees.contents(git, names.values())
    return stored | {path: (tree[path][0], held[name]) for path, name in names.items()}


def oids(repository: Repository, tree: Tree) -> dict[str, tuple[str, str]]:
    """Return the mode and the name that git would store each file of `tree` under."""
    attributes = look_up(repository, tree)
    stored = _with_endings(repository, tree, attributes)
    found = {path: (mode, oid(repository, content)) for path, (mode, content) in stored.items()}
    for path in _converting(attributes):
        mode, content = tree[path]
        found[path] = (mode, _hashed(repository, path, content))
    return found


def _hashed(
    repository: Repository,
    path: str,
    content: bytes,
    *options: str,
    env: Mapping[str, str] | None = None,
) -> str:
    """Return the name of a content as the user's filters store it.

    One process a file: git takes no two contents that are at no path, and a filter may depend on
    the directory that it runs in.
    """
    command = ("hash-object", *options, "--stdin", f"--path={repository.prefix}{path}")
    return repository.git(*command, stdin=content, env=env).stdout.decode().strip()


def _with_endings(repository: Repository, tree: Tree, attributes: Attributes) -> Tree:
    """Return `tree` with LF where git would store LF instead of CRLF."""
    stored = dict(tree)
    windows = {path for path, (_, content) in tree.items() if endings.CRLF in content}
    if not windows:
        return stored
    found = repository.git("config", "--get", "core.autocrlf", expect=(0, 1)).stdout
    autocrlf = found.strip().lower() in AUTOCRLF
    for path in windows:
        mode, content = tree[path]
        if endings.stored_with_lf(content, attributes.get(path, {}), autocrlf=autocrlf):
            stored[path] = (mode, endings.converted(content, endings.LF))
    return stored


def _converting(attributes: Attributes) -> set[str]:
    return {
        path
        for path, found in attributes.items()
        if any(found.get(name, "unset") != "unset" for name in CONVERSIONS)
    }


def use(git: Git, repository: Repository, attributes: Attributes) -> None:
    """Make merges in the scratch repository `git` follow the user's merge drivers."""
    drivers = {found.get("merge", "") for found in attributes.values()} - OWN_DRIVERS
    drivers = {driver for driver in drivers if _copy_driver(git, repository, driver)}
    lines = []
    for path, found in attributes.items():
        driver = found.get("merge", "")
        known = driver in OWN_DRIVERS or driver in drivers
        # What a filter stores is no text to merge, unless there is a driver for it.
        driver = "unset" if not known and "filter" in found else driver
        words = [_attribute("merge", driver)] if driver else []
        if "conflict-marker-size" in found:
            words.append(_attribute("conflict-marker-size", found["conflict-marker-size"]))
        if words:
            lines.append(b"%s %s\n" % (_pattern(path), " ".join(words).encode()))
    if lines:
        home = git.cwd / "info"
        home.mkdir(exist_ok=True)
        (home / "attributes").write_bytes(b"".join(lines))


def _attribute(name: str, value: str) -> str:
    return {"set": name, "unset": f"-{name}"}.get(value, f"{name}={value}")


def _pattern(path: str) -> bytes:
    """Return a pattern that matches `path` alone (gitattributes(5), gitignore(5))."""
    escaped = "".join("\\" + letter if letter in "*?[\\" else letter for letter in path)
    return quoted("/" + escaped)


def _copy_driver(git: Git, repository: Repository, driver: str) -> bool:
    """Let the scratch repository run a merge driver as the user's would; False if there is none.

    That is in the top of the work tree, while the files to merge are here (gitattributes(5)).
    """
    name = f"merge.{driver}.driver"
    found = repository.git("config", "-z", "--get", name, expect=(0, 1))
    if found.returncode:
        return False
    here, prefix = shlex.quote(str(git.cwd)), shlex.quote(repository.prefix)
    places = {"O": f"{here}/%O", "A": f"{here}/%A", "B": f"{here}/%B", "P": f"{prefix}%P"}
    typed = os.fsdecode(found.stdout).removesuffix("\0")
    command = re.sub("%(.)", lambda match: places.get(match[1], match[0]), typed)
    top = shlex.quote(str(repository.top))
    git("config", name, f"{_as_outside(git)} cd {top} && {command}")
    return True


def _as_outside(git: Git) -> str:
    """Return shell words that give a driver the environment that viscaffold was started in."""
    changed = {*REDIRECTIONS, *git.variables}
    kept = [f"export {k}={shlex.quote(os.environ[k])};" for k in git.variables if k in os.environ]
    return " ".join([f"unset {' '.join(sorted(changed))};", *kept])
