"""Programs and directories that are not at the expected path."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, refused
from scaffolder.diagnose.evidence.files import mount_around, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.program import DEFAULT_PATH

from .refusal import NEVER, is_missing
from .search import find_elsewhere


@cause(
    "mount-hides-program",
    "a mount hides the program that is in the image",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=NEVER,
    explains=["shell-missing", "dangling-link"],
)
def mount_hides_program(case: Case) -> Found | None:
    """Find a bind mount or a volume over the directory of the program."""
    if not is_missing(case) or case.program is None:
        return None
    path = join(case.config.workdir, case.program.path)
    mount = mount_around(path, case.config.mounts)
    there = resolved(case.image_files, path) if mount else None
    if mount is None or there is None:
        return None
    kind = {"bind": f"bind mount of {mount.source}", "volume": f"volume {mount.called}"}.get(
        mount.kind, mount.kind
    )
    return Found(
        f"the {kind} over {mount.destination} hides {path}, which exists in the image",
        f"mount over a subdirectory ({mount.destination.rstrip('/')}/data), or put the"
        " program into what is mounted",
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
    "the program is a dangling symbolic link",
    pattern="image",
    reads=["files"],
    when=NEVER,
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
        f"{program.path} is a symbolic link to {program.problem.detail}, which does"
        " not exist in the image",
        "copy the file itself (cp -L), or its target as well",
        (
            refused(case),
            copied(case, program.path, f"link to {program.problem.detail}"),
            copied(case, target, "no such file"),
        ),
        proven=True,
    )


@cause(
    "binary-not-found",
    "the program does not exist at the given path",
    pattern="image",
    reads=["inspect", "files"],
    when=NEVER,
    basis=Basis.HINT,
)
def binary_not_found(case: Case) -> Found | None:
    """Find a program that is not where it is expected, and where it is instead."""
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
            f"{name} is relative to the working directory {case.config.workdir}, and does not"
            " exist there"
        )
    there = f"; {elsewhere[0]} exists" if elsewhere else ""
    fix = (
        f"start {elsewhere[0]}"
        if elsewhere
        else f"COPY or install {basename(name)} in the final stage"
    )
    return Found(
        f"{what}{there}",
        f"{fix}: make ENTRYPOINT or CMD match the path that the Dockerfile copies it to",
        (
            refused(case),
            copied(case, program.path, "no such file"),
            *(copied(case, other, "exists") for other in elsewhere[:1]),
        ),
        proven=True,
    )


@cause(
    "workdir",
    "the working directory cannot be entered",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.START,
)
def workdir(case: Case) -> Found | None:
    """Find a working directory that does not exist, is a file, or that the user cannot enter."""
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
    gone = "does not exist" if entry is None else f"is a {entry.kind}, not a directory"
    why = f"cannot be entered by {case.identity.words}" if denied else gone
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
