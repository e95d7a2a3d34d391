"""Mounts and images that are out of date, or hide what the image has."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, inspected, logged, seen, watched
from scaffolder.diagnose.causes.identity.denials import paths_in
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.files import is_below, mount_around, resolved
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "mount-hides-files",
    "a mount hides files of the image that the program needs",
    pattern="environment",
    reads=["logs", "inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["python-script-missing", "node-module-missing", "java-jar", "file-missing"],
    cured_by=["mount"],
)
def mount_hides_files(case: Case) -> Found | None:
    """Find a file that the program lacks, and that the image has below a mount."""
    for path, line in (*_missed(case), *_listed(case)):
        mount = mount_around(path, case.config.all_mounts)
        if mount is None or not _is_hidden(case, mount, path):
            continue
        kind = (
            "tmpfs"
            if mount.kind == "tmpfs"
            else f"bind mount of {mount.source}"
            if mount.kind == "bind"
            else f"volume {mount.called}"
        )
        # A volume gets what the image has only when it is new.
        renewed = f"renew it (docker volume rm {mount.name}), or " if mount.name else ""
        return Found(
            f"the {kind} over {mount.destination} hides {path}, which exists in the image",
            f"{renewed}mount over a subdirectory of {mount.destination} instead, or add an"
            " anonymous volume for what must stay visible",
            (
                line,
                copied(case, path, "no such file in the container"),
                inspected(case, "Mounts", f"{mount.source or kind} -> {mount.destination}"),
            ),
            proven=True,
        )
    return None


def _is_hidden(case: Case, mount: Mount, path: str) -> bool:
    """Tell whether the image has a path that the container lacks.

    What is read of a container that has ended is without its tmpfs, which begins empty.
    """
    is_there = mount.kind != "tmpfs" and resolved(case.files, path)
    return not is_there and resolved(case.image_files, path) is not None


def _listed(case: Case) -> list[tuple[str, Evidence]]:
    """Return what the image has in the directory that a program opened last, and failed after."""
    call = case.seen.opened_last
    if call is None or mount_around(call.path, case.config.all_mounts) is None:
        return []
    names = case.image_files.names(call.path) if case.image_files.entry(call.path) else ()
    return [(path, seen(case, call)) for path in names[:MOST] if path != call.path]


MOST = 12
MISSED = (
    r"[^\n]*(?:no such file|not found|cannot find|can't (?:open|find)|ENOENT|cannot open"
    r"|unable to access|could not find|does not exist|no module named)[^\n]*"
)


MODULE = r"(?:No module named|Cannot find (?:module|package)) ['\"]?(?P<n>[\w./@-]+)[^\n]*"


def _missed(case: Case) -> list[tuple[str, Evidence]]:
    """Return paths that the log says are missing, and scripts that cannot be read."""
    match = case.said(MISSED)
    line = case.line(match) if match else ""
    found = [
        (path, logged(case, line))
        for path in paths_in(line + " ") or re.findall(r"(/[\w./-]+)", line)
    ]
    words = case.said(MODULE)
    modules = [(words["n"].removeprefix("./"), logged(case, words))] if words else []
    if case.seen.ending:
        modules += [
            (name, watched(case, f"it does without {name}")) for name in case.seen.ending.got_over
        ]
    for name, shown in modules:
        for mount in case.config.mounts:
            candidates = (
                f"{mount.destination}/{name}",
                f"{mount.destination}/{name.replace('.', '/')}.py",
                f"{mount.destination}/node_modules/{name}",
                f"{mount.destination}/{name.replace('.', '/')}",
            )
            found += [(path, shown) for path in candidates]
    # Of what a copy looked for, any place may be the one that the image has.
    found += [(call.path, seen(case, call)) for call in case.seen.places if call.path]
    within = [each for each in found if mount_around(each[0], case.config.all_mounts)]
    return within[:MOST]


@cause(
    "volume-stale",
    "a volume holds files of an older version than the image",
    pattern="environment",
    reads=["inspect", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    cured_by=["mount"],
)
def volume_stale(case: Case) -> Found | None:
    """Find a program or script that runs from a volume, and differs from the image's."""
    volumes = [m for m in case.config.mounts if m.kind == "volume"]
    for path in _run_from(case) if volumes else ():
        mount = next((m for m in volumes if is_below(path, m.destination)), None)
        ours, theirs = (
            resolved(case.files, path),
            resolved(case.image_files, path) if mount else None,
        )
        if mount is None or not ours or not theirs or ours.kind != "file" or theirs.kind != "file":
            continue
        if ours.size == theirs.size and case.files.content(ours.path) == case.image_files.content(
            theirs.path
        ):
            continue
        return _stale(case, mount, path, ours.size, theirs.size)
    return None


def _stale(case: Case, mount: Mount, path: str, ours: int, theirs: int) -> Found:
    name = mount.called or mount.source
    return Found(
        f"the volume {name} over {mount.destination} still holds files of an older version: {path}"
        " in it differs from the one in the image",
        "mount the volume over data only, or remove it after saving its content: docker"
        f" volume rm {mount.name or name}",
        (
            copied(case, path, f"{ours} bytes in the volume; {theirs} bytes in the image"),
            inspected(case, "Mounts", f"volume {name} -> {mount.destination}"),
        ),
    )


def _run_from(case: Case) -> list[str]:
    """Return the paths of what runs, and of files beside it."""
    found = []
    for item in case.launched:
        if item.script and item.script.path:
            found.append(item.script.path)
        if item.program and item.program.entry:
            found.append(item.program.path)
    mentioned = paths_in(case.text[-4000:])[:10]
    names = [
        n
        for m in case.config.mounts
        if m.kind == "volume"
        for n in case.files.names(m.destination)[:30]
    ]
    return list(dict.fromkeys([*found, *mentioned, *names]))


@cause(
    "image-outdated",
    "the container was created from an older image than its tag now refers to",
    pattern="image",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.ENDED | Phase.START,
    basis=Basis.HINT,
)
def image_outdated(case: Case) -> Found | None:
    """Find a container that was not recreated after its image was rebuilt."""
    image = case.image
    if image is None or not image.tagged or image.tagged == case.config.image_id:
        return None
    name = case.config.image
    return Found(
        f"the container was created from an older image than the one its tag {name} now refers"
        " to: it does not run the latest build",
        "recreate the container from the tag: docker rm and docker run, or docker compose up"
        " -d --force-recreate",
        (
            inspected(case, "Image", case.config.image_id),
            Evidence(
                "inspect", f"docker image inspect --format '{{{{.Id}}}}' {name}", image.tagged
            ),
        ),
    )
