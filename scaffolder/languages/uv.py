"""How uv is run: with the registries that the user's tools know, and nobody else's settings."""

import configparser
import os
import sys
from pathlib import Path

from uv import find_uv_bin

from scaffolder import paths

PIP_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
}
"""Settings by which pip knows registries, and the variables by which uv does."""


def command(*args: str, python: Path | str = sys.executable) -> list[str]:
    """Return a command line for a Python, by default this one; uv downloads none."""
    options = ("--quiet", "--no-python-downloads", "--python", str(python))
    return [find_uv_bin(), *args, *options, *_config()]


def _config() -> list[str]:
    """Return which configuration uv reads: the user's own, and none that lies in a directory."""
    own = Path(os.environ.get("UV_CONFIG_FILE") or paths.config_home() / "uv/uv.toml")
    return ["--config-file", str(own)] if own.is_file() else ["--no-config"]


def environment() -> dict[str, str]:
    """Return the environment, with the registries that pip is set up for where uv has none."""
    environment = {"UV_HTTP_RETRIES": "1", **os.environ, "UV_NO_WRAP": "1"}
    if not any(name in environment for name in (*PIP_SETTINGS.values(), "UV_INDEX_URL")):
        environment |= {PIP_SETTINGS[key]: value for key, value in _of_pip().items()}
    if "PIP_CERT" in environment:
        environment.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    return environment


def _of_pip() -> dict[str, str]:
    """Return the settings about registries in pip's variables and configuration files."""
    own = [paths.config_home() / "pip/pip.conf", Path.home() / ".pip/pip.conf"]
    files = [Path("/etc/pip.conf"), *own, Path(os.environ.get("PIP_CONFIG_FILE", os.devnull))]
    parser = configparser.RawConfigParser()
    try:
        parser.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):  # pip itself says so when it is run
        parser.clear()
    found = {}
    for key in PIP_SETTINGS:
        variable = "PIP_" + key.upper().replace("-", "_")
        value = os.environ.get(variable) or parser.get("global", key, fallback="")
        if value:
            found[key] = " ".join(value.split())
    return found
