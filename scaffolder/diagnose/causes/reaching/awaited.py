"""A peer that a running program asks for again and again, and that cannot be reached."""

from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, watched
from scaffolder.diagnose.evidence.lookups import goes_on_asking
from scaffolder.diagnose.evidence.phase import Phase

from .obstacles import out_of_reach
from .peers import OBSERVES, Obstacle, Peer


def kept_from(case: Case) -> Iterator[tuple[Peer, Obstacle]]:
    """Yield whom a container that serves nobody certainly cannot reach, and its work may need."""
    if case.sockets or case.other_sockets:
        return
    for peer, why in out_of_reach(case):
        if why[-1] and not OBSERVES.search(peer.by):
            yield peer, why


@cause(
    "peer-awaited",
    "a running program asks again and again for a service that cannot be reached",
    pattern="network",
    reads=["rerun", "neighbours"],
    page="nothing-moves",
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["not-listening", "waits-in-call", "peer-unreachable-silent"],
)
def peer_awaited(case: Case) -> Found | None:
    """Find a peer out of reach that a watched copy looks up again and again, and nothing else."""
    for peer, (text, advice, evidence, _certain) in kept_from(case):
        asked = goes_on_asking(case.seen.trace, peer.host)
        if asked:
            at = f"{peer.host}{f':{peer.port}' if peer.port else ''}"
            often = f"{len(asked)} times in {(asked[-1].at - asked[0].at) / 1000:.1f} s"
            return Found(
                f"the program waits for {at}, which {peer.by} names, and cannot reach it: {text}"
                f" (a copy asks for {peer.host} {often}, and does nothing else)",
                f"{advice}; and give the wait a time limit and a message",
                (
                    inspected(case, "Config.Env", f"{peer.by} names {at}"),
                    watched(case, f"it looks up {peer.host} {often}"),
                    *evidence,
                ),
            )
    return None
