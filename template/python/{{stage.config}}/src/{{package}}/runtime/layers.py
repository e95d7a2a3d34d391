"""Where settings come from: defaults, below a file, below the environment, below secret files."""

import os
from collections.abc import Mapping
from importlib import import_module
from itertools import islice

from . import config_file, small_file
from .config_file import ConfigFile, shown
from .settings import ConfigError, Found, Source, declared

FILE = "config.toml"
MOST_PROBLEMS = 20
# They are read before the file is, or by others: the supervisor, the health check, Docker.
OF_THE_ENVIRONMENT = {
    *("CONFIG_FILE", "HOST", "PORT", "RUNTIME_PATCHES", "START_SECONDS", "SUPERVISE"),
}


class Layers(Source):
    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(environ)
        self._file: ConfigFile | None = None

    @property
    def file(self) -> ConfigFile:
        """The file of settings; read once, unless another one is named."""
        named = self.environ.get("CONFIG_FILE", "")
        if self._file is None or self._file.path != (named or FILE):
            self._file = config_file.read(named or FILE, named=bool(named))
        return self._file

    def find(self, name: str) -> Found | None:
        """Return what a setting is set to, by the highest layer that sets it."""
        if name in OF_THE_ENVIRONMENT:
            return self._variable(name)
        secret = f"{name}_FILE"
        if named := self._variable(secret) or self.file.find(secret):
            return _secret(secret, named)
        found = self._variable(name) or self.file.find(name)
        if found is None and self.file.problem:
            raise ConfigError([self.file.problem])
        return found

    def problems(self) -> list[str]:
        """Return what is wrong with the file, whether its settings are used or not."""
        if self.file.problem:
            return [self.file.problem]
        # Settings that the application declares are known when it is imported.
        judged = all(map(_is_known, self.file.values)) or _import_application()
        refusals = (self._refusal(name) for name in self.file.values if judged or _is_known(name))
        found = list(islice(filter(None, refusals), MOST_PROBLEMS + 1))
        if len(found) > MOST_PROBLEMS:
            found[-1] = "CONFIG_FILE has more problems like these"
        return found

    def _variable(self, name: str) -> Found | None:
        raw = self.environ.get(name)
        return None if raw is None else Found(raw, "the environment")

    def _refusal(self, name: str) -> str:
        """Say why a setting of the file cannot be used, if so."""
        origin = self.file.origin(name)
        if name in OF_THE_ENVIRONMENT:
            return f"{name} has to be a variable: it is read before any file (from {origin})"
        try:
            self.file.find(name)
        except ConfigError as error:
            return str(error)
        if _is_known(name):
            return ""
        meant = nearest(name, declared)
        advice = f"did you mean {meant}?" if meant else "no setting is called like this"
        return f"{shown(name[:60])} is unknown: {advice} (from {origin})"


def _is_known(name: str) -> bool:
    return name in declared or name.removesuffix("_FILE") in declared


def nearest(name: str, known: Mapping[str, object]) -> str:
    """Return the known name that was probably meant, or nothing."""
    wanted = name[:60].upper().replace("-", "_")
    distance, found = min((_distance(wanted, other), other) for other in known)
    return found if distance <= max(2, len(wanted) // 3) else ""


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be changed, added or left out."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for at, another in enumerate(other):
            row.append(min(above[at] + (letter != another), above[at + 1] + 1, row[at] + 1))
    return row[-1]


def _secret(variable: str, named: Found) -> Found:
    """Return the content of a file; the end of its line is not part of it."""
    try:
        text, _ = small_file.read(named.raw)
    except small_file.UnreadableError as error:
        problem = f"{variable} is '{shown(named.raw)}', which cannot be read: {error}"
        raise ConfigError([f"{problem} (from {named.origin})"]) from error
    return Found(text.rstrip("\r\n"), f"{shown(named.raw)}, by {variable}", secret=True)


def _import_application() -> bool:
    """Have the application declare its settings; tell whether it could be imported.

    If not, the start fails with that: which names are unknown cannot be told.
    """
    try:
        import_module("..app", __package__)
    except Exception:  # of any code
        return False
    return True
