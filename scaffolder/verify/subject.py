"""What is verified: an export of a tree, and what its template says of services like it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffolder import names
from scaffolder.languages.base import Command, Language
from scaffolder.languages.toolchain import Toolchain
from scaffolder.templates.stage import Stage

SETTINGS = "verify.env"
DOCKERFILE = "Dockerfile"
SETTING = re.compile(r"([A-Za-z_]\w*)=(.*)", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """One tree of a service, as files of its own that nobody else changes."""

    root: Path
    """The export: a directory that may be written to, and is thrown away."""
    tree: str
    """The name that git gives to the service's directory."""
    name: str
    language: Language
    tools: Toolchain
    stages: Sequence[Stage]
    home: Path
    """Where environments and logs are kept: see places.py."""
    scope: str = ""
    """What tells the service from others in its repository: the path of its directory."""
    inner: str = ""
    """The directory of what the template brings, where code of the user's own is around it."""
    dockerfile: str = DOCKERFILE
    """What its image is built by: the template's may stand beside the user's, which stays."""
    is_image_alone: bool = False
    """Whether the template has its container alone: there is no runtime to be asked or tested."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """What took part, for evidence: template, overlays, stages, versions of tools."""

    @property
    def package(self) -> str:
        """Return the name of its package of code."""
        return names.package(self.name)

    @property
    def directories(self) -> list[str]:
        """Return where its tools work: the user's own code comes first, where it is beside."""
        return ["", self.inner] if self.inner else [""]

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings that its own file SETTINGS has for it, `NAME=value` on each line."""
        file = self.root / SETTINGS
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        found = (SETTING.fullmatch(line) for line in text.splitlines())
        return {match[1]: match[2] for match in found if match}

    def filled(self, command: Command, root: Path, environment: Path) -> Command:
        """Return a command of language.yml for its files in `root`."""
        known = {
            "root": str(root),
            "environment": str(environment),
            "name": self.name,
            "package": self.package,
        }

        def fill(text: str) -> str:
            for name, value in known.items():
                text = text.replace(f"{{{name}}}", value)
            return text

        variables = {key: fill(value) for key, value in command.variables.items()}
        return Command(tuple(map(fill, command.run)), variables)
