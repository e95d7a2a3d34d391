"""Images of services that are verified: built from their trees, and kept for a rollback."""

import hashlib
import re
from pathlib import Path

from scaffolder.docker import client, throwaway
from scaffolder.docker.client import Engine, EngineError
from scaffolder.languages.base import Command, Language, hosts_only

from . import processes
from .log import Log, last_lines
from .processes import CannotStartError, Limits
from .steps import MissingError, NotAsExpectedError, says_full
from .subject import Subject

LABEL = "viscaffold.verified"
MOST = 3
"""How many images of a service are kept; the oldest go first."""

LIMITS = Limits(seconds=1800)

UNREACHABLE = re.compile(
    r"no such host|i/o timeout|TLS handshake timeout|connection refused|network is unreachable|"
    r"context deadline exceeded|name resolution|server misbehaving",
    re.IGNORECASE,
)
"""How an engine says that no registry of images answered."""

BEGINS = re.compile(r"^(?:Step \d+/\d+ : |-{6}\n > ).*\n", re.MULTILINE)
"""Before what an instruction printed that failed: docker build with and without BuildKit."""

QUOTED = re.compile(r"(?:The command|process) ['\"].*")
"""An engine quotes the command that failed, which has words of its own."""


def engine() -> Engine:
    """Return the engine of this machine; raise MissingError if there is none that answers."""
    try:
        return answering()
    except EngineError as error:
        raise MissingError(f"{error.message}; {error.hint}") from error


def answering() -> Engine:
    """Return the same, without what killed processes left; raise EngineError if there is none."""
    found = client.find()
    found.ask("version", "--format", "{{.Server.Version}}")
    throwaway.sweep(found)
    return found


def name(subject: Subject) -> str:
    """Return the name of the image of a tree."""
    return f"viscaffold-verified/{subject.name}:{subject.tree[:12]}"


def build(engine: Engine, subject: Subject, log: Log) -> str:
    """Build the image of a subject; return its digest.

    Raise NotAsExpectedError if it cannot be built, MissingError if a registry does not answer.
    """
    label = f"{LABEL}={_owner(subject)}"
    file = subject.root / subject.dockerfile
    identity = built(
        engine,
        subject.root,
        name(subject),
        language=subject.language,
        log=log,
        label=label,
        file=file if file.is_file() else None,
    )
    _prune(engine, label)
    return identity


def built(  # noqa: PLR0913 - what from, what it is called, and who hears of it
    engine: Engine,
    directory: Path,
    tag: str,
    *,
    language: Language,
    log: Log,
    label: str,
    file: Path | None = None,
) -> str:
    """Build the image of the service in a directory; return its digest. Raise as `build`.

    `file` is its Dockerfile, where that is not in the directory itself.
    """
    named = ("--file", str(file)) if file else ()
    run = (engine.program, "build", "--tag", tag, "--label", label, *named, str(directory))
    variables = {**processes.inherited(), "BUILDKIT_PROGRESS": "plain"}
    try:
        ended, said = processes.run(
            Command(run, variables), cwd=Path("/"), log=log, title="image", limits=LIMITS
        )
    except CannotStartError as error:
        raise MissingError(f"{engine.name} cannot be run: {error}") from error
    reason = failure(said)
    if ended.status and (UNREACHABLE.search(reason) or language.is_unreachable(reason)):
        raise MissingError(f"a registry did not answer: {hosts_only(last_lines(said)[-1])}")
    if ended.status and says_full(reason):
        raise MissingError(f"there is no room for its image where {engine.name} keeps it")
    if ended.status:
        raise NotAsExpectedError("its image builds", str(ended), said)
    return engine.ask("image", "inspect", "--format", "{{.Id}}", tag).text.strip()


def failure(said: str) -> str:
    """Return what a build that failed printed last: not the Dockerfile, nor steps that passed."""
    return QUOTED.sub("", BEGINS.split(said)[-1])


def _owner(subject: Subject) -> str:
    """Return what tells the images of a service from those of others on this machine."""
    return hashlib.sha256(f"{subject.home}\0{subject.scope}".encode()).hexdigest()[:16]


def _prune(engine: Engine, label: str) -> None:
    """Remove the oldest images; one that a container uses stays."""
    listed = engine.ask("image", "ls", "--quiet", "--no-trunc", "--filter", f"label={label}")
    for identity in list(dict.fromkeys(listed.text.split()))[MOST:]:  # the newest come first
        engine.run("image", "rm", identity)
