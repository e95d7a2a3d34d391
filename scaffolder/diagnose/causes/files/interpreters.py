"""What a program needs to be loaded, and the image lacks: its interpreter, its libc."""

from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import NEVER, refused
from scaffolder.diagnose.evidence import content, copied
from scaffolder.diagnose.sources.files import resolved

from .problems import problem_of, runtime_says


@cause(
    "interpreter-missing",
    "the interpreter that the #! line names does not exist",
    pattern="image",
    reads=["files", "logs"],
    page="check-program-file",
    when=NEVER,
    weight=80,
)
def interpreter_missing(case: Case) -> Found | None:
    """Find a script whose interpreter the image lacks: bash, or a virtual environment's Python."""
    program = case.program
    if not program or not program.interpreter or not runtime_says(case, "no such file|not found"):
        return None
    problem = program.interpreter.first_problem
    if not problem or problem.kind not in {"missing", "dangling", "not-in-path", "interpreter"}:
        return None
    line = " ".join(program.shebang)
    wanted = program.interpreter.path
    about, fix = _about_interpreter(case, wanted, program.path)
    return Found(
        f"the #! line of {program.path} names {line}, which does not exist in the image{about}",
        fix,
        (
            refused(case),
            content(case, program.path, f"#!{line}"),
            copied(case, problem.path, "no such file"),
        ),
        proven=True,
    )


def _about_interpreter(case: Case, wanted: str, script: str) -> tuple[str, str]:
    if "python" in wanted and wanted.startswith("/"):
        about = ": the virtual environment was made at another path (that of the builder)"
        fix = (
            "make the virtual environment at the same path in both stages, or run `python -m"
            " MODULE`"
        )
        return about, fix
    if wanted.endswith("bash"):
        name = (
            "apk add bash"
            if case.has("/lib/apk") or case.has("/etc/alpine-release")
            else "install bash"
        )
        return "", f"write #!/bin/sh if the script needs no bash, or {name} in the image"
    return "", f"install {basename(wanted)} in the image, or correct the first line of {script}"


@cause(
    "loader-missing",
    "the program's loader (libc) is not in the image",
    pattern="image",
    reads=["files", "logs"],
    page="pattern-dependencies",
    when=NEVER,
    weight=88,
)
def loader_missing(case: Case) -> Found | None:
    """Find a program that was linked for another libc than the image has."""
    found = problem_of(case, "loader")
    if not found or not runtime_says(case, "no such file|not found"):
        return None
    program, problem = found
    wanted = problem.detail
    libc, has = _libcs(case, wanted)
    return Found(
        f"{program.path} exists, but its ELF interpreter {wanted} does not: it was built for"
        f" {libc}, and the image has {has}",
        "use a runtime image with the libc that it was built for (debian:...-slim for glibc,"
        " alpine for musl), or link it statically (CGO_ENABLED=0; target"
        " x86_64-unknown-linux-musl)",
        (
            refused(case),
            content(case, program.path, f"interpreter {wanted}"),
            copied(case, wanted, "no such file"),
        ),
        proven=True,
    )


def _libcs(case: Case, wanted: str) -> tuple[str, str]:
    libc = "musl" if "musl" in wanted else "glibc"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(case.host.architecture, "x86_64")
    musl = case.files.entry(f"/lib/ld-musl-{machine}.so.1")
    glibc = resolved(case.files, "/lib64/ld-linux-x86-64.so.2") or resolved(
        case.files, "/lib/ld-linux-aarch64.so.1"
    )
    return libc, "musl" if musl else "glibc" if glibc else "no libc at all"
