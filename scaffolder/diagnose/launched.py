"""What a container starts: programs and scripts, followed through shells and wrappers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename
from typing import TYPE_CHECKING

from . import shell
from .program import Program
from .scripts import Script, source

if TYPE_CHECKING:
    from .case import Case

MOST = 12
DEEP = 4

WRAPPERS = {
    "tini": 0, "tini-static": 0, "dumb-init": 0, "docker-init": 0, "catatonit": 0, "env": 0,
    "exec": 0, "nice": 0, "nohup": 0, "stdbuf": 0, "setpriv": 0, "time": 0,
    "gosu": 1, "su-exec": 1, "timeout": 1, "runuser": 0, "chpst": 0, "s6-setuidgid": 1,
    "sudo": 0, "xvfb-run": 0, "command": 0, "setsid": 0,
}  # fmt: skip
"""Commands that run another → how many arguments of theirs come before it."""

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


def launched(case: "Case") -> tuple[Launched, ...]:
    """Return what is started, by the runtime and by the scripts that it starts."""
    found: list[Launched] = []
    if case.config.argv:
        _launch(case, unwrap(case.config.argv), found)
    return tuple(found)


def unwrap(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command that others like tini, env or gosu are to run."""
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


def _launch(  # noqa: PLR0913 - it calls itself
    case: "Case",
    argv: tuple[str, ...],
    found: list[Launched],
    *,
    by: str = "",
    background: bool = False,
    deep: int = 0,
) -> None:
    if len(found) >= MOST or not argv or not argv[0]:
        return
    program = case.finder.find(argv)
    script = source(case, argv, program)
    found.append(Launched(argv, program, script, background, by))
    if script and script.language == "sh" and deep < DEEP:
        arguments = _arguments(argv, script)
        for words, behind in _started(script, arguments, dict(case.config.env)):
            _launch(
                case,
                unwrap(words),
                found,
                by=script.path or "sh -c",
                background=behind,
                deep=deep + 1,
            )


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
