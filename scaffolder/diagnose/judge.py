"""The judgement: which of the causes that were found explains it, or that nothing is wrong."""

from dataclasses import dataclass, replace

from .case import Case
from .catalogue import Cause, Found, causes
from .evidence import Evidence, ended, inspected
from .phase import Phase
from .reruns import Rerun
from .ruled_out import ruled_out

PROVEN, LIKELY, UNDETERMINED, HEALTHY = "proven", "likely", "undetermined", "healthy"


@dataclass(frozen=True)
class Judgement:
    """What is the matter, and why that is believed."""

    verdict: str
    pattern: str
    cause: str
    text: str
    fix: str
    commands: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    ruled_out: tuple[str, ...]
    page: str = ""
    others: tuple[tuple[str, str], ...] = ()
    """Causes that were found, too, and explain less: their names and words."""


def candidates(case: Case) -> list[tuple[Cause, Found]]:
    """Return every cause that is found, the best first."""
    called = (cause for cause in causes() if case.phase & cause.when)
    found = [(cause, hit) for cause in called if (hit := cause.find(case))]
    return sorted(found, key=lambda pair: (not pair[1].proven, -weight(*pair)))


def weight(cause: Cause, found: Found) -> int:
    """Return how much a cause explains."""
    return cause.weight if found.weight is None else found.weight


def judge(case: Case, rerun: Rerun | None = None) -> Judgement:
    """Decide; with what runs with one factor changed have shown, if there were any."""
    if case.phase & (Phase.STOPPED | Phase.CREATED) and case.config.argv:
        return healthy(case)
    found = candidates(case)
    if rerun and rerun.cause and (rerun.cured or not found or weight(*found[0]) < SURE):
        return by_rerun(case, rerun, found)
    if not found:
        return healthy(case) if _nothing_wrong(case) else undetermined(case, rerun)
    if case.phase == Phase.FINISHED and not found[0][1].proven and _is_job(case, found[0]):
        return healthy(case)
    cause, best = _unless_outdated(found)
    tried = tuple(rerun.tried) if rerun else ()
    return Judgement(
        PROVEN if best.proven else LIKELY,
        cause.pattern,
        cause.id,
        best.text,
        best.fix,
        best.commands,
        best.evidence,
        (*ruled_out(case, cause), *tried),
        cause.page,
        tuple(
            (other.id, hit.text)
            for other, hit in found
            if other is not cause and weight(other, hit) >= WEAK
        )[:3],
    )


WEAK = 45
"""What weighs less only repeats the program's own words."""
SURE = 60
"""A cause that weighs as much is not given up for what a copy says, short of a cure."""
OWN = {"image", "process", "dependencies", "environment"}
"""What may be otherwise in an image that was built since."""


def _unless_outdated(found: list[tuple[Cause, Found]]) -> tuple[Cause, Found]:
    """Return the best cause; that the image is outdated comes before what a newer one may cure."""
    outdated = next((pair for pair in found if pair[0].id == "image-outdated"), None)
    return outdated if outdated and found[0][0].pattern in OWN else found[0]


def _is_job(case: Case, best: tuple[Cause, Found]) -> bool:
    """Tell whether an end with 0 is that of a job that has done its work and says so."""
    return not case.is_silent and weight(*best) < SURE and not case.config.must_stay


def _nothing_wrong(case: Case) -> bool:
    if case.phase == Phase.RUNNING:
        return case.state.health is None or case.state.health.status != "unhealthy"
    return bool(case.phase & (Phase.FINISHED | Phase.STOPPED | Phase.CREATED | Phase.IMAGE))


def healthy(case: Case) -> Judgement:
    """Say that nothing is wrong, and what was seen."""
    text, shown = _well(case)
    return Judgement(HEALTHY, "none", "none", text, "", (), shown, ruled_out(case, None))


def _well(case: Case) -> tuple[str, tuple[Evidence, ...]]:
    status = inspected(case, "State.Status", case.state.status)
    match case.phase:
        case Phase.FINISHED:
            return (
                "it has finished its work: it ended with 0, and nothing says that it should stay",
                (status, ended(case)),
            )
        case Phase.STOPPED:
            signals = (
                f"signals {case.signals}"
                if case.signals
                else f"exit code {case.exit_code}, SIGTERM or SIGINT"
            )
            return f"somebody stopped it, and it stopped ({signals}): no fault", (
                status,
                ended(case),
            )
        case Phase.CREATED:
            return f"it was made and never started: docker start {case.target}", (status,)
        case Phase.IMAGE:
            return (
                "the image names a program that exists, may be executed and finds its libraries",
                (),
            )
    health = case.state.health
    if health:
        return f"it runs, and its health check says {health.status}", (
            status,
            inspected(case, "State.Health.Status", health.status),
        )
    ports = ", ".join(str(s.port) for s in case.sockets or ())
    return f"it runs{f' and listens on {ports}' if ports else ''}", (status,)


def undetermined(case: Case, rerun: Rerun | None) -> Judgement:
    """Say what was ruled out, and what to try next."""
    tried = tuple(rerun.tried) if rerun else ()
    image = case.config.image or case.target
    commands = [f"docker logs --tail 100 {case.target}"] if not case.is_silent else []
    if not rerun and case.phase != Phase.IMAGE:
        commands.append(f"viscaffold diagnose {case.target} --rerun")
    commands.append(f"docker run --rm -it --entrypoint sh {image}")
    how = "is unhealthy" if case.phase == Phase.RUNNING else f"ended with {case.exit_code}"
    words = [line.text.strip() for line in case.lines if line.text.strip()]
    silent = f" (its last words: {words[-1][:200]})" if words else " without a word"
    return Judgement(
        UNDETERMINED,
        "none",
        "undetermined",
        f"it {how}{silent}, and nothing that was looked at explains it",
        "change one thing at a time on a copy (--rerun does), or start it by hand in a shell",
        tuple(commands),
        (inspected(case, "State.Status", case.state.status), ended(case)),
        (*ruled_out(case, None), *tried),
        "check-program-by-itself",
    )


def by_rerun(case: Case, rerun: Rerun, found: list[tuple[Cause, Found]]) -> Judgement:
    """Say what one changed factor has cured or revealed, as the cause that it proves."""
    proves = next(
        (
            pair
            for pair in found
            if pair[0].id == rerun.cause or (rerun.cured and pair[0].pattern == rerun.pattern)
        ),
        None,
    )
    if proves and rerun.cured:
        cause, best = proves
        rerun = replace(
            rerun,
            cause=cause.id,
            text=f"{best.text} ({rerun.text})",
            fix=best.fix,
            evidence=(*best.evidence, *rerun.evidence),
        )
        found = [pair for pair in found if pair is not proves]
    return Judgement(
        PROVEN if rerun.cured else LIKELY,
        rerun.pattern,
        rerun.cause,
        rerun.text,
        rerun.fix,
        rerun.commands,
        rerun.evidence,
        (*ruled_out(case, None), *rerun.tried),
        "check-program-by-itself",
        tuple((cause.id, hit.text) for cause, hit in found[:3]),
    )
