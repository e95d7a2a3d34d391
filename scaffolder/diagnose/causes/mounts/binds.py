"""Mounts that fail, and directories in place of files on the host."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, logged, refused
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

FILE_NAME = re.compile(
    r"\.(?:ya?ml|toml|json|conf|cfg|ini|env|py|js|sh|pem|crt|key|xml|properties|txt|sql|lua|tmpl)$"
)


@cause(
    "mount-kind",
    "the source and the target of a mount are of different kinds (file, directory)",
    pattern="environment",
    reads=["inspect"],
    page="check-files-and-dependencies",
    when=Phase.START,
    explains=["mount-hides-program"],
)
def mount_kind(case: Case) -> Found | None:
    """Find a bind mount whose source is not on the host, so Docker created a directory."""
    if not re.search(r"not a directory|mount a directory onto a file|is a directory", case.refusal):
        return None
    bind = next(
        (
            m
            for m in case.config.mounts
            if m.destination in case.refusal or m.source in case.refusal
        ),
        None,
    )
    if bind is None or "mount" not in case.refusal:
        return None
    below = resolved(case.image_files, bind.destination)
    if below and below.kind == "directory":
        return Found(
            f"the host path {bind.source} is a file, but is mounted onto the directory"
            f" {bind.destination} of the image",
            f"mount it onto a file: {bind.source}:{bind.destination}/{basename(bind.source)}",
            (refused(case), inspected(case, "Mounts", f"{bind.source} -> {bind.destination}")),
            proven=True,
        )
    return Found(
        f"the host path {bind.source} is a directory (it did not exist, so Docker created it) and"
        f" cannot be mounted onto the file {bind.destination}",
        f"rmdir {bind.source}, create the file there, and start again; check the path on the host",
        (refused(case), inspected(case, "Mounts", f"{bind.source} -> {bind.destination}")),
        (f"rmdir {bind.source}",),
        proven=below is not None,
    )


@cause(
    "mount-directory-for-file",
    "a mount is an empty directory where the program expects a file",
    pattern="environment",
    reads=["inspect", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "config-malformed"],
    cured_by=["mount"],
)
def mount_directory_for_file(case: Case) -> Found | None:
    """Find a directory that Docker created because the file to mount was not on the host."""
    says = case.said(r"is a directory|EISDIR|errno 21\b")
    for mount in case.config.mounts:
        if mount.kind != "bind" or not FILE_NAME.search(mount.destination):
            continue
        entry = resolved(case.files, mount.destination)
        if entry and entry.kind == "directory":
            return Found(
                f"{mount.destination} is a directory, not a file: the host path {mount.source} did"
                " not exist when the container was created, so Docker created an empty directory",
                f"rmdir {mount.source}, put the file there, and recreate the container",
                (
                    *((logged(case, says),) if says else ()),
                    copied(case, mount.destination, "directory"),
                    inspected(case, "Mounts", f"{mount.source} -> {mount.destination}"),
                ),
                (f"rmdir {mount.source}",),
                proven=says is not None,
            )
    return None


@cause(
    "mount-fails",
    "a mount fails",
    pattern="environment",
    reads=["inspect"],
    page="check-files-and-dependencies",
    when=Phase.START,
)
def mount_fails(case: Case) -> Found | None:
    """Find volumes and binds that the host refuses: no source, no driver, no permission."""
    match = re.search(
        r"error while mounting volume.*|failed to mount.*|bind source path does not exist[^\n]*"
        r"|error mounting [^\n]*|error while creating mount source path[^\n]*"
        r"|statfs [^\n]*no such file[^\n]*|failed to populate volume[^\n]*"
        r"|path [^\n]* is mounted on [^\n]* but it is not a shared[^\n]*|create mountpoint[^\n]*"
        r"|mkdirall[^\n]*",
        case.refusal,
        re.IGNORECASE,
    )
    if match is None or re.search(r"onto a file|: not a directory", case.refusal):
        return None
    mount = next(
        (
            m
            for m in case.config.mounts
            if m.destination in case.refusal or (m.source and m.source in case.refusal)
        ),
        None,
    )
    what = f"{mount.source or mount.name} on {mount.destination}" if mount else "a volume"
    return Found(
        f"mounting {what} failed: {match[0][-250:]}",
        "correct its source, driver and options: docker volume inspect NAME, ls -ld SOURCE on the"
        " host",
        (refused(case), inspected(case, "Mounts", what)),
        proven=mount is not None,
    )
