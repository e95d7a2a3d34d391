"""A judgement: what is wrong, that nothing is wrong, or that it is unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Cause, Found
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, live, seen, watched
from scaffolder.diagnose.causes.mounts.shared import awaited_lock
from scaffolder.diagnose.causes.reaching.obstacles import out_of_reach
from scaffolder.diagnose.causes.silence.sysexits import status_says
from scaffolder.diagnose.evidence.gave_up import in_vain
from scaffolder.diagnose.evidence.phase import Phase

from .pod_words import open_question, well
from .ruled_out import ruled_out

PROVEN, LIKELY, UNDETERMINED, HEALTHY = "proven", "likely", "undetermined", "healthy"
HOW = frozenset({"aborted", "segfault"})
"""Causes that say how a program ended: what cures it comes before them, even if they are proven."""

MOST = 3
"""How many peers are named."""
FINISHED = "it has finished its work: it exited with 0, and nothing says it should stay up"


@dataclass(frozen=True)
class Judgement:
    """What is wrong, and the evidence for it."""

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
    """Other causes that were found and explain less: their names and texts."""


def healthy(case: Case, remarks: Sequence[tuple[Cause, Found]] = ()) -> Judgement:
    """Return that nothing is wrong, what was seen, and what could be better all the same."""
    text, shown = well(case, case.pod) if case.pod else _well(case)
    fine = ruled_out(case, None)
    for cause, found in remarks:
        other = ((cause.id, found.text),)
        return Judgement(
            HEALTHY, "none", "none", f"{text}; but {found.text}", found.fix, found.commands,
            found.evidence, fine, cause.page, other,
        )  # fmt: skip
    return Judgement(HEALTHY, "none", "none", text, "", (), shown, fine)


def meant(case: Case, text: str, shown: tuple[Evidence, ...]) -> Judgement:
    """Return that nothing is wrong with an end that is meant."""
    return Judgement(HEALTHY, "none", "none", text, "", (), shown, ruled_out(case, None))


def _well(case: Case) -> tuple[str, tuple[Evidence, ...]]:
    status = inspected(case, "State.Status", case.state.status)
    match case.phase:
        case Phase.FINISHED:
            note, shown = _in_vain(case)
            return (
                f"{FINISHED}{note}",
                (status, ended(case), *shown),
            )
        case Phase.STOPPED:
            signals = (
                f"signals {case.signals}"
                if case.signals
                else f"exit code {case.exit_code}, and nothing started it again"
                if case.config.must_stay
                else f"exit code {case.exit_code}, SIGTERM or SIGINT"
            )
            return f"it was stopped on purpose ({signals}): no fault", (
                status,
                ended(case),
            )
        case Phase.CREATED:
            return f"it was created but never started: docker start {case.target}", (status,)
        case Phase.IMAGE:
            return (
                "the image names a program that exists, is executable and finds its libraries",
                (),
            )
    health = case.state.health
    if health:
        return f"it runs, and its health check reports {health.status}", (
            status,
            inspected(case, "State.Health.Status", health.status),
        )
    of_tcp = dict.fromkeys(str(s.port) for s in case.sockets or ())  # of IPv4 and of IPv6
    ports = ", ".join([*of_tcp, *case.other_sockets[:4]])
    idle = case.phase == Phase.RUNNING and not ports
    does = (awaited_lock(case) or _connected(case) or _unreachable(case)) if idle else None
    says = f" and listens on {ports}" if ports else f", and {does[0]}" if does else ""
    return f"it runs{says}", (status, *((does[1],) if does else ()))


def _unreachable(case: Case) -> tuple[str, Evidence] | None:
    """Say whom a container is told to reach and cannot: it may try that again and again."""
    for peer, why in out_of_reach(case):
        shown = inspected(case, "Config.Env", f"{peer.by} names {peer.host}")
        return f"may be trying to reach {peer.host}, which {peer.by} names: {why[0]}", shown
    return None


def _connected(case: Case) -> tuple[str, Evidence] | None:
    """Say to whom a container is connected that has said nothing: a consumer, or one that hangs."""
    made = [c for c in case.sources.connections() if not c.is_tried] if case.is_silent else []
    peers = [f"{_name(case, each.address)}:{each.port}" for each in made]
    if not peers:
        return None
    how = f"is connected to {', '.join(peers[:MOST])}"
    return f"{how}; it has said nothing yet: if it waits for an answer, that does not come", live(
        case, "cat /proc/1/net/tcp", how
    )


def _name(case: Case, address: str) -> str:
    other = next((n for n in case.neighbours if address in n.names), None)
    return other.name if other else f"[{address}]" if ":" in address else address


def _in_vain(case: Case) -> tuple[str, tuple[Evidence, ...]]:
    """Say what a silent job failed over before it ended with 0: nobody else will."""
    undone = next((each for each in case.seen.left if each.is_undone), None)
    if undone and case.is_silent:
        return f"; but {undone.words}", (watched(case, undone.words),)
    kept = case.seen.swallowed if case.is_silent else None
    call = case.seen.gave_up if case.is_silent else None
    if kept and not (call and kept.is_of_system):
        note = f"; before that, it met an exception, and told nobody: {kept.last[:250]}"
        return note, (watched(case, kept.words),)
    if call is None:
        return "", ()
    note = f"; what it tried last, before that, failed: {in_vain(case.seen.trace, call)}"
    return note, (seen(case, call),)


def _did_last(case: Case) -> tuple[Evidence, ...]:
    """Show what a watched copy did at its end, where no call failed that would explain it."""
    process = case.seen.decider
    if process is None or process.ended is None:
        return ()
    lived = f"{process.name} (process {process.number}) ends after {process.ended / 1000:.2f} s"
    return (watched(case, f"{lived}; its last calls: {', '.join(process.last)}"),)


def undetermined(case: Case, tried: tuple[str, ...] = ()) -> Judgement:
    """Return what was ruled out, and what to try next; `tried` is what copies have shown."""
    text, fix, commands, shown = open_question(case, case.pod) if case.pod else _open(case, tried)
    return Judgement(
        UNDETERMINED,
        "none",
        "undetermined",
        text,
        fix,
        commands,
        shown,
        (*ruled_out(case, None), *tried),
        "check-program-by-itself",
    )


def _open(
    case: Case, tried: tuple[str, ...]
) -> tuple[str, str, tuple[str, ...], tuple[Evidence, ...]]:
    image = case.config.image or case.target
    commands = [f"docker logs --tail 100 {case.target}"] if not case.is_silent else []
    if not tried and case.phase != Phase.IMAGE:
        commands.append(f"viscaffold diagnose {case.target} --rerun")
    commands.append(f"docker run --rm -it --entrypoint sh {image}")
    how = "is unhealthy" if case.phase == Phase.RUNNING else f"exited with {case.exit_code}"
    words = [line.text.strip() for line in case.lines if line.text.strip()]
    silent = f" (its last output: {words[-1][:200]})" if words else " without output"
    return (
        f"it {how}{silent}, and nothing that was checked explains it{status_says(case)}",
        "change one thing at a time on a copy (--rerun does), or start it by hand in a shell",
        tuple(commands),
        (inspected(case, "State.Status", case.state.status), ended(case), *_did_last(case)),
    )
