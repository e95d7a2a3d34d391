"""Programs that find no writable directory for temporary files."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, logged, runs_as
from scaffolder.diagnose.evidence.files import is_below
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted as typed

from .denials import paths_in
from .refusing import culprit

WORDS = (
    r"[^\n]*(?:no usable temporary directory|cannot create temp\w*|can't create temp\w*"
    r"|failed to create (?:file|directory) via template|unable to create (?:a )?temp\w*"
    r"|could not create temp\w*|no temporary directory|temp(?:orary)? dir\w*[^\n]*not writable"
    r"|java\.io\.tmpdir)[^\n]*"
)
USUAL = ("/tmp", "/var/tmp")


@cause(
    "no-temporary-directory",
    "no directory for temporary files is writable",
    pattern="permissions",
    reads=["logs", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "file-closed"],
    cured_by=["writable", "root"],
)
def no_temporary_directory(case: Case) -> Found | None:
    """Find a program that tries every temporary directory and can write to none."""
    match = case.said(WORDS)
    if match is None:
        return None
    config = case.config
    tried = [path for path in paths_in(case.line(match)) if path in USUAL] or list(USUAL)
    covered = [
        path
        for path in tried
        if any(is_below(path, place) for place in config.tmpfs)
        or any(is_below(path, m.destination) and m.writable for m in config.mounts)
    ]
    refuses = next((entry for path in tried if (entry := culprit(case, f"{path}/x"))), None)
    if config.read_only and not covered:
        why = "the root filesystem is read-only (--read-only)"
        shown = inspected(case, "HostConfig.ReadonlyRootfs", "true")
        fix = f"add --tmpfs {tried[0]} (tmpfs: {tried[0]} in compose)"
    elif refuses and case.acting.uid:
        mode = f"mode {refuses.mode:04o}, owner {refuses.uid}:{refuses.gid}"
        why = f"{refuses.path} has {mode}, and the process runs as {case.acting.words}"
        shown = copied(case, refuses.path, mode)
        place = typed(refuses.path)
        fix = f"RUN chmod 1777 {place}, or mount a tmpfs there: --tmpfs {place}"
    else:
        why, fix = "all those that it tried are full, missing or inaccessible", "add --tmpfs /tmp"
        shown = inspected(case, "HostConfig.Tmpfs", dict(config.tmpfs))
    return Found(
        f"the program finds no directory for temporary files, because {why}:"
        f" {case.line(match)[:200]}",
        fix,
        (logged(case, match), shown, runs_as(case)),
        (f"docker run --tmpfs {typed(tried[0])} ... {config.image}",),
        proven=bool((config.read_only and not covered) or (refuses and case.acting.uid)),
    )
