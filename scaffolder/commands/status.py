"""`viscaffold status`: what the service has, what differs from its template, what is under way."""

from dataclasses import asdict
from pathlib import Path

import click

from scaffolder import console, operations
from scaffolder.operations import Status
from scaffolder.text import printable
from scaffolder.verify.outcome import Verification

from .consent import Consent, trust_option
from .notice_output import change_lines, notice_lines

SHOWN = 20
"""How many paths a person is shown; `--json` has them all."""


@click.command(short_help="Show what a service has, and what is under way.")
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def status(*, as_json: bool, trust: Consent) -> None:
    """Show the service you are in: its stages, its template, your changes, what is unfinished.

    Asks nobody and no server, unless you --trust the templates that the service records.
    """
    found = operations.status(
        Path.cwd(), trust=trust if trust.given else None, report=console.TERMINAL
    )
    if as_json:
        console.data(_document(found))
    else:
        _say(found)
        for line in (*change_lines(found.changes), *notice_lines(found.notices)):
            console.out(line)


def _document(found: Status) -> dict[str, object]:
    service = found.service
    unread = {"not_compared": service.unread} if service.unread else {}
    return {
        "path": str(service.root),
        "name": service.answers["name"],
        "language": service.answers["language"],
        "stages": service.stages,
        "template": {"version": service.template.version, "newest": found.newest, **unread},
        "overlays": [layer.entry() for layer in service.template.layers],
        "modified": found.modified,
        "missing": [{"path": path, "stage": stage} for path, stage in found.missing.items()],
        "conflicts": found.conflicts,
        "operation": _operation(found),
        "changes": [asdict(change) for change in found.changes],
        "notices": [asdict(notice) for notice in found.notices],
        "verified": [_known(what, known) for what, known in found.verified],
    }


def _known(what: str, known: Verification) -> dict[str, object]:
    return {
        "what": what,
        "tree": known.tree,
        "level": known.level,
        "result": known.result,
        "began": known.began.isoformat(timespec="seconds"),
        "seconds": round(known.seconds, 2),
        "failed": known.failed.step if known.failed else None,
    }


def _operation(found: Status) -> dict[str, str] | None:
    if found.operation is None:
        return None
    state = "conflicts" if found.conflicts else "uncommitted"
    return {"command": found.operation.title, "state": state}


def _say(found: Status) -> None:
    service = found.service
    version, newest = service.template.version, found.newest
    behind = "" if version == newest else f"; newest: {newest} (viscaffold update)"
    console.out(console.bold(service.answers["name"]), f" in {printable(str(service.root))}")
    console.out(f"Stages: {', '.join(service.stages) or 'none'} (viscaffold stages)")
    console.out(f"Template: {version}{behind}")
    for layer in service.template.layers:
        console.out(f"  {layer.source}: {layer.shown}")
    if service.unread:
        console.out(f"Not compared with its template: {service.unread}")
        console.out("  viscaffold status --trust reads it, from its server where needed")
    adopted = "Other than the template gives it, as your service needs it or by you"
    changed = "Changed by you since it was generated"
    _list(adopted if service.places else changed, found.modified)
    missing = [f"{path} ({stage})" if stage else path for path, stage in found.missing.items()]
    _list("Missing", missing)
    _list("In conflict", found.conflicts)
    _say_verified(found)
    if found.operation is None:
        return
    record = found.operation
    if found.conflicts:
        console.out(f"Unfinished: viscaffold {record.title}")
        console.out(f"  viscaffold {record.command} --continue, when the conflicts are resolved")
        console.out(f"  viscaffold {record.command} --abort, to go back")
    else:
        console.out(f"Not committed: viscaffold {record.title} (viscaffold undo takes it back)")


def _say_verified(found: Status) -> None:
    for what, known in found.verified:
        failed = f": {printable(known.failed.step)}" if known.failed else ""
        when = f"{known.began:%Y-%m-%d %H:%M} UTC, {known.seconds:.0f} s"
        console.out(f"Verified: {what}, {known.level}: {known.result}{failed} ({when})")
    if not found.verified:
        console.out("Verified: neither HEAD nor what is staged (viscaffold verify)")


def _list(title: str, paths: list[str]) -> None:
    if not paths:
        return
    console.out(f"{title}:")
    for path in paths[:SHOWN]:
        console.out(f"  {printable(path)}")
    if len(paths) > SHOWN:
        console.out(f"  and {len(paths) - SHOWN} more (--json lists them)")
