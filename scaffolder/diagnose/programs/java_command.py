"""What a `java` command starts: the main class, where it is, and what it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename

CLASS_PATH = {"-cp", "-classpath", "--class-path"}
WITH_VALUE = {*CLASS_PATH, "-p", "--module-path", "--add-modules", "--add-opens", "--add-exports",
              "--add-reads", "--limit-modules", "--source"}  # fmt: skip


@dataclass(frozen=True)
class Started:
    """A Java program as a command starts it."""

    main: str
    """The main class; empty where the manifest of a jar names it."""
    places: tuple[str, ...]
    """Jars and directories that may have it, as the command names them."""
    arguments: tuple[str, ...]


def started(argv: tuple[str, ...], env: Mapping[str, str]) -> Started | None:
    """Read a command; None if it starts no class, or one of a module."""
    if not argv or basename(argv[0]) != "java":
        return None
    path, at = env.get("CLASSPATH", "") or ".", 1
    while at < len(argv):
        word, value = argv[at], "".join(argv[at + 1 : at + 2])
        if word == "-jar":
            return Started("", (value,), argv[at + 2 :])
        if word in {"-m", "--module"}:
            return None
        if word in CLASS_PATH:
            path = value
        elif word.startswith("--class-path="):
            path = word.partition("=")[2]
        if not word.startswith(("-", "@")):
            return Started(word, tuple(filter(None, path.split(":"))), argv[at + 1 :])
        at += 2 if word in WITH_VALUE else 1
    return None
