"""Stage config: settings from a file and from secret files, below and above the environment."""

import logging
from dataclasses import dataclass

from starlette.applications import Starlette

from ...config import setting, text
from ...runtime import settings
from ...runtime.config_file import shown
from ...runtime.layers import FILE, Layers
from . import command

log = logging.getLogger(__name__)

# The stages are imported before any setting is read.
layers = Layers()
settings.source = layers

COMMANDS = {"--check-config": command.run}


@dataclass(frozen=True)
class Settings:
    """Which file it is; it does not have to be there if nobody names it."""

    file: str = setting("CONFIG_FILE", text, default=FILE)


def install(_app: Starlette) -> None:
    """Say what the file sets, and heed its LOG_LEVEL."""
    if layers.find("LOG_LEVEL"):
        logging.getLogger().setLevel(settings.value(settings.declared["LOG_LEVEL"], layers))
    file = layers.file
    path = shown(file.path)
    if file.mode is None:
        log.info("there is no %s: settings come from the environment", path)
        return
    log.info("%s sets %s", path, ", ".join(file.values) or "nothing")
    if file.mode & 0o002:
        log.warning("%s can be changed by everybody here: chmod o-w %s", path, path)
