"""An environment with all that services need: shared by them, and kept for the next check."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffolder import paths
from scaffolder.engine.trees import Tree
from scaffolder.errors import ScaffoldError
from scaffolder.languages.base import Language

COMPLETE = "complete"


def made(tree: Tree, language: Language) -> Path:
    """Return an environment with what the manifest of a service names.

    Raise ScaffoldError if it cannot be made.
    """
    wanted = language.requirements(tree)
    key = hashlib.sha256(json.dumps([language.NAME, wanted, sys.version]).encode()).hexdigest()[:16]
    root = paths.cache() / "environments" / key
    with _locked(root):
        if not (root / COMPLETE).exists():
            _make(root, language, wanted)
    return root


def given(root: Path, language: Language) -> Path:
    """Return an existing environment; raise ScaffoldError if it is not one."""
    problem = language.environment_problem(root)
    if problem:
        raise ScaffoldError(f"{root} cannot be used: {problem}")
    return root


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(root: Path, language: Language, wanted: list[str]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    try:
        language.make_environment(root, wanted)
    except subprocess.CalledProcessError as error:
        words = str(error.stdout or "").strip()
        raise ScaffoldError(
            f"the environment for the services cannot be made:\n{words}",
            "--environment DIR uses an existing one; --quick needs none",
        ) from error
    (root / COMPLETE).touch()
