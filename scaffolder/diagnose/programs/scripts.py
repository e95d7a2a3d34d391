"""Scripts of any language: which one a command runs, and its text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath

from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import CONTENT, SYSTEM, Files, resolved, text
from scaffolder.diagnose.programs.shell import SHELLS

from .program import Program

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
    "node": {"-r", "--require", "--import", "--loader", "-C", "--conditions", "--env-file"},
    "sh": {"-o", "-O"},
    "ruby": {"-I", "-r", "-C"},
    "perl": {"-I"},
    "php": {"-c", "-d", "-z"},
}
NAMES_PROGRAM = {"python": "-m", "php": "-f"}
"""Options of an interpreter behind which its program stands: a module, a file."""
SOURCES = re.compile(
    r"^[ \t]*(?:source|\.)[ \t]+[\"']?([\w./-]+)[\"']?[ \t\r]*(?:[;#&|]|$)", re.MULTILINE
)
LOADS = re.compile(r"(?:require\(\s*|\bfrom\s+|\bimport\s+)['\"](\.{1,2}/[\w./-]+)['\"]")


@dataclass(frozen=True)
class Script:
    """A program's source text."""

    language: str
    path: str
    """Empty for a text on the command line."""
    text: str


def language(name: str) -> str:
    """Return the language that an interpreter of that name runs; empty if it is none."""
    return next(
        (found for pattern, found in INTERPRETERS if re.search(pattern, basename(name))), ""
    )


def behind(argv: tuple[str, ...]) -> int:
    """Return where the program's own arguments begin: behind those of what runs it, and its file.

    There are none where code stands on the command line.
    """
    kind, at = language(argv[0]), 1
    at += bool(argv[1:]) and (
        (basename(argv[0]) == "busybox" and argv[1] in SHELLS)
        or (basename(argv[0]) in {"bun", "deno"} and argv[1] == "run")
    )
    while kind and at < len(argv) and argv[at].startswith("-"):
        if argv[at] == NAMES_PROGRAM.get(kind):
            at += 1
            break
        at += 2 if argv[at] in WITH_VALUE.get(kind, ()) else 1
    return min(at + 1, len(argv)) if kind else 1


def source(config: Config, files: Files, argv: tuple[str, ...], program: Program) -> Script | None:
    """Return the source of what a command runs; None if it is native, or cannot be read."""
    kind = language(argv[0])
    if kind:
        return _interpreted(config, files, kind, argv)
    if program.shebang:
        runs = basename(program.shebang[0])
        words = " ".join(program.shebang[1:]).split()
        kind = language(words[-1].removeprefix("-S") if runs == "env" and words else runs)
        content = text(files, program.path)
        return Script(kind or runs, program.path, content) if content is not None else None
    return None


def _interpreted(config: Config, files: Files, kind: str, argv: tuple[str, ...]) -> Script | None:
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
            return _module(config, files, rest[0]) if rest else None
        if flag in WITH_VALUE.get(kind, ()) and rest:
            rest.pop(0)
    if not rest:
        return None
    for path in (rest[0], *((f"{rest[0]}.js", f"{rest[0]}/index.js") if kind == "node" else ())):
        content = text(files, path, config.workdir)
        if content is not None:
            return Script(kind, join(config.workdir, path), content)
    return None


def _module(config: Config, files: Files, name: str) -> Script | None:
    """Find one of the service's own modules, below its working directory or PYTHONPATH."""
    path = name.replace(".", "/")
    folders = [config.workdir, *config.env.get("PYTHONPATH", "").split(":")]
    for folder in filter(None, folders):
        for file in (f"{path}/__main__.py", f"{path}.py", f"{path}/__init__.py"):
            content = text(files, join(folder, file))
            if content is not None:
                return Script("python", join(folder, file), content)
    return None


def siblings(files: Files, script: Script, limit: int = 6) -> Iterator[Script]:
    """Return modules beside a Python script that it imports."""
    if script.language != "python" or not script.path:
        return
    folder = script.path.rpartition("/")[0]
    names = re.findall(r"^[ \t]*(?:from|import)[ \t]+\.?(\w+)", script.text, re.MULTILINE)
    for name in list(dict.fromkeys(names))[:limit]:
        path = f"{folder}/{name}.py"
        entry = resolved(files, path)
        if entry and entry.kind == "file":
            content = text(files, path, limit=CONTENT)
            if content is not None:
                yield Script("python", path, content)


def sourced(files: Files, script: Script, workdir: str, limit: int = 6) -> Iterator[Script]:
    """Return what a shell script reads as a part of itself (`. ./lib.sh`), by a literal path.

    A relative one begins at the working directory, at one that the script goes to, or beside it.
    """
    if script.language != "sh":
        return
    gone = re.findall(r"^[ \t]*cd[ \t]+[\"']?(/[\w./-]+)", script.text, re.MULTILINE)
    bases = [*gone, workdir or "/", *([dirname(script.path)] if script.path else [])]
    for name in list(dict.fromkeys(SOURCES.findall(script.text)))[:limit]:
        for path in dict.fromkeys(normpath(join(base, name)) for base in bases):
            entry = None if SYSTEM.match(path) else resolved(files, path)
            content = text(files, path, limit=CONTENT) if entry and entry.kind == "file" else None
            if content is not None:
                yield Script("sh", path, content)
                break


def loaded(files: Files, script: Script, limit: int = 6) -> Iterator[Script]:
    """Return modules that a script of Node loads by a path."""
    if script.language != "node" or not script.path:
        return
    folder = script.path.rpartition("/")[0]
    for name in list(dict.fromkeys(LOADS.findall(script.text)))[:limit]:
        base = normpath(join(folder, name))
        for path in (base, *(f"{base}{end}" for end in (".js", ".cjs", ".mjs", "/index.js"))):
            entry = resolved(files, path)
            content = text(files, path, limit=CONTENT) if entry and entry.kind == "file" else None
            if content is not None:
                yield Script("node", path, content)
                break
