"""Git servers: which versions a repository has, and what is in one of them.

Git is asked for no more than tags, by protocols that run no program of the URL's choice. Nothing
is checked out: no hook, filter, submodule or link of the repository has an effect.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffolder import names
from scaffolder.engine.git import QUIET, REDIRECTIONS
from scaffolder.engine.trees import Tree
from scaffolder.errors import RefusedError, ScaffoldError, UsageError

from . import files
from .origin import SCHEMES, Origin, recorded

SECONDS = 60.0
"""So long may one request to a server take; VISCAFFOLD_GIT_SECONDS sets another limit."""

REASONS = {
    "repository not exported": (  # git daemon says "access denied or", too
        "there is no such repository: it has moved, or it is gone",
        "check the address; where it has moved, edit _overlays in .copier-answers.yml, and commit",
    ),
    r"could not read (Username|Password)|unable to get password|Authentication failed|"
    r"Permission denied|terminal prompts disabled|HTTP 40[13]|error: 40[13]|access denied": (
        "it asks for credentials that git does not have here",
        "set up a credential helper or an ssh key for it, as for git clone",
    ),
    r"Host key verification failed": (
        "ssh does not know the server",
        "connect to it once, to see and accept its key: ssh HOST",
    ),
    r"not found|does not exist|does not appear to be a git repository": (
        "there is no such repository: it has moved, or it is gone",
        "check the address; where it has moved, edit _overlays in .copier-answers.yml, and commit",
    ),
    r"Could not resolve|Connection refused|unable to connect|Failed to connect|"
    r"Network is unreachable|No route to host|Connection timed out": (
        "it cannot be reached",
        "check the network and the address",
    ),
}
"""Words of git → what they mean, and what to do."""


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
    lines = _git(origin, None, "ls-remote", "--tags", "--", _clean(origin)).splitlines()
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
        _git(origin, directory, "init", "--quiet", "--bare", "--template=")
        ref = f"refs/tags/{origin.version}"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        try:
            _git(origin, directory, "fetch", *options, "--", _clean(origin), f"{ref}:{ref}")
        except MissingTagError as error:
            raise _no_tag(origin) from error
        commit = _git(origin, directory, "rev-parse", f"{ref}^{{commit}}").strip()
        return Tagged(_read(origin, directory, commit), commit)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def head(origin: Origin, repository: Path, ref: str) -> None:
    """Fetch the last commit of the default branch, as `ref`; raise as `versions`."""
    options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
    _git(origin, repository, "fetch", *options, "--", _clean(origin), f"+HEAD:{ref}")


def push(origin: Origin, repository: Path, branch: str) -> None:
    """Push a branch that the server does not have, or that goes on from the one it has."""
    ref = f"refs/heads/{branch}"
    _git(origin, repository, "push", "--quiet", "--", _clean(origin), f"{ref}:{ref}")


class MissingTagError(RefusedError):
    """The repository has no such tag."""


def _no_tag(origin: Origin) -> RefusedError:
    tags = list(versions(origin))
    known = f"it has {', '.join(tags[-5:])}" if tags else "it has no tag that is a version"
    return MissingTagError(
        f"{origin.place} has no tag {origin.version}; {known}", f"{origin.place}@{tags[-1]}"
        if tags else "git tag 1.0 && git push --tags, in the template",
    )  # fmt: skip


def _read(origin: Origin, directory: Path, commit: str) -> Tree:
    """Read the files of a commit that belong to an overlay; links are not followed, but named."""
    listed = _git(origin, directory, "ls-tree", "-r", "-z", "-l", commit).split("\0")[:-1]
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
        tree[path] = (mode, b"" if odd else _bytes(origin, directory, "cat-file", "blob", oid))
    return tree


def _clean(origin: Origin) -> str:
    """Return what git is given on its command line, where other users of the machine can see it."""
    return recorded(origin.url)


def _environment(origin: Origin) -> dict[str, str]:
    """Return the environment of a git that talks to a server and asks nobody.

    Credentials of the URL are put in by git's configuration. Helpers and keys are the user's.
    """
    environment = {k: v for k, v in os.environ.items() if k not in REDIRECTIONS}
    environment |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_LFS_SKIP_SMUDGE": "1",
    }
    if origin.url != _clean(origin):
        count = int(environment.get("GIT_CONFIG_COUNT", "0") or "0")
        environment |= {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"url.{origin.url}.insteadOf",
            f"GIT_CONFIG_VALUE_{count}": _clean(origin),
        }
    return environment


def _git(origin: Origin, cwd: Path | None, *args: str) -> str:
    return os.fsdecode(_bytes(origin, cwd, *args))


def _bytes(origin: Origin, cwd: Path | None, *args: str) -> bytes:
    seconds = _seconds()
    options = (*QUIET, "-c", "credential.interactive=false")
    try:
        process = subprocess.Popen(
            ["git", *options, *args],
            cwd=cwd or Path("/"),
            env=_environment(origin),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # without a terminal, so that ssh cannot ask there
        )
    except FileNotFoundError:
        raise ScaffoldError("git was not found on PATH", "install git 2.38 or newer") from None
    try:
        out, words = process.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # with whatever it has started to talk for it
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RefusedError(
                f"{origin.place} did not answer within {seconds:g} s",
                "try again; VISCAFFOLD_GIT_SECONDS=300 waits longer",
            ) from None
        raise
    if process.returncode:
        raise _failure(origin, words.decode(errors="replace"))
    return out


def _seconds() -> float:
    text = os.environ.get("VISCAFFOLD_GIT_SECONDS", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:  # noqa: PLR2004 - eleven days
        raise UsageError(f"VISCAFFOLD_GIT_SECONDS is {names.shown(text)}: expected seconds")
    return seconds


def _failure(origin: Origin, words: str) -> RefusedError:
    """Build the error of a git that failed; its words never have the credentials of the URL."""
    plain = re.sub(r"(\w+://)[^/@\s]*@", r"\1", words.replace(origin.url, _clean(origin)))
    plain = "\n".join(names.printable(line) for line in plain.strip().splitlines())
    if re.search(r"couldn't find remote ref|Remote branch .* not found", plain):
        return MissingTagError(f"{origin.place} has no tag {origin.version}")
    lines = "\n".join(f"  {line}" for line in plain.splitlines()[:5])
    for pattern, (reason, hint) in REASONS.items():
        if re.search(pattern, plain, re.IGNORECASE):
            return RefusedError(f"{origin.place} cannot be read: {reason}\n{lines}", hint)
    return RefusedError(f"{origin.place} cannot be read:\n{lines}", f"git ls-remote {origin.place}")
