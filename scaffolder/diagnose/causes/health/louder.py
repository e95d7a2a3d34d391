"""The request of a health check, made by its own client without what keeps the answer quiet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose.programs import shell


@dataclass(frozen=True)
class Quiet:
    """The options of a client that hide an answer, and those that show it."""

    letters: str = ""
    with_value: str = ""
    """Letters of options that take a value."""
    words: str = ""
    """The long options of both."""
    added: tuple[str, ...] = ()


CLIENTS = {
    "curl": Quiet("fsS", "o", "--fail --fail-with-body --silent --show-error --output", ("-sSi",)),
    "wget": Quiet("q", "o", "--quiet --no-verbose -nv --output-file"),
    "pg_isready": Quiet("q", "", "--quiet"),
    "psql": Quiet("q", "o", "--quiet --output"),
    "mysqladmin": Quiet("s", "", "--silent"),
    "mariadb-admin": Quiet("s", "", "--silent"),
    "mysql": Quiet("s", "", "--silent"),
    "redis-cli": Quiet(),
    "valkey-cli": Quiet(),
    "nc": Quiet("", "", "", ("-v",)),
}  # fmt: skip
"""Clients that health checks are made of (curl(1), wget(1), pg_isready(1), ...)."""
WRAPPERS = {"timeout", "env", "exec", "command", "nice", "gosu", "su-exec", "runuser", "su"}
"""Programs that run the command that they are given."""
INNER = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
REDIRECTION = re.compile(r"\d*(?:>>?\|?|<)(.*)", re.DOTALL)


def requests(words: str) -> Iterator[tuple[str, ...]]:
    """Return the commands of a check by which a known client asks, without redirections."""
    inner = [first or second for first, second in INNER.findall(words)]
    for text in (*inner, INNER.sub("_", words)):
        for command in shell.commands(text):
            plain = tuple(_plain(command.words))
            begin = next((at for at, word in enumerate(plain) if basename(word) in CLIENTS), None)
            if begin is not None and all(basename(word) in WRAPPERS for word in plain[:begin][:1]):
                yield plain[begin:]


def louder(words: str, env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the first request of a check, so that its client tells what it gets."""
    for request in requests(words):
        client = CLIENTS[basename(request[0])]
        kept = tuple(shell.expand(word, env) for word in _without(request[1:], client))
        return (request[0], *client.added, *kept)
    return None


def _plain(words: Sequence[str]) -> Iterator[str]:
    """Leave out redirections: `>` with what follows it, or in one word."""
    rest = iter(words)
    for word in rest:
        match = REDIRECTION.fullmatch(word)
        if match is None:
            yield word
        elif not match[1]:
            next(rest, None)


def _without(words: Sequence[str], client: Quiet) -> Iterator[str]:
    """Leave out the options that hide the answer, also where several share one dash."""
    rest, long = iter(words), client.words.split()
    for word in rest:
        name, _, value = word.partition("=")
        if name in long:
            if name.startswith("--output") and not value:
                next(rest, None)
        elif re.fullmatch(r"-[A-Za-z].*", word) and not word.startswith("--"):
            yield from _letters(word, rest, client)
        else:
            yield word


def _letters(word: str, rest: Iterator[str], client: Quiet) -> Iterator[str]:
    kept = ""
    for at, letter in enumerate(word[1:], 1):
        if letter in client.with_value:
            if not word[at + 1 :]:
                next(rest, None)
            break
        if letter not in client.letters:
            kept += word[at:]
            break
    if kept:
        yield f"-{kept}"
