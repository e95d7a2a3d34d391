"""A health check that stops the container itself."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

KILLS = re.compile(r"\b(?:kill|pkill|killall5?)\b[^|;&\n]{0,60}")
"""How a check stops what it checks: `... || kill 1`."""
STOPPED = {0, 129, 130, 131, 137, 143}
"""How a program ends that is asked to, or killed."""


@cause(
    "check-stops-it",
    "its own health check stops the container",
    pattern="healthcheck",
    reads=["inspect", "events"],
    page="killed-from-outside",
    when=Phase.ENDED,
    basis=Basis.INFERRED,
    explains=["nothing-keeps-it", "ends-again-and-again", "killed-from-outside", "ends-itself"],
)
def check_stops_it(case: Case) -> Found | None:
    """Find a check that kills what it checks, where nobody else has asked it to end."""
    check, health = case.config.check, case.state.health
    failed = next((p for p in reversed(health.log if health else ()) if p.exit_code), None)
    stops = check is not None and KILLS.search(check.words)
    is_asked = any(event.action in ("stop", "kill") for event in case.events)
    if check is None or not stops or is_asked or case.exit_code not in STOPPED:
        return None
    # The last check may end with the container, and its result is lost then.
    said = "".join(failed.output.strip().splitlines()[-1:])[:200] if failed else ""
    command = f"docker inspect --format '{{{{json .State.Health}}}}' {quoted(case.target)}"
    told = f"exits with {failed.exit_code}: {said or 'no output'}" if failed else ""
    return Found(
        f"its own health check stops it where it fails (`{stops[0].strip()}`)"
        f"{f'; it gets: {said}' if said else ''}",
        "correct the check, or what it asks; leave it to the engine, or to an orchestrator, to"
        " replace a container that is unhealthy",
        (
            inspected(case, "Config.Healthcheck", check.words),
            *((Evidence("inspect", command, told),) if told else ()),
            ended(case),
        ),
    )
