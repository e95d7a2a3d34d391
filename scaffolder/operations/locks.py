"""Lock the dependencies of a service."""

from pathlib import Path

from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError
from scaffolder.overlays.fetch.trust import NEVER, TrustPolicy
from scaffolder.reporting import SILENT, Reporter

from . import change, locking
from .change import Change
from .locking import LockMode
from .plan import Operation, opened, planned


def lock(
    service: Path,
    *,
    upgrade: bool = False,
    dry_run: bool = False,
    trust: TrustPolicy = NEVER,
    report: Reporter = SILENT,
) -> Change:
    """Lock what the manifest of the service around `service` names, with versions and hashes.

    Versions that are locked stay where they still fit, unless `upgrade` is true. It is staged.

    Raise RefusedError where the state of the service forbids it, its template has no locks, its
    dependencies cannot be resolved, or no package registry answers. Then nothing was changed.
    """
    with opened(service, dry_run=dry_run, trust=trust, report=report) as (found, repository):
        found.require_runtime()
        mode = LockMode.UPGRADE if upgrade else LockMode.REQUIRED
        tools = locking.of_service(found, mode).tools
        if not tools.locks:
            raise RefusedError(
                f"the template of this service, {found.template.version}, has no locks",
                "viscaffold update",
            )
        _require_staged(repository, tools.manifest)
        label = "--upgrade" if upgrade else ""
        operation = Operation("lock", label, "lock", found.template, found.answers, lock=mode)
        with (
            report.progress("locking dependencies"),
            planned(found, repository, operation, dry_run=dry_run) as step,
        ):
            if not step.merge.changes:
                return change.nothing("lock", found)
            return change.carried_out("lock", found, repository, step, dry_run=dry_run)


def _require_staged(repository: Repository, manifest: str) -> None:
    """Raise RefusedError if the manifest on disk is not the one in the index, which is locked."""
    path = f":(top,literal){repository.prefix}{manifest}"
    if not repository.git.fields("ls-files", "-z", "--", path):
        raise RefusedError(f"git does not track {manifest}", f"git add {manifest}")
    if repository.git.fields("diff", "--no-ext-diff", "--name-only", "-z", "--", path):
        raise RefusedError(f"{manifest} has changes that are not staged", f"git add {manifest}")
