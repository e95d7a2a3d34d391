"""A copy that is asked what a container's health check asks, by a client that tells the answer.

Most checks say only that they fail: `curl -fs -o /dev/null`, `redis-cli ping | grep -q PONG`.
"""

from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.health.checks import failing, output, script, target
from scaffolder.diagnose.causes.health.louder import louder
from scaffolder.diagnose.evidence.facts import Probe
from scaffolder.docker.client import Engine, EngineError

from .copies import run
from .factor import Factor
from .unchanged import take_in


def ask(engine: Engine, case: Case) -> str:
    """Add what the request of a failing check gets to what was seen; return how the copy fared.

    Empty where the check tells itself what it gets, or where a copy would not be asked the same.
    """
    check = failing(case)
    request = louder(script(case, check), case.config.env) if check else None
    if check is None or request is None or output(case) or case.finder.find(request).problem:
        return ""
    asked = target(case, check)
    if asked and case.sockets and all(socket.port != asked[1] for socket in case.sockets):
        return ""  # nobody listens there, which is the answer
    factor = Factor("the request of its health check", case.config, asks=request)
    try:
        found = run(engine, case, factor)
    except EngineError as error:
        case.unsought.append(f"what the health check gets: {error.message}")
        return ""
    if not found.read:
        return "a copy is not up when it is asked what the health check asks"
    take_in(case, replace(case.seen, asked=request, answer=Probe(found.exit_code, found.read)))
    return "a copy was asked what the health check asks"
