"""The user's directories that viscaffold keeps things in (XDG base directories)."""

import os
from pathlib import Path


def cache() -> Path:
    """Return the directory of what can be fetched or made again."""
    return _directory("XDG_CACHE_HOME", ".cache")


def config() -> Path:
    """Return the directory of what the user has set."""
    return config_home() / "viscaffold"


def data() -> Path:
    """Return the directory of what must not get lost."""
    return _directory("XDG_DATA_HOME", ".local/share")


def state() -> Path:
    """Return the directory of what outlasts a run, and is worth nothing elsewhere."""
    return _directory("XDG_STATE_HOME", ".local/state")


def config_home() -> Path:
    """Return the directory that the settings of all the user's tools are in."""
    return _home("XDG_CONFIG_HOME", ".config")


def _directory(variable: str, default: str) -> Path:
    return _home(variable, default) / "viscaffold"


def _home(variable: str, default: str) -> Path:
    """Return a base directory; a relative path in the variable is invalid, and ignored."""
    base = os.environ.get(variable, "")
    return Path(base) if base.startswith("/") else Path.home() / default
