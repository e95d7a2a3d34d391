"""Programs and directories that are not at their path."""

import re
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, copied, inspected
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import DEFAULT_PATH
from scaffolder.diagnose.sources.files import resolved

from .refusal import NEVER, is_missing, refused
from .search import find_elsewhere


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
