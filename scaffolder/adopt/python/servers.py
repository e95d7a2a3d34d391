"""The server that a Python service has so far: its command, and what of it the runtime replaces."""

import posixpath
import re
from dataclasses import replace
from itertools import takewhile

from scaffolder.adopt import commands
from scaffolder.adopt.commands import Command
from scaffolder.adopt.sources import Fact, Sources

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "fastapi", "granian")
SETTLED = frozenset(
    {"--host", "--port", "--bind", "-b", "--app-dir", "--factory", "--app", "--interface",
     "--worker-class", "--worker_class", "-k", "--reload", "--chdir"}
)  # fmt: skip
"""Options that say what is asked anyway, or is found: the application, the port, how it is run."""

OPTION = re.compile(r"--?[a-zA-Z][\w-]*", re.ASCII)

STANDS_FOR = {"--root-path": "ROOT_PATH", "--forwarded-allow-ips": "FORWARDED_ALLOW_IPS"}
"""What the runtime has in the place of an option: a setting."""


def command(sources: Sources) -> Command | None:
    """Return how their image starts a server, if that needs no shell."""
    found = _server(commands.of_image(sources))
    return found if found and found.is_plain else None


def given_up(sources: Sources) -> str:
    """Return which options of their server go with it, for people; an empty text for none.

    Values are not repeated: some are secrets.
    """
    started = next(filter(None, map(_server, commands.commands(sources))), None)
    found = map(OPTION.match, started.words[1:] if started else [])
    lost = {option[0]: STANDS_FOR.get(option[0]) for option in found if option}
    named = [f"{option} ({setting} is the setting)" if setting else option
             for option, setting in lost.items() if option not in SETTLED]  # fmt: skip
    if not started or not named:
        return ""
    server = Fact(started.words[0], started.path, started.line)
    return (
        f"these options of {server} are not taken over: {', '.join(named)}; one process runs, and "
        "more containers make it more"
    )


def run_before(sources: Sources) -> str:
    """Return which programs run before their server so far, for people; empty for none.

    What they are told is not repeated: it may hold a secret.
    """
    for started in commands.commands(sources):
        at = _place(started)
        earlier = started.before(at) if at else []
        if earlier:
            what = Fact(", ".join(earlier), started.path, started.line)
            return f"run no more before the service starts: {what}; have the deployment run them"
    return ""


def _server(started: Command) -> Command | None:
    """Return a command from the name of its server on: what is before it launches that."""
    at = _place(started)
    if at is None:
        return None
    own = [*takewhile(lambda word: not commands.ENDS.fullmatch(word), started.words[at:])]
    return replace(started, words=[posixpath.basename(own[0]), *own[1:]])


def _place(started: Command) -> int | None:
    names = [posixpath.basename(word) for word in started.words]
    return next((at for at, name in enumerate(names) if name in SERVERS), None)
