"""Files of a kind that the kernel cannot execute: line endings, first lines, architectures."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.start.refusal import NEVER, refused
from scaffolder.diagnose.evidence import Evidence, content, copied
from scaffolder.diagnose.phase import Phase

from .problems import problem_of, runtime_says

FORMATS = {
    "empty": ("is an empty file", "copy the finished program: the build left nothing"),
    "lfs": ("is a pointer of Git LFS, not the file itself", "git lfs pull, before docker build"),
    "windows": ("is a program for Windows", "build it for linux"),
    "mac": ("is a program for macOS", "build it for linux"),
    "archive": ("is an archive", "unpack it in the Dockerfile"),
    "html": (
        "is a web page: the download gave an error instead of the program",
        "check the URL, with curl -f",
    ),
    "binary": ("is no program of a known format", "check how it was built and copied"),
    "corrupt": ("is damaged or cut short", "build and copy it again; compare its checksum"),
}


EXEC_FORMAT = re.compile(
    r"exec format error|cannot execute binary|input/output error|segmentation", re.IGNORECASE
)


@cause(
    "crlf",
    "Windows line endings: the kernel looks for an interpreter with a carriage return",
    pattern="image",
    reads=["files", "logs"],
    page="check-program-file",
    when=NEVER,
    weight=85,
)
def crlf(case: Case) -> Found | None:
    """Find a script whose first line ends with a carriage return."""
    found = problem_of(case, "crlf")
    if not found or not runtime_says(case, "no such file|not found"):
        return None
    path, line = found[0].path, found[1].detail.rstrip("\r")
    return Found(
        f"{path} has Windows (CRLF) line endings: the kernel looks for an interpreter called"
        f' "{line}\\r", which does not exist',
        f"convert it to LF: `*.sh text eol=lf` in .gitattributes, or sed -i 's/\\r$//' {path} in"
        " the Dockerfile",
        (refused(case), content(case, path, f"#!{line}\\r\\n")),
        (f"sed -i 's/\\r$//' {basename(path)}",),
        proven=True,
    )


@cause(
    "no-shebang",
    "a script without a #! line",
    pattern="image",
    reads=["files", "logs"],
    page="check-program-file",
    when=NEVER,
    weight=80,
)
def no_shebang(case: Case) -> Found | None:
    """Find a script that does not say what runs it."""
    found = problem_of(case, "no-shebang", "bom")
    if not found or not runtime_says(case, EXEC_FORMAT.pattern):
        return None
    path, first = found[0].path, found[1].detail
    if found[1].kind == "bom":
        what = f"{path} begins with a byte order mark, so that its #! line is not at the very start"
        fix = f"save it as UTF-8 without BOM: sed -i '1s/^\\xEF\\xBB\\xBF//' {path}"
    else:
        what = (
            f"{path} has no #! line, so the kernel does not know what runs it (exec format error)"
        )
        fix = (
            f'write #!/bin/sh as its very first line, or start it with ENTRYPOINT ["sh", "{path}"]'
        )
    return Found(
        what, fix, (refused(case), content(case, path, f"first line: {first}")), proven=True
    )


@cause(
    "wrong-architecture",
    "a program for another processor",
    pattern="image",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER,
    weight=90,
)
def wrong_architecture(case: Case) -> Found | None:
    """Find a program, or an interpreter, that was built for another architecture."""
    found = problem_of(case, "architecture")
    if not found or not runtime_says(case, EXEC_FORMAT.pattern + "|no such file"):
        return None
    program, problem = found
    host = case.host.architecture
    return Found(
        f"{program.path} is a program for {problem.detail}, and this machine is {host}: exec"
        " format error",
        f"build it for this machine: docker build --platform linux/{host}, or cross-compile for"
        f" {host}",
        (
            refused(case),
            content(case, program.path, f"ELF for {problem.detail}"),
            Evidence("inspect", "docker version --format '{{.Server.Arch}}'", host),
        ),
        (f"docker build --platform linux/{host} -t {case.config.image or 'IMAGE'} .",),
        proven=case.phase != Phase.IMAGE,  # which an emulator may run
    )


@cause(
    "not-a-program",
    "the file is damaged, empty, or of another kind than a program",
    pattern="image",
    reads=["files", "logs"],
    page="check-program-file",
    when=NEVER | Phase.DIED,
    weight=75,
)
def not_a_program(case: Case) -> Found | None:
    """Find an empty, truncated or foreign file where a program should be."""
    found = problem_of(case, *FORMATS)
    if not found or (not case.is_silent and not runtime_says(case, EXEC_FORMAT.pattern)):
        return None
    program, problem = found
    what, fix = FORMATS[problem.kind]
    words = (
        "is an object file, not linked yet"
        if problem.kind == "corrupt" and problem.detail
        else what
    )
    size = program.entry.size if program.entry else 0
    return Found(
        f"{program.path} {words} ({size} bytes), so it cannot be executed (exec format error)",
        fix,
        (
            refused(case),
            copied(case, program.path, f"{size} bytes; {words}"),
        ),
        proven=runtime_says(case, EXEC_FORMAT.pattern),
    )
