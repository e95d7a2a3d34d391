"""What a command starts: the file that it names, what runs it, and what is wrong with them."""

import re
from dataclasses import dataclass
from posixpath import basename, join, normpath

from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.files import PROGRAM, Files, follow
from scaffolder.diagnose.evidence.identity import EXECUTE, Identity
from scaffolder.diagnose.programs.shell import SHELLS

from .native import elf

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HEAD = 64 * 1024
INTERPRETER = re.compile(r"^(?:python|pypy|node|nodejs|java|ruby|php|perl)[\d.]*$")
"""Programs that are large and rarely the cause: only their first bytes are read."""
SHEBANG = 256
"""How much of the first line the kernel reads (BINPRM_BUF_SIZE)."""
DEEP = 4


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be started."""

    kind: str
    path: str
    detail: str = ""


@dataclass(frozen=True)
class Program:
    """What a command starts."""

    argv: tuple[str, ...]
    path: str = ""
    """Where the file is; the name that was searched, if it does not exist."""
    entry: Entry | None = None
    elf: "elf.Elf | None" = None
    shebang: tuple[str, ...] = ()
    interpreter: "Program | None" = None
    problem: Problem | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return basename(self.path)

    @property
    def first_problem(self) -> Problem | None:
        """What is wrong with it, or with what runs it."""
        if self.problem or not self.interpreter:
            return self.problem
        return self.interpreter.first_problem


class Finder:
    """Finds programs as the runtime and the kernel do."""

    def __init__(
        self,
        files: Files,
        identity: Identity,
        config: Config,
        architecture: str,
    ) -> None:
        """Look into `files`, for a process with that identity and configuration."""
        self.files = files
        self.identity = identity
        self.search = (config.env.get("PATH") or DEFAULT_PATH).split(":")
        self.workdir = config.workdir or "/"
        self.architecture = architecture

    def find(self, argv: tuple[str, ...], deep: int = 0) -> Program:
        """Find what a command starts."""
        name = argv[0]
        if "/" in name:
            return self._at(argv, normpath(join(self.workdir, name)), deep)
        fallback = None
        for folder in self.search:
            found = self._at(argv, join(self.workdir, folder, name), deep)
            if not found.problem or found.problem.kind not in {"missing", "dangling"}:
                if not found.problem or found.problem.kind not in {"mode", "directory"}:
                    return found
                fallback = fallback or found
        return fallback or Program(argv, name, problem=Problem("not-in-path", name))

    def _at(self, argv: tuple[str, ...], path: str, deep: int) -> Program:
        way, missing = follow(self.files, path)
        if missing:
            link = next((e for e in reversed(way) if e.kind == "link"), None)
            kind = "dangling" if link and missing != path else "missing"
            return Program(argv, path, problem=Problem(kind, missing, link.target if link else ""))
        blocked = self._blocked(way)
        entry = way[-1] if way else Entry("/", "directory")
        if blocked or entry.kind != "file":
            problem = blocked or Problem(
                "directory" if entry.kind == "directory" else "special", path
            )
            return Program(argv, path, entry, problem=problem)
        if not self.identity.may(entry, EXECUTE):
            return Program(
                argv, path, entry, problem=Problem("mode", entry.path, f"{entry.mode:o}")
            )
        return self._read(argv, path, entry, deep)

    def _blocked(self, way: list[Entry]) -> Problem | None:
        for entry in way[:-1]:
            if entry.kind == "directory" and not self.identity.may(entry, EXECUTE):
                return Problem("unreachable", entry.path, f"{entry.mode:o}")
        return None

    def _read(self, argv: tuple[str, ...], path: str, entry: Entry, deep: int) -> Program:
        head = self.files.content(entry.path, HEAD) or b""
        if head.startswith(elf.MAGIC):
            return self._native(argv, path, entry, head)
        if head.startswith(b"#!"):
            return self._script(argv, path, entry, head, deep)
        return Program(argv, path, entry, problem=Problem(kind_of(head), path, preview(head)))

    def _native(self, argv: tuple[str, ...], path: str, entry: Entry, head: bytes) -> Program:
        limit = HEAD if INTERPRETER.match(basename(path)) else PROGRAM
        data = head if entry.size <= HEAD else self.files.content(entry.path, limit) or head
        found = elf.parse(data, entry.size)
        problem = None
        if found is None or found.is_cut or found.kind not in (2, 3):
            problem = Problem(
                "corrupt", path, "an object file" if found and found.kind == 1 else ""
            )
        elif not elf.runs_on(found.machine, self.architecture):
            problem = Problem("architecture", path, found.machine)
        elif found.interpreter and follow(self.files, found.interpreter)[1]:
            problem = Problem("loader", path, found.interpreter)
        return Program(argv, path, entry, found, problem=problem)

    def _script(
        self, argv: tuple[str, ...], path: str, entry: Entry, head: bytes, deep: int
    ) -> Program:
        line = head[2:SHEBANG].split(b"\n", 1)[0].decode("utf-8", "replace")
        if line.endswith("\r"):
            return Program(argv, path, entry, problem=Problem("crlf", path, line.strip(" \t")))
        words = tuple(line.split(None, 1))
        if not words or deep > DEEP:
            return Program(argv, path, entry, problem=Problem("interpreter", path, line))
        arguments = tuple(word.strip() for word in words)
        if basename(words[0]) == "env" and len(words) > 1:
            name = words[1].split()[-1] if words[1].startswith("-S") else words[1].strip()
            arguments = (words[0], *words[1].split())
            runs = self.find((name.split()[0],), deep + 1)
        else:
            runs = self.find((words[0].strip(),), deep + 1)
        return Program(argv, path, entry, None, arguments, runs)


def kind_of(head: bytes) -> str:
    """Return what is wrong with a file that is neither a script nor a native program."""
    kinds = (
        (b"", "empty") if not head else (b"version https://git-lfs", "lfs"),
        (b"MZ", "windows"),
        (b"\xcf\xfa\xed\xfe", "mac"),
        (b"\xca\xfe\xba\xbe", "mac"),
        (b"PK\x03\x04", "archive"),
        (b"\x1f\x8b", "archive"),
        (b"\xef\xbb\xbf#!", "bom"),
        (b"<", "html"),
    )
    if not head.strip(b"\0"):
        return "empty"
    found = next((kind for start, kind in kinds if start and head.startswith(start)), "")
    return found or ("binary" if b"\0" in head[:1024] else "no-shebang")


def preview(head: bytes) -> str:
    """Return the first line, to show it."""
    return head[:200].split(b"\n", 1)[0].decode("utf-8", "replace")[:80]


def is_shell(argv: tuple[str, ...]) -> bool:
    """Tell whether a command starts a shell."""
    return bool(argv) and basename(argv[0]) in SHELLS
