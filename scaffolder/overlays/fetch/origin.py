"""How a source is written: SOURCE[//FOLDER][@VERSION][#STAGE].

It is a directory, or a git repository with a tag; the template may be in a folder of either.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scaffolder.engine import safe_paths
from scaffolder.errors import UsageError
from scaffolder.templates.layer import SCP, TAG
from scaffolder.text import shown

SCHEMES = ("https", "http", "ssh", "git", "file")
"""What git is allowed to speak: none that runs a program named in the URL (`ext::`)."""

EXAMPLE = "./team-template or https://git.example.com/team-template.git@2.1"


@dataclass(frozen=True)
class Origin:
    """Where an overlay comes from."""

    place: str
    """What is recorded and shown: a URL without credentials, with the folder if the template is in
    one, or a directory's absolute path."""
    url: str = ""
    """What git is given; empty for a directory."""
    folder: str = ""
    """Where in the repository the template is; empty for its top."""
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
        raise UsageError(f"{shown(text)} is not a template source", f"write {EXAMPLE}")
    if Path(source).is_dir():
        return Origin(str(Path(source).resolve()), stage=stage)
    whole, version = _split(source)
    url, folder = _parted(whole)
    if not is_url(url):
        return _local(text, url, folder, version, stage)
    return Origin(_place(without_credentials(url), folder), url, folder, version, stage)


def of(place: str, version: str) -> Origin:
    """Return where a template came from that was recorded as `place`."""
    url, folder = _parted(place)
    return Origin(place, url, folder, version)


def is_source(text: str) -> bool:
    """Tell a source of a template from the name of a stage."""
    return bool(set("/:#@") & set(text)) or text in (".", "..")


def without_credentials(url: str) -> str:
    """Return a URL without what may be secret: user and password, but for the user of ssh."""
    if "://" not in url:
        return url  # HOST:PATH has no place for a password
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"there is a URL that cannot be read: {error}") from error
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    keep = f"{user}@{host}" if user and parts.scheme == "ssh" else host
    return parts._replace(netloc=keep, query="", fragment="").geturl()


def _path(source: str) -> int:
    """Return where the path of a source starts, after the name of a server."""
    scheme, colon, rest = source.partition("://")
    if colon:
        slash = rest.find("/")
        return len(source) if slash < 0 else len(scheme) + len(colon) + slash
    server = SCP.match(source) if not source.startswith((".", "/")) else None
    return server.start(1) if server else 0


def _split(source: str) -> tuple[str, str]:
    """Split off `@VERSION`: what follows an at sign in the path."""
    at = source.rfind("@", _path(source))
    url, version = source[:at], source[at + 1 :]
    if at <= 0 or url.endswith("/") or (version.endswith(".git") and "/" in version):
        return source, ""
    if not TAG.fullmatch(version):
        raise UsageError(f"{shown(version)} cannot be a tag to take a template from")
    return url, version


def _parted(source: str) -> tuple[str, str]:
    """Split off `//FOLDER`; raise UsageError for one that leads out of the repository."""
    at = source.find("//", _path(source) + 1)
    if at < 0:
        return source, ""
    folder = source[at + 2 :].strip("/")
    why = safe_paths.problem(folder)
    if why:
        raise UsageError(f"{shown(folder)} is not a folder of a repository: {why}")
    return source[:at], folder


def _place(url: str, folder: str) -> str:
    return f"{url}//{folder}" if folder else url


def is_url(text: str) -> bool:
    """Tell a URL from a path; raise UsageError for one that git is not to speak to."""
    scheme, colon, _ = text.partition("://")
    if colon:
        if scheme not in SCHEMES:
            raise UsageError(
                f"templates are not fetched by {shown(scheme)}",
                f"use one of {', '.join(SCHEMES)}, or a directory",
            )
        if "?" in text:
            raise UsageError("the URL of a template has no `?`", f"write {EXAMPLE}")
        return True
    if "::" in text:
        raise UsageError(
            f"templates are not fetched by a helper program: {shown(text)}",
            f"use one of {', '.join(SCHEMES)}, or a directory",
        )
    return bool(SCP.fullmatch(text)) and not text.startswith((".", "/"))


def _local(text: str, path: str, folder: str, version: str, stage: str) -> Origin:
    found = Path(path)
    if not version or not found.is_dir():
        raise UsageError(
            f"there is no directory {shown(path)} to take a template from",
            f"write {EXAMPLE}",
        )
    top = found.resolve()
    if not folder:
        top, folder = _repository(top)
    whole = os.fspath(top)
    if not whole.isprintable():
        raise UsageError(f"{shown(text)} is not a template source")
    return Origin(_place(whole, folder), whole, folder, version, stage)


def _repository(directory: Path) -> tuple[Path, str]:
    """Return the repository that a directory is in, and where; itself, if there is none."""
    bare = (directory / "HEAD").is_file() and (directory / "objects").is_dir()
    for top in () if bare else (directory, *directory.parents):
        if os.path.lexists(top / ".git"):
            return top, "" if top == directory else directory.relative_to(top).as_posix()
    return directory, ""
