"""What the runtime is told to start cannot be started, because of how the command is written."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, copied, inspected, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import DEFAULT_PATH
from scaffolder.diagnose.scripts import BUILTINS
from scaffolder.diagnose.sources.files import resolved

NEVER = Phase.START | Phase.IMAGE
MISSING = re.compile(
    r"no such file|too many levels of symbolic|not found|not a directory|dangling", re.IGNORECASE
)
PLACES = (
    "/app",
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/opt/app",
    "/srv",
    "/usr/src/app",
    "/",
    "/app/bin",
    "/app/dist",
    "/app/target/release",
    "/usr/local/sbin",
    "/home/app",
    "/opt",
    "/go/bin",
    "/usr/local/cargo/bin",
    "/app/.venv/bin",
    "/opt/venv/bin",
    "/venv/bin",
    "/root",
)


def refused(case: Case) -> Evidence:
    """Show what the runtime said."""
    if case.state.error:
        return inspected(case, "State.Error", case.state.error)
    if case.phase == Phase.IMAGE:
        return inspected(case, "Config", f"Entrypoint and Cmd: {list(case.config.argv)}")
    return Evidence("logs", f"docker logs --tail 5 {quoted(case)}", case.refusal)


def is_missing(case: Case) -> bool:
    """Tell whether the runtime did not find the program, or an image's check did not."""
    problem = case.program.problem if case.program else None
    found = problem is not None and problem.kind in {"missing", "dangling", "not-in-path"}
    return found and (case.phase == Phase.IMAGE or bool(MISSING.search(case.refusal)))


@cause(
    "no-command",
    "the image has neither CMD nor ENTRYPOINT",
    pattern="image",
    reads=["inspect"],
    page="check-program-file",
    when=NEVER | Phase.CREATED,
    weight=90,
)
def no_command(case: Case) -> Found | None:
    """Find an image that does not say what to run."""
    if case.config.argv:
        return None
    return Found(
        "the image has neither CMD nor ENTRYPOINT, so there is nothing to run",
        'name the program in the Dockerfile, such as CMD ["/app/server"], or on the command line',
        (inspected(case, "Config.Cmd", "null"), inspected(case, "Config.Entrypoint", "null")),
        (f"docker run {case.config.image or case.target} /path/to/program",),
        proven=True,
    )


@cause(
    "shell-missing",
    "the shell form needs /bin/sh, and the image has none",
    pattern="image",
    reads=["inspect", "files"],
    page="check-shell",
    when=NEVER,
    weight=86,
)
def shell_missing(case: Case) -> Found | None:
    """Find a CMD in the shell form in an image from scratch, or a distroless one."""
    if not is_missing(case) or basename(case.config.argv[0]) not in {"sh", "bash", "ash"}:
        return None
    shell = case.config.argv[0]
    return Found(
        f"the command is run by {shell}, and the image has no shell: a CMD or ENTRYPOINT in the"
        " shell form needs one, which images from scratch and distroless ones do not have",
        'use the exec form: CMD ["/app/server", "--flag"], or a base image with a shell',
        (
            refused(case),
            copied(case, shell, "no such file"),
            inspected(case, "Config.Cmd", list(case.config.command)),
        ),
        proven=True,
    )


@cause(
    "command-in-one-word",
    "a whole command was given as one word",
    pattern="image",
    reads=["inspect", "files"],
    page="check-program-file",
    when=NEVER,
    weight=85,
)
def command_in_one_word(case: Case) -> Found | None:
    """Find `CMD ["python app.py"]`, for which a program of that name is sought."""
    if not is_missing(case) or " " not in case.config.argv[0].strip():
        return None
    words = case.config.argv[0].split()
    form = ", ".join(f'"{word}"' for word in words)
    known = not case.finder.find(tuple(words)).problem
    return Found(
        f"the command is one word with spaces in it: a program called {case.config.argv[0]!r} is"
        f" sought instead of {words[0]!r} with its arguments",
        f"write each word by itself: [{form}]",
        (refused(case), inspected(case, "Config.Entrypoint", list(case.config.argv))),
        proven=known,
    )


@cause(
    "variable-as-program",
    "the exec form does not expand the variable that names the program",
    pattern="environment",
    reads=["inspect"],
    page="pattern-environment",
    when=NEVER,
    weight=85,
)
def variable_as_program(case: Case) -> Found | None:
    """Find `CMD ["$APP"]`."""
    if not is_missing(case) or not re.search(r"\$\{?\w", case.config.argv[0]):
        return None
    name = case.config.argv[0]
    return Found(
        f"the exec form does not expand variables: a program that is literally called {name} is"
        " sought",
        f'let a shell expand it: CMD ["sh", "-c", "exec {name}"]',
        (refused(case), inspected(case, "Config.Cmd", list(case.config.argv))),
        proven=True,
    )


@cause(
    "flag-as-program",
    "the command is a flag or a shell's builtin, no program",
    pattern="image",
    reads=["inspect", "files"],
    page="check-program-file",
    when=NEVER,
    weight=85,
)
def flag_as_program(case: Case) -> Found | None:
    """Find arguments that took the place of CMD where there is no ENTRYPOINT."""
    word = case.config.argv[0] if case.config.argv else ""
    builtin = word in BUILTINS - {"test", "[", "true", "false", "echo", "printf", "kill", "pwd"}
    if not is_missing(case) or not (word.startswith("-") or builtin):
        return None
    image = case.image
    usual = f"; the image's own command is {list(image.command)}" if image and image.command else ""
    what = "a shell's builtin" if builtin else "a flag"
    return Found(
        f"{word!r} is {what}, no program: what is given to `docker run` after the image replaces"
        f" CMD{usual}",
        'run it by a shell: sh -c "..."'
        if builtin
        else "put the program into ENTRYPOINT, or repeat it before its flags",
        (refused(case), inspected(case, "Config.Cmd", list(case.config.command))),
        proven=True,
    )


@cause(
    "mount-hides-program",
    "a mount hides the program, which the image has",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=NEVER,
    weight=88,
)
def mount_hides_program(case: Case) -> Found | None:
    """Find a bind mount or a volume over the directory of the program."""
    if not is_missing(case) or case.program is None:
        return None
    path = join(case.config.workdir, case.program.path)
    mounts = [
        m for m in case.config.mounts if (path + "/").startswith(m.destination.rstrip("/") + "/")
    ]
    there = resolved(case.image_files, path) if mounts else None
    if not mounts or there is None:
        return None
    mount = max(mounts, key=lambda m: len(m.destination))
    kind = {"bind": f"bind mount of {mount.source}", "volume": f"volume {mount.name[:20]}"}.get(
        mount.kind, mount.kind
    )
    return Found(
        f"the {kind} over {mount.destination} hides {path}, which exists in the image",
        f"mount a directory below (for example {mount.destination.rstrip('/')}/data), or put the"
        " program there",
        (
            refused(case),
            inspected(case, "Mounts", f"{mount.source} -> {mount.destination}"),
            copied(case, path, "no such file in the container"),
            Evidence(
                "files",
                f"docker create {case.config.image}",
                f"{path} in the image: {there.size} bytes",
            ),
        ),
        proven=True,
    )


@cause(
    "dangling-link",
    "the program is a link that leads nowhere",
    pattern="image",
    reads=["files"],
    page="check-program-file",
    when=NEVER,
    weight=82,
)
def dangling_link(case: Case) -> Found | None:
    """Find a symbolic link whose target is not in the image."""
    program = case.program
    if (
        not is_missing(case)
        or not program
        or not program.problem
        or program.problem.kind != "dangling"
    ):
        return None
    target = program.problem.path
    return Found(
        f"{program.path} is a symbolic link, and what it leads to, {program.problem.detail}, does"
        " not exist in the image",
        "copy the file itself (cp -L), or its target along with it",
        (
            refused(case),
            copied(case, program.path, f"link to {program.problem.detail}"),
            copied(case, target, "no such file"),
        ),
        proven=True,
    )


@cause(
    "binary-not-found",
    "the program does not exist at the path that is started",
    pattern="image",
    reads=["inspect", "files"],
    page="check-program-file",
    when=NEVER,
    weight=70,
)
def binary_not_found(case: Case) -> Found | None:
    """Find a program that is not where it is sought, and where it is instead."""
    if not is_missing(case) or case.program is None:
        return None
    name, program = case.config.argv[0], case.program
    elsewhere = find_elsewhere(case, basename(name))
    path = case.config.env.get("PATH", DEFAULT_PATH)
    if "/" not in name:
        what = f"{name!r} is in no directory of PATH ({path}): it is not installed in the image"
        what = what if not elsewhere else f"{name!r} is in no directory of PATH ({path})"
    elif name.startswith("/"):
        what = f"{name} does not exist in the image"
    else:
        what = (
            f"{name} is sought below the working directory {case.config.workdir}, and does not"
            " exist there"
        )
    there = f"; there is {elsewhere[0]}" if elsewhere else ""
    fix = (
        f"start {elsewhere[0]}"
        if elsewhere
        else f"COPY or install {basename(name)} in the final stage"
    )
    return Found(
        f"{what}{there}",
        f"{fix}: make ENTRYPOINT or CMD match the path at which the Dockerfile puts it",
        (
            refused(case),
            copied(case, program.path, "no such file"),
            *(copied(case, other, "exists") for other in elsewhere[:1]),
        ),
        proven=True,
    )


def find_elsewhere(case: Case, name: str) -> list[str]:
    """Return where else a file of that name, or nearly, is."""
    names = dict.fromkeys(
        (name, name.lower(), name.replace("_", "-"), name.replace("-", "_"), f"{name}3")
    )
    places = dict.fromkeys((*PLACES, case.config.workdir))
    found = []
    for place in places:
        for other in names:
            entry = case.finder.files.entry(join(place, other))
            if entry is not None and entry.kind != "directory":
                found.append(join(place, other))
    return found


@cause(
    "workdir",
    "the working directory cannot be entered",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.START,
    weight=88,
)
def workdir(case: Case) -> Found | None:
    """Find a working directory that does not exist, is a file, or is closed to the user."""
    match = re.search(
        r"(?:chdir to cwd|mkdir|cwd)[^:]*?\(?\"?([^\")]*)\"?\)?[^:]*: (.*)", case.refusal
    )
    if not match or not re.search(
        r"chdir to cwd|is not a directory|mkdir .*(?:not a directory|read-only)",
        case.refusal,
        re.IGNORECASE,
    ):
        return None
    if re.search(r"mountpoint|rootfs_linux|mount", case.refusal):
        return None
    denied = "permission denied" in case.refusal.lower()
    entry = resolved(case.files, case.config.workdir)
    mode = (
        f"{entry.kind}, mode {entry.mode:04o}, owner {entry.uid}" if entry else "no such directory"
    )
    why = f"is closed to {case.identity.words}" if denied else "does not exist, or is no directory"
    return Found(
        f"the working directory {case.config.workdir} {why} in the container",
        "correct WORKDIR (or --workdir)"
        + (", or let the user enter it: chmod o+x" if denied else ""),
        (
            refused(case),
            inspected(case, "Config.WorkingDir", case.config.workdir),
            copied(case, case.config.workdir, mode),
        ),
        proven=entry is None or entry.kind != "directory" or not case.identity.may(entry, 1),
    )
