"""How a source is written: SOURCE[@VERSION][#STAGE], a directory or a git repository with a tag."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scaffolder import names
from scaffolder.errors import UsageError

SCHEMES = ("https", "http", "ssh", "git", "file")
"""What git is allowed to speak: none that runs a program named in the URL (`ext::`)."""

SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!/?/)(.*)", re.ASCII)
"""HOST:PATH, as ssh takes it (git-clone(1), GIT URLS)."""

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
EXAMPLE = "./team-template or https://git.example.com/team-template.git@2.1"


@dataclass(frozen=True)
class Origin:
    """Where an overlay comes from."""

    place: str
    """What is recorded and shown: a URL without credentials, or a directory's absolute path."""
    url: str = ""
    """What git is given; empty for a directory."""
    version: str = ""
    """The tag that was asked for; empty for the newest, and for a directory."""
    stage: str = ""

    @property
    def shown(self) -> str:
        """Return how messages call it."""
        return f"{self.place}@{self.version}" if self.version else self.place


def parse(text: str) -> Origin:
    """Read a source as it was typed; raise UsageError for one that can be none."""
    source, _, stage = text.partition("#")
    if not source or source.startswith("-") or not source.isprintable():
        raise UsageError(f"{names.shown(text)} is no source of a template", f"write {EXAMPLE}")
    if Path(source).is_dir():
        return Origin(str(Path(source).resolve()), stage=stage)
    url, version = _split(source)
    if not _is_url(url):
        return _local(text, url, version, stage)
    return Origin(recorded(url), url, version, stage)


def is_source(text: str) -> bool:
    """Tell a source of a template from the name of a stage."""
    return bool(set("/:#@") & set(text)) or text in (".", "..")


def recorded(url: str) -> str:
    """Return a URL without what may be secret: user and password, but for the user of ssh."""
    if "://" not in url:
        return url  # HOST:PATH has no place for a password
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    keep = f"{user}@{host}" if user and parts.scheme == "ssh" else host
    return parts._replace(netloc=keep, query="", fragment="").geturl()


def _split(source: str) -> tuple[str, str]:
    """Split off `@VERSION`: what follows an at sign that belongs to no user's name."""
    url, at, version = source.rpartition("@")
    if not at or "/" in version or ":" in version or not url:
        return source, ""
    if not TAG.fullmatch(version):
        raise UsageError(f"{names.shown(version)} cannot be a tag to take a template from")
    return url, version


def _is_url(text: str) -> bool:
    scheme, colon, _ = text.partition("://")
    if colon:
        if scheme not in SCHEMES:
            raise UsageError(
                f"templates are not fetched by {names.shown(scheme)}",
                f"use one of {', '.join(SCHEMES)}, or a directory",
            )
        if "?" in text:
            raise UsageError("the URL of a template has no `?`", f"write {EXAMPLE}")
        return True
    if "::" in text:
        raise UsageError(
            f"templates are not fetched by a helper program: {names.shown(text)}",
            f"use one of {', '.join(SCHEMES)}, or a directory",
        )
    return bool(SCP.fullmatch(text)) and not text.startswith((".", "/"))


def _local(text: str, path: str, version: str, stage: str) -> Origin:
    found = Path(path)
    if not version or not found.is_dir():
        raise UsageError(
            f"there is no directory {names.shown(path)} to take a template from",
            f"write {EXAMPLE}",
        )
    whole = os.fspath(found.resolve())
    if not whole.isprintable():
        raise UsageError(f"{names.shown(text)} is no source of a template")
    return Origin(whole, whole, version, stage)
