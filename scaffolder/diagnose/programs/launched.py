"""What a container starts: programs and scripts, followed through shells and wrappers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import Files

from . import shell
from .program import Finder, Program
from .scripts import Script, source

MOST = 12
DEEP = 4

WRAPPERS = {
    "tini": 0, "tini-static": 0, "dumb-init": 0, "docker-init": 0, "catatonit": 0, "env": 0,
    "exec": 0, "nice": 0, "nohup": 0, "stdbuf": 0, "setpriv": 0, "time": 0,
    "gosu": 1, "su-exec": 1, "timeout": 1, "runuser": 0, "chpst": 0, "s6-setuidgid": 1,
    "sudo": 0, "xvfb-run": 0, "command": 0, "setsid": 0,
}  # fmt: skip
"""Commands that run another one → how many of their arguments precede it."""

BUILTINS = {
    "echo", "export", "set", "cd", "test", "[", "[[", ":", "true",
    "false", "exit", "return", "read", "unset", "trap", "wait", "eval", "source",
    ".", "shift", "local", "printf", "umask", "ulimit", "break", "continue", "case",
    "esac", "for", "function", "in", "alias", "type", "declare", "readonly", "kill",
    "pwd", "let",
}  # fmt: skip


@dataclass(frozen=True)
class Launched:
    """A command that is started."""

    argv: tuple[str, ...]
    program: Program | None = None
    script: Script | None = None
    background: bool = False
    by: str = ""
    """The script that starts it; empty for the runtime."""

    @property
    def name(self) -> str:
        """The name of its program."""
        return basename(self.argv[0])


def launched(config: Config, files: Files, finder: Finder) -> tuple[Launched, ...]:
    """Return what is started, by the runtime and by the scripts that it starts."""
    found: list[Launched] = []

    def launch(
        argv: tuple[str, ...], *, by: str = "", background: bool = False, deep: int = 0
    ) -> None:
        if len(found) >= MOST or not argv or not argv[0]:
            return
        program = finder.find(argv)
        script = source(config, files, argv, program)
        found.append(Launched(argv, program, script, background, by))
        if script and script.language == "sh" and deep < DEEP:
            arguments = _arguments(argv, script)
            for words, behind in _started(script, arguments, dict(config.env)):
                launch(unwrap(words), by=script.path or "sh -c", background=behind, deep=deep + 1)

    if config.argv:
        launch(unwrap(config.argv))
    return tuple(found)


def unwrap(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that wrappers such as tini, env or gosu run."""
    while len(argv) > 1 and basename(argv[0]) in WRAPPERS:
        skipped = WRAPPERS[basename(argv[0])]
        rest = list(argv[1:])
        while rest and (rest[0].startswith("-") or shell.ASSIGNMENT.match(rest[0]) or skipped):
            skipped -= not rest[0].startswith("-") and not shell.ASSIGNMENT.match(rest[0])
            rest.pop(0)
        if not rest:
            break
        argv = tuple(rest)
    return argv


def _arguments(argv: tuple[str, ...], script: Script) -> tuple[str, ...]:
    """Return what a shell script is called with."""
    names = [
        i for i, word in enumerate(argv) if script.path and script.path.endswith(basename(word))
    ]
    return argv[names[0] + 1 :] if names else ()


def _started(
    script: Script, arguments: tuple[str, ...], env: dict[str, str]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    for command in shell.commands(script.text):
        words = tuple(shell.expand(word, env) for word in command.words)
        words = tuple(w for w in words if not re.match(r"^\d*[<>]", w) and w != "/dev/null")
        if words and words[0] == "exec":
            words = words[1:]
        if words and words[0] in {"$@", "$*", "${@}"}:
            words = arguments
        if (
            words
            and words[0] not in BUILTINS
            and not words[0].endswith("()")
            and "$(" not in words[0]
        ):
            yield words, command.end == "&"
