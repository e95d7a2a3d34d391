"""Data from another version of the program, damaged, or in use."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import is_below

from .catalogue import Found, cause
from .evidence import content, inspected, logged
from .signatures import Row, Signature, table

VERSIONS = (
    r"[^\n]*initialized by PostgreSQL version (?P<had>[\d.]+)[^\n]*[^\n]*",
    r"[^\n]*(?:Cannot (?:up|down)grade from|Invalid MySQL server (?:up|down)grade)[^\n]*",
    r"[^\n]*(?:featureCompatibilityVersion document|Can't handle RDB format version)[^\n]*",
    r"[^\n]*cannot (?:up|down)grade a node from version[^\n]*",
    r"[^\n]*(?:data|database) files are incompatible with server[^\n]*",
)
MARKS = ("PG_VERSION", "data/PG_VERSION", "mysql_upgrade_info", "mysql_upgrade_history")
"""Files in which databases keep the version that wrote their data."""


@cause(
    "data-version",
    "the data in a volume was written by another version of the database",
    pattern="environment",
    reads=["logs", "files", "inspect"],
    page="check-files-and-dependencies",
    explains=["schema-mismatch", "database-corrupt"],
    cured_by=["mount"],
)
def data_version(case: Case) -> Found | None:
    """Find a database whose image was upgraded, but not its data."""
    match = next((m for pattern in VERSIONS if (m := case.said(pattern))), None)
    if match is None:
        return None
    had = (match.groupdict().get("had") or "").rstrip(".")
    places = [m.destination for m in case.config.mounts]
    places += filter(None, [case.config.env.get("PGDATA", "")])
    marks = [f"{place}/{name}" for place in places for name in MARKS]
    path = next((mark for mark in marks if case.has(mark)), "")
    kept = (case.files.content(path, 64) or b"").decode("utf-8", "replace").strip() if path else ""
    mount = next((m for m in case.config.mounts if path and is_below(path, m.destination)), None)
    where = f"the volume {mount.called or mount.source}" if mount else "the data directory"
    read = next((p for p in case.seen.opened if any(is_below(p, place) for place in places)), "")
    by = f"version {had or kept}" if had or kept else "another version"
    return Found(
        f"{where if mount or not read else read} was written by {by} of the database than that of"
        f" this image: {case.line(match)[-200:]}",
        f"go back to an image of {by if had or kept else 'the version that wrote it'}; dump the"
        " data with it, and load the dump into a new volume with the new image; keep the old volume"
        " until that is done",
        (
            logged(case, match),
            *((content(case, path, kept),) if path else ()),
            *((inspected(case, "Mounts", f"{where} -> {mount.destination}"),) if mount else ()),
        ),
        proven=bool(kept and had and kept == had),
    )


SIGNATURES = table(__name__, (
    Signature(
        id="database-corrupt", title="data is damaged or locked by another process",
        pattern="environment", page="check-files-and-dependencies", shows=("mounts",),
        rows=(
            Row(
                r"database disk image is malformed|file is not a database|corrupt(?:ed|ion)?"
                r"|Compressed file ended before|incomplete or truncated stream"
                r"|unexpected end of (?:data|zlib|compressed|archive)",
                "its data is damaged: {line:.200}",
                "restore it from a backup",
            ),
            Row(
                r"lock file \S+ already exists|is already running|already locked"
                r"|database is locked|could not (?:acquire|obtain) lock|resource busy"
                r"|file is locked|stale (?:pid|lock)|pid ?file[^\n]*(?:exists|found)"
                r"|another (?:instance|process)",
                "a lock or pid file says that another process uses the data: a killed process"
                " left it behind, or two share the volume: {line:.200}",
                "make sure that only one container uses the volume, then remove the stale file",
            ),
        ),
    ),
    Signature(
        id="schema-mismatch",
        title="the database schema is not the one that the program expects",
        pattern="dependencies", shows=("mounts",),
        rows=(Row(
            r"relation \"\S+\" does not exist|no such table|table \S+ doesn't exist"
            r"|unapplied migration|pending migration|\bmigrations?\b[^\n]*(?:failed|dirty|error)"
            r"|database files are incompatible|initialized by [^\n]*version"
            r"|not compatible with this version|undefined column|column \S+ does not exist"
            r"|data directory[^\n]*(?:incompatible|version)|schema version"
            r"|downgrade[^\n]*not supported|unsupported (?:data|file|database) (?:format|version)",
            "the data is from another version of the program: {line:.200}",
            "run the migrations before the start (as a separate job), or upgrade the data as the"
            " program's release notes describe",
        ),),
    ),
))  # fmt: skip
