"""Add a resource to a service: code that is the user's from then on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from scaffolder import names
from scaffolder.engine import endings
from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError, UsageError
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.languages.base import Wiring, WiringError
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter
from scaffolder.templates import once
from scaffolder.text import command, listed

from . import gate, locking
from . import places as service_places
from .change import Change
from .gate import How, Wanted
from .locking import LockMode
from .plan import Operation, opened
from .resource import Resource, parsed
from .service import Service

MODE = "100644"
COMMAND = "add-resource"
DIGITS = 4
"""In the number of a migration."""


def add_resource(  # noqa: PLR0913 - each has a default
    service: Path,
    name: str,
    fields: Sequence[str],
    *,
    plural: str = "",
    dry_run: bool = False,
    verify: Wanted = None,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Add a resource with `fields`, each NAME:TYPE, to the service around `service`.

    Its routes, its table, if the service has a database, and their tests are files of the user's,
    which no operation touches again; so are those in which they are made known. All is verified and
    staged.

    Raise UsageError for a name or a field that cannot be, RefusedError where the state of the
    service forbids it, NotVerifiedError if it would break the service, OSError for what the machine
    refuses. Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        found.require_runtime()
        facts = _facts(found)
        tables = _tables(found)
        resource = parsed(
            name,
            fields,
            plural,
            LANGUAGES[found.language],
            taken={*facts.taken, *tables},
            taken_by_fields=facts.fields,
        )
        files = _files(found, repository, facts, resource)
        operation = Operation(
            COMMAND,
            " ".join([name, *fields, *(["--plural", plural] if plural else [])]),
            f"resource/{resource.plural}",
            found.template,
            found.answers,
            lock=LockMode.NEVER,
            files={path: (MODE, content) for path, content in files.items()},
        )
        how = How(dry_run, verify, report)
        label = f"adding {resource.plural}"
        return replace(
            gate.carried_out(found, repository, operation, label, how), asked=[resource.plural]
        )


@dataclass(frozen=True)
class _Facts:
    """What language.yml says of resources, for the stages of a service."""

    files: Mapping[str, str]
    """Template → path."""
    edits: Mapping[str, str]
    """Role → path of a file of the user's."""
    taken: Sequence[str]
    fields: Sequence[str]


def _facts(service: Service) -> _Facts:
    """Return what is written and edited; raise RefusedError where there can be no resource."""
    about: Mapping[str, Any] = toolchain.load(service.template.root, service.language).resource
    if not about:
        title = LANGUAGES[service.language].TITLE
        raise RefusedError(
            f"its template, {service.template.version}, has no resources for services in {title}",
            "viscaffold update",
        )
    missing = [stage for stage in about["stages"] if stage not in service.stages]
    if missing:
        raise RefusedError(
            f"a resource needs the stage {' and '.join(missing)}, which this service does not have",
            command("viscaffold", "add-stage", *missing),
        )
    parts = [about, *(part for stage, part in about["with"].items() if stage in service.stages)]
    return _Facts(
        {name: path for part in parts for name, path in part["files"].items()},
        {role: path for part in parts for role, path in part["edits"].items()},
        about["taken"],
        about["fields"],
    )


def _tables(service: Service) -> set[str]:
    """Return the tables that any stage has, or would have."""
    return {table for stage in service.catalogue.stages.values() for table in stage.data.tables}


def _files(
    service: Service, repository: Repository, facts: _Facts, resource: Resource
) -> dict[str, bytes]:
    """Return all that is written, by path: what is new, and what was edited."""
    package = names.package(service.answers["name"])
    tracked = repository.tracked()
    places = {
        name: path.replace("{package}", package).replace("{plural}", resource.plural)
        for name, path in facts.files.items()
    }
    number = _number(tracked, places.values())
    places = {
        name: _beside(service, path.replace("{number}", number)) for name, path in places.items()
    }
    _require_free(repository, tracked, places.values())
    rendered = once.render(
        service.template,
        f"resource/{service.language}",
        list(places),
        {
            "name": service.answers["name"],
            "package": package,
            "stages": service.stages,
            "resource": resource.document(),
            "number": number,
        },
    )
    new = {places[name]: text.encode() for name, text in rendered.items()}
    return new | _edited(service, repository, facts, Wiring(resource.plural, number))


def _number(tracked: Iterable[str], paths: Iterable[str]) -> str:
    """Return the number of the next migration."""
    path = next((PurePosixPath(path) for path in paths if "{number}" in path), None)
    if path is None:
        return ""
    there = [PurePosixPath(other) for other in tracked]
    numbers = [
        int(other.name[:DIGITS])
        for other in there
        if other.parent == path.parent
        and other.name[:DIGITS].isascii()
        and other.name[:DIGITS].isdigit()
        and len(other.name) > DIGITS
    ]
    following = max(numbers, default=0) + 1
    if following >= 10**DIGITS:
        raise RefusedError(f"there is no number of {DIGITS} digits left for a migration")
    return f"{following:0{DIGITS}}"


def _beside(service: Service, path: str) -> str:
    """Return where a new file goes in a service that was adopted: to its neighbours."""
    folder = PurePosixPath(path).parent
    for other, place in service.places.items():
        if place and PurePosixPath(other).parent == folder != PurePosixPath():
            return str(PurePosixPath(place).parent / PurePosixPath(path).name)
    return path


def _require_free(repository: Repository, tracked: frozenset[str], paths: Iterable[str]) -> None:
    """Raise RefusedError where something has the name of a file or of its module already."""
    folders = {str(parent) for path in tracked for parent in PurePosixPath(path).parents}
    modules = {path: str(PurePosixPath(path).with_suffix("")) for path in paths}
    there = [
        name
        for path, module in modules.items()
        for name in (path, module)
        if name in tracked or name in folders or (repository.directory / name).exists()
    ]
    if there:
        raise RefusedError(
            f"these are in the way of the resource:\n{listed(sorted(set(there)))}",
            "another name, or another --plural; where it is an earlier attempt: git mv or git rm",
        )


def _edited(
    service: Service, repository: Repository, facts: _Facts, wiring: Wiring
) -> dict[str, bytes]:
    """Return files of the user's with the resource in them, as the index has them.

    Raise RefusedError, with the lines to add by hand, for one that cannot be edited safely.
    """
    package = names.package(service.answers["name"])
    paths = {role: path.replace("{package}", package) for role, path in facts.edits.items()}
    paths = {role: service_places.place(path, service.places) for role, path in paths.items()}
    held = locking.held(repository, list(paths.values()))
    texts = {}
    for role, path in paths.items():
        if path not in held:
            raise RefusedError(f"git does not track {path}, which would be edited", "git add --all")
        try:
            texts[role] = endings.converted(held[path], endings.LF).decode()
        except UnicodeDecodeError:
            raise RefusedError(
                f"{path} is not UTF-8, and is not edited", f"convert {path}"
            ) from None
    try:
        wired = LANGUAGES[service.language].wired(texts, wiring)
    except WiringError as error:
        raise _not_wired(paths[error.role], error) from error
    return {
        paths[role]: endings.converted(text.encode(), endings.of(held[paths[role]]) or endings.LF)
        for role, text in wired.items()
        if text != texts[role]
    }


def _not_wired(path: str, error: WiringError) -> RefusedError | UsageError:
    if error.reason:
        return RefusedError(f"{path} cannot be edited: {error.reason}", "another --plural")
    return RefusedError(
        f"{path} is not as the template has it, so it is not edited; it would get:\n"
        f"{listed(error.lines)}",
        f"add that by hand, git add {path}, and run the same command again",
    )
