"""Settings: the port, and `.env` beside `.env.example`."""

import errno
import os
import socket
from collections.abc import Iterator
from difflib import get_close_matches

from scaffolder import names
from scaffolder.docker.container import PORT as DEFAULT_PORT
from scaffolder.docker.info import SECONDS, Info
from scaffolder.doctor import listeners
from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, problem, warning
from scaffolder.doctor.subject import Subject
from scaffolder.operations import declared_settings, service_notices, set_values
from scaffolder.operations.set_values import SetValue
from scaffolder.templates.notices import DOTENV
from scaffolder.text import printable

PORT = "PORT"
HIGHEST = 65535
ALIKE = 0.85
"""How alike two names are that were meant to be one (difflib)."""


@check("port", Needs.SERVICE)
def port(subject: Subject) -> Iterator[Finding]:
    """Look whether the port that the service listens on, or is published on, is free."""
    value, place = _port(subject)
    if not (value.isascii() and value.isdigit() and 0 < int(value[:6]) <= HIGHEST):
        yield problem(f"PORT is {printable(value)!r}: the service ends with status 78",
                      f"give it a number from 1 to {HIGHEST}", place)  # fmt: skip
        return
    why = _taken(int(value))
    holder = _holder(subject, int(value)) if why == errno.EADDRINUSE else ""
    if why == errno.EACCES:
        yield problem(f"this user may not listen on port {value}", "set PORT to 1024 or more")
    elif why == errno.EADDRINUSE and holder != _OWN:
        other = int(value) % HIGHEST + 1
        yield problem(f"port {value} is taken{holder}",
                      f"stop that, or start the service on another: PORT={other}")  # fmt: skip
    elif why:
        yield fine(f"{value}: the service listens on it")
    else:
        yield fine(f"{value} is free")


_OWN = "own"


def _port(subject: Subject) -> tuple[str, str]:
    """Return the value that counts, and where it is set: a shell comes before `.env`."""
    shell = set_values.of_environment([PORT])
    dotenv = [v for v in subject.set_values if v.name == PORT and v.layer == DOTENV]
    for value in (*shell, *dotenv):
        return value.value, value.place
    return str(DEFAULT_PORT), ""


def _taken(number: int) -> int:
    """Return why nobody can listen on a port, as an error number; 0 if one can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind(("", number))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return 0


def _holder(subject: Subject, number: int) -> str:
    """Return who has a port, to follow "is taken"; `_OWN` if it is the service itself."""
    service = subject.required_service
    engine = subject.docker
    if isinstance(engine, Info) and engine.version and engine.is_here:
        asked = ("ps", "--filter", f"publish={number}", "--format", "{{.Names}}")
        containers = engine.engine.ask(*asked, seconds=SECONDS).text.split()
        if containers:
            mine = containers == [service.answers["name"]]
            return _OWN if mine else f" by the container {printable(containers[0])}"
    found = listeners.on(number)
    if found is None:
        return ""
    inside = found.directory is not None and found.directory.is_relative_to(service.root.resolve())
    name = service.answers["name"]
    is_it = any(word in found.command for word in (name, names.package(name)))
    return _OWN if inside and is_it else f" by process {found.pid} ({printable(found.name)})"


@check("env-file", Needs.SERVICE)
def env_file(subject: Subject) -> Iterator[Finding]:
    """Compare `.env` with `.env.example`: what it lacks, and what was meant to be another name."""
    content = subject.content(DOTENV)
    example = subject.content(declared_settings.EXAMPLE)
    if content is None and os.path.lexists(subject.home / DOTENV):
        yield problem(".env is no file that can be read: a directory, a link, or something else",
                      "move it away; cp .env.example .env")  # fmt: skip
        return
    if content is None or example is None:
        yield fine("there is no .env: every setting has its default")
        return
    mine = [value for value in subject.set_values if value.layer == DOTENV]
    wanted = {n for _, n, _ in set_values.dotenv(subject.home, declared_settings.EXAMPLE)}
    known = {s.name for s in declared_settings.read(example.decode("utf-8", "replace"))}
    service = subject.required_service
    retired = service_notices.retired(service.template, service.answers["name"])
    own = [value for value in mine if value.name not in retired]  # the check of notices tells them
    found = [*_lacking(wanted, {value.name for value in mine}), *_misspelt(own, known)]
    found += [
        warning(f"{each.name} is empty, which is another thing than unset",
                "comment the line out", each.place)
        for each in mine if each.name in known and not each.value
    ]  # fmt: skip
    yield from found or [fine(f"{len(mine)} set")]


def _lacking(wanted: set[str], mine: set[str]) -> Iterator[Finding]:
    missing = sorted(wanted - mine)
    if missing:
        yield warning(f".env does not set {', '.join(missing)}, which .env.example does",
                      "take the lines over from .env.example")  # fmt: skip


def _misspelt(mine: list[SetValue], known: set[str]) -> Iterator[Finding]:
    for each in mine:
        name = each.name
        close = [] if name in known else get_close_matches(name, known, 1, ALIKE)
        if close and name.removesuffix("_FILE") != close[0]:
            yield warning(f"{printable(name)} is no setting, and changes nothing",
                          f"was {close[0]} meant?", each.place)  # fmt: skip
