"""An environment with all that services need: shared by them, and kept for the next check."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffolder.engine.trees import Tree
from scaffolder.errors import ScaffoldError
from scaffolder.overlays import store

COMPLETE = "complete"


def made(tree: Tree) -> Path:
    """Return the python of an environment with what the manifest of a service names.

    Raise ScaffoldError if it cannot be made.
    """
    wanted = requirements(tree)
    key = hashlib.sha256(json.dumps([wanted, sys.version]).encode()).hexdigest()[:16]
    root = store.cache() / "environments" / key
    with _locked(root):
        if not (root / COMPLETE).exists():
            _make(root, wanted)
    return root / "bin" / "python"


def given(root: Path) -> Path:
    """Return the python of an environment that is there; raise ScaffoldError if it is none."""
    python = Path(os.path.abspath(root)) / "bin" / "python"  # noqa: PTH100 - a link of a venv stays
    if not python.exists():
        raise ScaffoldError(f"{root} is no virtual environment", f"python3 -m venv {root}")
    return python


def requirements(tree: Tree) -> list[str]:
    """Return what a service's manifest names: to run it, and to work on it."""
    manifest = tomllib.loads(tree["pyproject.toml"][1].decode())
    groups = [item for group in manifest.get("dependency-groups", {}).values() for item in group]
    named = [*manifest["project"]["dependencies"], *groups]
    return sorted({item for item in named if isinstance(item, str)})


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(root: Path, wanted: list[str]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(root)])
    pip = [str(root / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", *wanted])
    (root / COMPLETE).touch()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stdout + done.stderr).strip()
        raise ScaffoldError(
            f"the environment for the services cannot be made:\n{words}",
            "--environment DIR uses one that is there; --quick does without",
        )
