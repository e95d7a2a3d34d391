"""What can be wrong with a program's file, worded for the runtime and for scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, copied, inspected
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.programs.program import Problem, Program
from scaffolder.text import quoted as typed

ABSENT = {"missing", "dangling", "not-in-path", "interpreter"}
"""Problems that mean a missing interpreter."""


@dataclass(frozen=True)
class Flaw:
    """A problem: formats for `_values`, and the evidence that shows it."""

    words: str
    """What is wrong with the file, as the end of a sentence that begins with its path."""
    fix: str
    shows: str
    """What the evidence shows of the file."""
    command: str = ""
    more: tuple[str, ...] = ()
    """More evidence, by the names in `MORE`."""
    listed: bool = False
    """A listing of the file shows it, not its content."""


def _format(words: str, fix: str) -> Flaw:
    return Flaw(
        f"{words} ({{size}} bytes), so it cannot be executed (exec format error)",
        fix,
        f"{{size}} bytes; {words}",
        listed=True,
    )


FORMATS = {
    "empty": _format("is an empty file", "copy the built program: the build produced nothing"),
    "lfs": _format(
        "is a Git LFS pointer, not the file itself", "run git lfs pull before docker build"
    ),
    "windows": _format("is a program for Windows", "build it for linux"),
    "mac": _format("is a program for macOS", "build it for linux"),
    "archive": _format("is an archive", "unpack it in the Dockerfile"),
    "html": _format(
        "is a web page: the download returned an error, not the program",
        "check the URL, and download with curl -f",
    ),
    "binary": _format("is not a program of a known format", "check how it was built and copied"),
    "corrupt": _format("is corrupt or truncated", "build and copy it again; compare its checksum"),
    "object": _format(
        "is an object file, not linked yet", "build and copy it again; compare its checksum"
    ),
}
FLAWS = {
    **FORMATS,
    "crlf": Flaw(
        'has Windows (CRLF) line endings: the kernel looks for an interpreter called "{line}\\r",'
        " which does not exist",
        "convert it to LF: `*.sh text eol=lf` in .gitattributes, or in the Dockerfile"
        " sed -i 's/\\r$//' {typed}",
        "#!{line}\\r\\n",
        "sed -i 's/\\r$//' {name}",
    ),
    "bom": Flaw(
        "begins with a byte order mark, so its #! line is not at the very start",
        "save it as UTF-8 without BOM: sed -i '1s/^\\xEF\\xBB\\xBF//' {typed}",
        "first line: {detail}",
    ),
    "no-shebang": Flaw(
        "has no #! line, so the kernel does not know how to run it (exec format error)",
        'write #!/bin/sh as its very first line, or start it with ENTRYPOINT ["sh", "{path}"]',
        "first line: {detail}",
    ),
    "architecture": Flaw(
        "is a program for {detail}, but this machine is {host}: exec format error",
        "build it for this machine: docker build --platform linux/{host}, or cross-compile for"
        " {host}",
        "ELF for {detail}",
        "docker build --platform linux/{host} -t {image} .",
        ("machine",),
    ),
    "loader": Flaw(
        "exists, but its ELF interpreter {detail} does not: it was built for {libc}, and the image"
        " has {has}",
        "use a runtime image with the libc that it was built for (debian:...-slim for glibc,"
        " alpine for musl), or link it statically (gcc -static; CGO_ENABLED=0; target"
        " x86_64-unknown-linux-musl)",
        "interpreter {detail}",
        more=("absent",),
    ),
    "mode": Flaw(
        "is not executable for {who}: its mode is {mode}, owner {owner}",
        "{chmod}",
        "mode {mode}, owner {owner}",
        more=("user",),
        listed=True,
    ),
    "unreachable": Flaw(
        "cannot be reached by {user}: the directory {at} on the way has mode {mode} and owner"
        " {owner}",
        "chmod o+x {at_typed}, or put the program where every user may go, such as /usr/local/bin",
        "mode {mode}, owner {owner}",
        more=("user",),
        listed=True,
    ),
}  # fmt: skip
MORE: dict[str, Callable[[Case, Problem], Evidence]] = {
    "machine": lambda case, _problem: Evidence(
        "inspect", "docker version --format '{{.Server.Arch}}'", case.host.architecture
    ),
    "absent": lambda case, problem: copied(case, problem.detail, "no such file"),
    "user": lambda case, _problem: inspected(case, "Config.User", case.config.user or "root"),
}


@dataclass(frozen=True)
class Said:
    """A flaw of one file, in words."""

    words: str
    fix: str
    commands: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def said(case: Case, program: Program, problem: Problem) -> Said | None:
    """Describe what is wrong with a file; None if its problem is none of these."""
    kind = "object" if problem.kind == "corrupt" and problem.detail else problem.kind
    flaw = FLAWS.get(kind)
    if flaw is None:
        return None
    values = _values(case, program, problem)
    words, fix, shows, command = (
        form.format_map(values) for form in (flaw.words, flaw.fix, flaw.shows, flaw.command)
    )
    place = problem.path if kind == "unreachable" else program.path
    shown = (copied if flaw.listed else content)(case, place, shows)
    more = (MORE[name](case, problem) for name in flaw.more)
    return Said(words, fix, (command,) if command else (), (shown, *more))


def flaw_of(case: Case, program: Program, problem: Problem) -> Said | None:
    """Describe what keeps a program that another one starts from running: in it, or in its `#!`."""
    if program.interpreter and problem.kind in ABSENT:
        line = " ".join(program.shebang)
        return Said(
            f"has a #! line that names {line}, which does not exist in the image",
            f"install {line} in the image, or correct the line",
            (),
            (copied(case, problem.path, "no such file"),),
        )
    at = program
    while at.interpreter and not at.problem:
        at = at.interpreter
    return said(case, at, problem)


def _values(case: Case, program: Program, problem: Problem) -> dict[str, object]:
    entry = case.files.entry(problem.path) if problem.kind == "unreachable" else program.entry
    libc, has = _libcs(case, problem.detail) if problem.kind == "loader" else ("", "")
    who, chmod = _closed(case, program)
    return {
        "path": program.path, "typed": typed(program.path), "name": typed(basename(program.path)),
        "at": problem.path, "at_typed": typed(problem.path),
        "detail": problem.detail, "line": problem.detail.rstrip("\r"),
        "host": case.host.architecture, "image": case.config.image or "IMAGE",
        "size": program.entry.size if program.entry else 0,
        "mode": f"{entry.mode:04o}" if entry else "?",
        "owner": f"{entry.uid}:{entry.gid}" if entry else "?",
        "user": case.identity.words, "who": who, "chmod": chmod, "libc": libc, "has": has,
    }  # fmt: skip


def _closed(case: Case, program: Program) -> tuple[str, str]:
    """Return for whom a file is not executable, and the fix."""
    file, place = typed(basename(program.path)), typed(program.path)
    if program.entry and not program.entry.mode & 0o111:
        fix = f"chmod +x {file} (git update-index --chmod=+x {file}), or RUN chmod 755 {place}"
        return "anyone", fix
    owner = f"{case.identity.uid}:{case.identity.gid}"
    return (
        f"{case.identity.words}, the container's user",
        f"COPY --chown={owner} it, or RUN chmod 755 {place}",
    )


def _libcs(case: Case, wanted: str) -> tuple[str, str]:
    """Return the libc that a loader belongs to, and the one that the image has."""
    libc = "musl" if "musl" in wanted else "glibc"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(case.host.architecture, "x86_64")
    musl = case.files.entry(f"/lib/ld-musl-{machine}.so.1")
    glibc = resolved(case.files, "/lib64/ld-linux-x86-64.so.2") or resolved(
        case.files, "/lib/ld-linux-aarch64.so.1"
    )
    return libc, "musl" if musl else "glibc" if glibc else "no libc at all"
