"""Whom a watched copy asked for last, by which name and on which port."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found
from scaffolder.diagnose.causes.evidence import Evidence, watched
from scaffolder.diagnose.evidence.decisive import DNS
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

from .peers import known


def host_asked(case: Case, call: Call) -> str:
    """Return by which name a copy has asked for a neighbour, of which it may know the address."""
    other = known(case, call.address) if call.address and not call.host else None
    return call.host or (other.name if other else call.address)


def port_asked(call: Call | None) -> int:
    """Return the port that a copy connects to; 0 if it got no further than to look up a name."""
    return call.port if call and call.port != DNS else 0


def shown(case: Case) -> tuple[Evidence, ...]:
    """Show whom it asked for; nothing if a copy lacks nobody."""
    call = case.seen.lacked
    if call is None:
        return ()
    asked = f"{host_asked(case, call)}{_ending(call)}"
    return (watched(case, f"it asks for {asked}, and gets no further"),)


def unknown(case: Case, host: str, other: Neighbour) -> Found:
    """Say what is not known: a copy has no network, so that it does not get the answer."""
    common = min(set(case.config.networks) & set(other.networks))
    inside = f"--network {quoted(common)} --entrypoint sh {quoted(case.config.image)}"
    asked = f"{host}{_ending(case.seen.lacked)}"
    return Found(
        f"a copy gets no further than to ask for {asked}, which runs and is known on the"
        f" network {common}: what matters is what {host} answers, and a copy has no network",
        f"see what {host} answers: ask it from that network, and read its log of that time",
        shown(case),
        (
            f"docker logs --tail 50 {quoted(other.name)}",
            f"docker run --rm -it {inside}",
        ),
        basis=Basis.HINT,
    )


def _ending(call: Call | None) -> str:
    port = port_asked(call)
    return f":{port}" if port else ""
