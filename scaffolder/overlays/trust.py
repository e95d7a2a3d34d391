"""Sources that the user has agreed to. Trust is per source: its later versions need no new one."""

import fcntl
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scaffolder import console
from scaffolder.errors import RefusedError

from .store import directory


def is_trusted(place: str) -> bool:
    """Tell whether the user has agreed to the source."""
    return place in _known()


def require_answer(place: str) -> None:
    """Raise RefusedError if the source is not trusted, and nobody is there to agree.

    So a service that somebody else made has nothing fetched before its source is agreed to.
    """
    if not is_trusted(place) and not console.trusts() and not _is_terminal():
        raise _untrusted(place)


def require(place: str, about: Sequence[str]) -> None:
    """Show `about` and ask, unless the source is trusted; raise RefusedError if the answer is no.

    Without a terminal, `--trust` agrees.
    """
    if is_trusted(place):
        return
    for line in about:
        console.say(line)
    if not console.trusts() and not _agreed():
        raise _untrusted(place)
    _remember(place)


def _untrusted(place: str) -> RefusedError:
    return RefusedError(
        f"the template at {place} is not trusted yet, so it was not used",
        "read what it holds; then: the same command with --trust",
    )


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _agreed() -> bool:
    if not _is_terminal():
        return False
    console.stop_progress()
    return click.confirm("Trust it, in this version and later ones?", err=True)


def _file() -> Path:
    return directory("XDG_DATA_HOME", ".local/share") / "trusted.json"


def _known() -> dict[str, Any]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise RefusedError(f"{_file()} cannot be read", f"rm {_file()}, and trust sources again")
    return found


def _remember(place: str) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = {**_known(), place: {}}
        handle, new = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(known, stream, indent=2, sort_keys=True)
        Path(new).replace(file)
