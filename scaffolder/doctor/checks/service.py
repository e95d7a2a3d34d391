"""The service: whether its answers can be read, what is known to be wrong, and what is proved."""

from collections.abc import Iterator

from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, problem, skipped, warning
from scaffolder.doctor.subject import Subject
from scaffolder.operations import revisions, service_notices
from scaffolder.templates.template import builtin
from scaffolder.verify import evidence as proofs


@check("service")
def service(subject: Subject) -> Iterator[Finding]:
    """Look whether the service, if there is one, can be read with its templates."""
    if subject.damaged:
        yield problem(subject.damaged.message, subject.damaged.hint)
        return
    found = subject.service
    if found is None:
        yield skipped("there is none here: only the machine is checked")
    elif found.unread:
        yield skipped(f"its templates were not read: {found.unread}",
                      "viscaffold status --trust")  # fmt: skip
    else:
        yield fine(f"{found.answers['name']}, template {found.template.version}")


@check("template", Needs.SERVICE)
def template(subject: Subject) -> Iterator[Finding]:
    """Look for a newer version of the built-in template."""
    found = subject.required_service
    newest = builtin().version
    if found.template.version != newest:
        yield warning(f"version {found.template.version} has a successor: {newest}",
                      "viscaffold update --check; then viscaffold update")  # fmt: skip
    else:
        yield fine(f"{newest} is the newest")


@check("notices", Needs.SERVICE)
def notices(subject: Subject) -> Iterator[Finding]:
    """Look for known faults of services in its files."""
    found = subject.required_service
    held = service_notices.held(found, found.template)
    for notice in held:
        yield warning(notice.says, notice.fix, *notice.places)
    if not held:
        yield fine("no known fault")


@check("evidence", Needs.REPOSITORY)
def evidence(subject: Subject) -> Iterator[Finding]:
    """Look whether HEAD and what is staged are known to work, as `status` does."""
    found = subject.required_repository
    for what, tree in list(revisions.present(found).items())[-1:]:
        best = proofs.best(proofs.of(found, tree))
        if best is None:
            yield warning(f"{what} was never verified", "viscaffold verify")
        elif best.failed:
            yield problem(f"{what} has failed its verification: {best.failed.step}",
                          "viscaffold verify; the way back: viscaffold rollback")  # fmt: skip
        else:
            yield fine(f"{what} is verified: {best.level}")
