"""The program's file is there and cannot be executed: its format, its first line, its mode."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, content, copied, inspected, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import Problem, Program
from scaffolder.diagnose.sources.files import follow, resolved

from .start import NEVER, refused

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


def problem_of(case: Case, *kinds: str) -> tuple[Program, Problem] | None:
    """Return what is wrong with the program, if it is one of these."""
    program = case.program
    while program and not program.problem and program.interpreter:
        program = program.interpreter
    if program and program.problem and program.problem.kind in kinds:
        return program, program.problem
    return None


def runtime_says(case: Case, pattern: str) -> bool:
    """Tell whether the runtime's words agree."""
    return case.phase == Phase.IMAGE or bool(re.search(pattern, case.refusal, re.IGNORECASE))


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
        proven=True,
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


@cause(
    "not-executable",
    "the program's file is not executable",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER,
    weight=82,
)
def not_executable(case: Case) -> Found | None:
    """Find a file without the x bit, for anybody or for the container's user."""
    found = problem_of(case, "mode")
    if not found or not found[0].entry or not runtime_says(case, "permission denied"):
        return None
    program, entry = found[0], found[0].entry
    nobody = not entry.mode & 0o111
    who = "anybody" if nobody else f"{case.identity.words}, as whom the container runs"
    name = basename(program.path)
    fix = f"chmod +x {name} (git update-index --chmod=+x {name}), or RUN chmod 755 {program.path}"
    if not nobody:
        owner = f"{case.identity.uid}:{case.identity.gid}"
        fix = f"COPY --chown={owner} it, or RUN chmod 755 {program.path}"
    return Found(
        f"{program.path} is not executable for {who}: its mode is {entry.mode:04o}, owner"
        f" {entry.uid}:{entry.gid}",
        fix,
        (
            refused(case),
            copied(case, program.path, f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}"),
            inspected(case, "Config.User", case.config.user or "root"),
        ),
        proven=True,
    )


@cause(
    "path-closed",
    "a directory on the way to the program is closed to the user",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER,
    weight=84,
)
def path_closed(case: Case) -> Found | None:
    """Find a directory that the container's user may not search, such as /root."""
    found = problem_of(case, "unreachable")
    if not found or not runtime_says(case, "permission denied|no such file|not found"):
        return None
    program, problem = found
    entry = case.files.entry(problem.path)
    owner = f"{entry.uid}:{entry.gid}" if entry else "?"
    return Found(
        f"{program.path} cannot be reached by {case.identity.words}: the directory {problem.path}"
        f" on the way has mode {int(problem.detail, 8):04o} and owner {owner}",
        f"chmod o+x {problem.path}, or put the program where everybody may go, such as"
        " /usr/local/bin",
        (
            refused(case),
            copied(case, problem.path, f"mode {int(problem.detail, 8):04o}, owner {owner}"),
            inspected(case, "Config.User", case.config.user),
        ),
        proven=True,
    )


@cause(
    "program-is-directory",
    "a directory is to be executed",
    pattern="image",
    reads=["files"],
    page="check-program-file",
    when=NEVER,
    weight=84,
)
def program_is_directory(case: Case) -> Found | None:
    """Find an ENTRYPOINT that names a directory, as COPY makes one where a file was meant."""
    found = problem_of(case, "directory", "special")
    if not found or not runtime_says(case, "permission denied|is a directory|not found"):
        return None
    path = found[0].path
    kind = "a directory" if found[1].kind == "directory" else "a device or socket, no program"
    inside = next(
        (n for n in case.files.names(path) if basename(n) == basename(path) and n != path), ""
    )
    hint = f"; the program may be {inside}" if inside else ""
    return Found(
        f"{path}, which is to be executed, is {kind}{hint}",
        f"start the file in it{': ' + inside if inside else ''}, or correct COPY and ENTRYPOINT",
        (refused(case), copied(case, path, kind)),
        proven=True,
    )


@cause(
    "noexec",
    "the program lies on a file system that forbids to execute",
    pattern="permissions",
    reads=["files", "inspect"],
    page="check-program-file",
    when=NEVER | Phase.DIED,
    weight=86,
)
def noexec(case: Case) -> Found | None:
    """Find a mount with the option noexec, which Docker gives every --tmpfs."""
    denied = re.search(r"permission denied|operation not permitted", case.refusal, re.IGNORECASE)
    match = (
        None
        if denied
        else case.said(r"(/[\w./+-]+)['\"`]?: (?:permission denied|failed to map segment)")
    )
    path = case.program.path if denied and case.program else match[1] if match else ""
    mount = _noexec_mount(case, path) if path else None
    if not mount or (denied and case.program and case.program.first_problem):
        return None
    return Found(
        f"{path} cannot be executed: {mount} is mounted with the option noexec",
        f"put programs elsewhere, or mount it with exec: --tmpfs {mount}:exec",
        (
            refused(case)
            if denied
            else Evidence("logs", f"docker logs {quoted(case)}", match[0] if match else ""),
            inspected(case, "HostConfig.Tmpfs", dict(case.config.tmpfs) or "noexec"),
        ),
        proven=bool(denied) or mount in case.config.tmpfs,
    )


def _noexec_mount(case: Case, path: str) -> str:
    way, _ = follow(case.files, path)
    real = way[-1].path if way else path
    for place, options in case.config.tmpfs.items():
        if any(
            p.startswith(place.rstrip("/") + "/") for p in (real, path)
        ) and "exec" not in options.split(","):
            return place
    for mount in case.config.mounts:
        if real.startswith(mount.destination + "/") and "noexec" in mount.options:
            return mount.destination
    return ""


@cause(
    "exec-refused",
    "the runtime may not execute a file that looks right",
    pattern="permissions",
    reads=["inspect", "files"],
    page="check-program-file",
    when=Phase.START,
    weight=40,
)
def exec_refused(case: Case) -> Found | None:
    """Find a refusal that the mode does not explain: a security module, or a mount's options."""
    if not case.program or case.program.first_problem:
        return None
    if not re.search(
        r"exec.*(?:permission denied|operation not permitted)",
        case.refusal,
        re.IGNORECASE | re.DOTALL,
    ):
        return None
    return Found(
        f"{case.program.path} may not be executed although its mode allows it: a security module"
        " (AppArmor, SELinux), a mount with noexec or a security option refuses it",
        "look into the host's audit log (dmesg, ausearch -m avc); on SELinux mount with :z",
        (refused(case), inspected(case, "HostConfig.SecurityOpt", list(case.config.security))),
    )
