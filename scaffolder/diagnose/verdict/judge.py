"""The judgement: which of the causes found explains it, or that nothing is wrong."""

from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Cause, Found, causes
from scaffolder.diagnose.causes.in_pods import in_its_terms, is_asked
from scaffolder.diagnose.causes.intended import declared, intended
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.errors import UnreadableError

from .jobs import has_failed, is_job
from .judgement import HOW, LIKELY, PROVEN, Judgement, healthy, meant, undetermined
from .order import basis, in_order, is_sure
from .proof import holds, is_certain
from .refuted import is_of, refuted_last
from .rerun import Rerun
from .ruled_out import ruled_out


def candidates(case: Case) -> list[tuple[Cause, Found]]:
    """Return every cause that is found, the best first; a proof is one only if it holds."""
    phase = case.phase | Phase.DIED if has_failed(case) else case.phase
    called = [cause for cause in causes() if phase & cause.when and is_asked(case, cause)]
    found = [(cause, hit) for cause in called if (hit := _sought(case, cause))]
    tested = [(cause, replace(hit, proven=holds(case, cause, hit))) for cause, hit in found]
    return in_order(tested)


def _sought(case: Case, cause: Cause) -> Found | None:
    """Look for one cause; what cannot be read, or takes too long, affects only this cause."""
    try:
        with case.deadline.limited(CAUSE_SECONDS):
            found = cause.find(case)
            return found and in_its_terms(case, cause, found)
    except UnreadableError as error:
        case.unsought.append(f"the cause {cause.id} ({error.message})")
        return None


def judge(case: Case, rerun: Rerun | None = None) -> Judgement:
    """Decide; `rerun` is what copies with one factor changed have shown, if there were any."""
    if case.phase & (Phase.STOPPED | Phase.CREATED) and case.config.argv and not case.pod:
        return healthy(case, candidates(case)[:1] if case.phase == Phase.STOPPED else ())
    found = candidates(case)
    is_proven = any(hit.proven for _cause, hit in found)
    if end := declared(case) if is_proven else intended(case):
        return meant(case, *end)
    tried = tuple(rerun.tried) if rerun else ()
    found = refuted_last(found, rerun) if found and rerun else found
    better = by_rerun(case, rerun, found) if rerun and rerun.cause else None
    if better:
        return better
    if not found:
        return healthy(case) if _nothing_wrong(case) else undetermined(case, tried)
    if case.phase == Phase.FINISHED and is_job(case, found[0]):
        return healthy(case)
    open_still = rerun is not None and rerun.cured and not found[0][1].proven
    lead = ((rerun.cause, rerun.text),) if rerun and open_still else ()
    best = _doubted(_unless_outdated(found), rerun) if rerun else _unless_outdated(found)
    return _answer(case, best, found, tried, lead)


def _doubted(pair: tuple[Cause, Found], rerun: Rerun) -> tuple[Cause, Found]:
    """Add to a cause that what should cure it does not, or not alone."""
    cause, hit = pair
    on = next((rerun.further[name] for name in cause.cured_by if name in rerun.further), "")
    if on and not hit.proven:
        return cause, replace(hit, text=f"{hit.text}; {on}")
    names = (name for name in rerun.in_vain if name in cause.cured_by and name in MORE)
    name = next(names, "")
    if not name or hit.proven:
        return pair
    return cause, replace(hit, text=f"{hit.text}; but {rerun.in_vain[name]} all the same")


def _answer(
    case: Case,
    best: tuple[Cause, Found],
    found: list[tuple[Cause, Found]],
    tried: tuple[str, ...],
    leads: tuple[tuple[str, str], ...] = (),
) -> Judgement:
    cause, hit = best
    others = [
        (other.id, other_hit.text)
        for other, other_hit in found
        if other.id != cause.id
        and basis((other, other_hit)) < Basis.QUOTED
        and other.id not in dict(leads)
    ]
    return Judgement(
        PROVEN if hit.proven else LIKELY,
        cause.pattern,
        cause.id,
        hit.text,
        hit.fix,
        hit.commands,
        hit.evidence,
        (*ruled_out(case, cause), *tried),
        cause.page,
        (*leads, *others)[:3],
    )


MORE = {"shm", "space", "memory", "processes", "capabilities", "ulimit nofile"}
"""What gives a copy more of one thing. A file that is empty, another user, or the engine's own
limit of locked memory, may be too little."""
CAUSE_SECONDS = 2.0
"""The CPU time that the search for one cause may take."""
OWN = {"image", "process", "dependencies", "environment"}
"""What may differ in an image that was built since."""


def _unless_outdated(found: list[tuple[Cause, Found]]) -> tuple[Cause, Found]:
    """Return the best cause; an outdated image comes before what a newer one may cure."""
    outdated = next((pair for pair in found if pair[0].id == "image-outdated"), None)
    return outdated if outdated and found[0][0].pattern in OWN else found[0]


def _nothing_wrong(case: Case) -> bool:
    if case.phase == Phase.RUNNING:
        return case.state.health is None or case.state.health.status != "unhealthy"
    return bool(case.phase & (Phase.FINISHED | Phase.STOPPED | Phase.CREATED | Phase.IMAGE))


def by_rerun(case: Case, rerun: Rerun, found: list[tuple[Cause, Found]]) -> Judgement | None:
    """Return what a changed factor cured or revealed; None if that is no better.

    A cure that is a proof comes before a likely cause. Any other counts only if it agrees with the
    best cause, or if nothing else explains anything.
    """
    if found and found[0][1].proven and not (found[0][0].id in HOW and rerun.proves):
        is_better = rerun.is_exact and rerun.cured and rerun.factor in found[0][0].cured_by
        return _confirmed(case, rerun, found[0], found) if is_better else None
    if rerun.cause in HOW and found and found[0][0].id not in HOW and is_sure(found[0]):
        return None  # that says why
    agrees = found if rerun.proves else found[:1]
    confirmed = next((p for p in agrees if rerun.cured and is_of(rerun, p)), None)
    if confirmed:
        return _confirmed(case, rerun, confirmed, found)
    # A copy with another value was compared, too; and whose a lock is stays open, not that it is.
    is_told = rerun.factor in ("other-value", "left-over")
    is_told |= rerun.cause == "root-required" and bool(found) and found[0][0].id == "ends-itself"
    if not rerun.proves and found and ((rerun.cured and not is_told) or is_sure(found[0])):
        return None
    return Judgement(
        PROVEN if rerun.proves else LIKELY,
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


def _confirmed(
    case: Case, rerun: Rerun, pair: tuple[Cause, Found], found: list[tuple[Cause, Found]]
) -> Judgement:
    """Return a cause that other evidence points to, as proven by a cure."""
    cause, hit = pair
    what, *fared = rerun.text.rpartition(": with ")
    is_same, tried = bool(what) and hit.text.startswith(what), "".join(fared)
    proof = replace(
        hit,
        text=f"{hit.text}{tried}" if is_same else f"{hit.text} ({rerun.text})",
        fix=rerun.fix if rerun.is_exact else hit.fix,
        commands=() if rerun.is_exact else hit.commands,
        evidence=(*hit.evidence, *rerun.evidence),
        proven=is_certain(cause, hit),
    )
    return _answer(case, (cause, proof), found, tuple(rerun.tried))
