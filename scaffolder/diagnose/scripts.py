"""What a container starts: programs and scripts, followed through shells and wrappers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, join, splitext
from typing import TYPE_CHECKING

from . import shell
from .facts import SHELLS
from .program import Program
from .sources.files import CONTENT, resolved, text

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

INTERPRETERS = (
    (r"^(?:ba|da|a|z|k)?sh$|^busybox$", "sh"),
    (r"^(?:python|pypy)[\d.]*$", "python"),
    (r"^(?:node|nodejs|bun|deno|ts-node|tsx)$", "node"),
    (r"^java$", "java"),
    (r"^ruby[\d.]*$", "ruby"),
    (r"^perl[\d.]*$", "perl"),
    (r"^php[\d.]*$", "php"),
)
WITH_VALUE = {
    "python": {"-W", "-X"},
    "node": {"-r", "--require", "--import", "--loader"},
    "sh": {"-o"},
}
BUILTINS = {
    "echo", "export", "set", "cd", "test", "[", "[[", ":", "true",
    "false", "exit", "return", "read", "unset", "trap", "wait", "eval", "source",
    ".", "shift", "local", "printf", "umask", "ulimit", "break", "continue", "case",
    "esac", "for", "function", "in", "alias", "type", "declare", "readonly", "kill",
    "pwd", "let",
}  # fmt: skip


@dataclass(frozen=True)
class Script:
    """A program's source text."""

    language: str
    path: str
    """Empty for a text on the command line."""
    text: str


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


def language(name: str) -> str:
    """Return the language that an interpreter of that name runs; empty if it is none."""
    return next(
        (found for pattern, found in INTERPRETERS if re.search(pattern, basename(name))), ""
    )


def source(case: "Case", argv: tuple[str, ...], program: Program) -> Script | None:
    """Return the source of what a command runs; None if it is native, or cannot be read."""
    kind = language(argv[0])
    if kind:
        return _interpreted(case, kind, argv)
    if program.shebang:
        runs = basename(program.shebang[0])
        words = " ".join(program.shebang[1:]).split()
        kind = language(words[-1].removeprefix("-S") if runs == "env" and words else runs)
        content = text(case.files, program.path)
        return Script(kind or runs, program.path, content) if content is not None else None
    return None


def _interpreted(case: "Case", kind: str, argv: tuple[str, ...]) -> Script | None:
    rest = list(argv[1:])
    if basename(argv[0]) == "busybox" and rest and rest[0] in SHELLS:
        rest.pop(0)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if (kind in {"sh", "python"} and re.fullmatch(r"-[a-zA-Z]*c", flag)) or (
            flag in {"-e", "--eval"} and kind == "node"
        ):
            return Script(kind, "", rest[0]) if rest else None
        if kind == "python" and flag == "-m":
            return _module(case, rest[0]) if rest else None
        if flag in WITH_VALUE.get(kind, ()) and rest:
            rest.pop(0)
    if not rest:
        return None
    for path in (rest[0], *((f"{rest[0]}.js", f"{rest[0]}/index.js") if kind == "node" else ())):
        content = text(case.files, path, case.config.workdir)
        if content is not None:
            return Script(kind, join(case.config.workdir, path), content)
    return None


def _module(case: "Case", name: str) -> Script | None:
    """Find a module of the service's own, below its working directory or PYTHONPATH."""
    path = name.replace(".", "/")
    folders = [case.config.workdir, *case.config.env.get("PYTHONPATH", "").split(":")]
    for folder in filter(None, folders):
        for file in (f"{path}/__main__.py", f"{path}.py", f"{path}/__init__.py"):
            content = text(case.files, join(folder, file))
            if content is not None:
                return Script("python", join(folder, file), content)
    return None


def siblings(case: "Case", script: Script, limit: int = 6) -> Iterator[Script]:
    """Return modules beside a Python script that it imports."""
    if script.language != "python" or not script.path:
        return
    folder = script.path.rpartition("/")[0]
    names = re.findall(r"^\s*(?:from|import)\s+\.?(\w+)", script.text, re.MULTILINE)
    for name in list(dict.fromkeys(names))[:limit]:
        path = f"{folder}/{name}.py"
        entry = resolved(case.files, path)
        if entry and entry.kind == "file":
            content = text(case.files, path, limit=CONTENT)
            if content is not None:
                yield Script("python", path, content)


def extension(path: str) -> str:
    """Return how a file's name ends, without the dot."""
    return splitext(path)[1].lstrip(".")
