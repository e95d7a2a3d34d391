"""What the service's language needs: its programs, and what is installed for the service."""

from collections.abc import Iterator

from scaffolder import names
from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, problem, warning
from scaffolder.doctor.subject import Subject
from scaffolder.languages import toolchain
from scaffolder.languages.all import LANGUAGES
from scaffolder.operations.locking import LOCK


@check("tools")
def tools(subject: Subject) -> Iterator[Finding]:
    """Look for the programs of the language, in the versions that the service requires."""
    path = subject.locking.tools.manifest if subject.service else ""
    for tool in LANGUAGES[subject.language].tools(subject.placed(path)):
        if tool.problem:
            yield problem(f"{tool.name} {tool.problem}", tool.fix)
        else:
            yield fine(tool.found)


@check("installed", Needs.SERVICE)
def installed(subject: Subject) -> Iterator[Finding]:
    """Look whether what is installed in the service's directory can still be used."""
    service = subject.required_service
    said = LANGUAGES[subject.language].installed_problem(service.root)
    if said:
        found = toolchain.load(service.template.root, subject.language)
        yield problem(said, found.command("setup", names.package(service.answers["name"])))
    else:
        yield fine("nothing is broken")


@check("lock", Needs.SERVICE)
def lock(subject: Subject) -> Iterator[Finding]:
    """Compare the lock with the manifest."""
    locking = subject.locking
    read = {path: subject.placed(path) for path in locking.paths}
    files = {path: content for path, content in read.items() if content is not None}
    outdated = locking.outdated(files)
    locks = [path for path in files if path != locking.tools.manifest]
    if outdated:
        yield problem(f"{locking.tools.manifest} has changed since the dependencies were locked",
                      LOCK, *outdated)  # fmt: skip
    elif not any(locking.language.is_lock(files[path]) for path in locks):
        yield warning("the dependencies are not locked: builds take other versions tomorrow", LOCK)
    else:
        yield fine("the dependencies are locked as the manifest has them")
