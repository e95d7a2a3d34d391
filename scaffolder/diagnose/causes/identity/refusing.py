"""The entry on the way to a path that refuses it to the container's user."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.facts import Entry
from scaffolder.diagnose.evidence.files import follow
from scaffolder.diagnose.evidence.identity import WRITE


def refusal(case: Case, path: str, refuses: Entry) -> str:
    """Say whose an entry is that refuses the user a path."""
    mount = next((m for m in case.config.mounts if refuses.path.startswith(m.destination)), None)
    place = f" (the {mount.kind} mount of {mount.called or mount.source})" if mount else ""
    return (
        f"{case.acting.words} cannot access {path}: {refuses.path}{place} is owned by"
        f" {refuses.uid}:{refuses.gid} with mode {refuses.mode:04o}"
    )


def culprit(case: Case, path: str, what: int = WRITE) -> Entry | None:
    """Return the entry that refuses the user a path: a directory on the way, its own, or itself."""
    way, missing = follow(case.files, path)
    for entry in way:
        if entry.kind == "directory" and not case.acting.may(entry, 1):
            return entry
    last = way[-1] if way else None
    if missing and last:
        folder = next((e for e in reversed(way) if e.kind == "directory"), None)
        return folder if folder and not case.acting.may(folder, what) else None
    if last is None or last.kind == "link":
        return None
    return last if not (case.acting.may(last, what) and case.acting.may(last, 4)) else None
