"""What `diagnose` and `report` share: the choice of container, progress and consent to reruns."""

from scaffolder import console
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.session import Session, is_open
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.errors import UsageError

SHOWN = 20


def choose(session: Session, target: str | None, service: str | None) -> str:
    """Return the name of the container or image to look at; ask on a terminal if none is given."""
    if target and service:
        raise UsageError(
            "a target and --compose cannot be combined",
            "viscaffold diagnose NAME, or --compose SERVICE",
        )
    if service:
        return session.compose_service(service)
    return target or _ask(session.unwell())


def _ask(found: list[tuple[str, str]]) -> str:
    listed = "\n".join(f"  {name}  {status}" for name, status in found[:SHOWN])
    listed += f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    names = [name for name, _ in found]
    if not console.interactive():
        raise UsageError(
            f"no container was named; these look unwell:\n{listed}",
            f"viscaffold diagnose {names[0]}",
        )
    console.say(f"These look unwell:\n{listed}")
    return console.ask("Which", names, default=names[0])


def examine(
    session: Session, name: str, *, rerun: bool, ask: bool = False
) -> tuple[Case, Judgement]:
    """Judge a container; run copies of it if that may prove more, and the user agrees."""
    with console.progress(f"examining {name}"):
        case, judgement = session.examine(name)
    if not is_open(case, judgement):
        return case, judgement
    if rerun or (ask and console.interactive() and _agrees(session.left_out(case))):
        with console.progress("running copies with one thing changed"):
            judgement = session.rerun(case)
    return case, judgement


def _agrees(left_out: list[str]) -> bool:
    """Say what copies of a container lack, and ask whether to run them."""
    console.say("Copies have no network, no devices and no privileges, and read-only mounts.")
    for item in left_out:
        console.say(f"  They lack {item}.")
    return console.confirm(
        "Not proven. Run isolated copies of it, with one thing changed at a time?"
    )
