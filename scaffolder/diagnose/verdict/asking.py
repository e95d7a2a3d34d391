"""A copy that is asked what a container's health check asks, so that the answer is told.

Most checks say only that they fail: `curl -fs -o /dev/null`, `redis-cli ping | grep -q PONG`. There
the client is told to say more. A check that is code in Python or Node is run as it is, and its
runtime tells whom it asks, and what it gets.
"""

import re
import secrets
from dataclasses import replace
from pathlib import Path

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.health.checks import failing, output, script, target
from scaffolder.diagnose.causes.health.louder import louder
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.facts import Probe
from scaffolder.docker.client import Engine, EngineError

from . import standing
from .copies import Outcome, run
from .factor import Factor
from .unchanged import take_in

HOOKS = Path(__file__).parent.parent / "hooks/asks"
RECORDS = "asked"
CODE = re.compile(r"\b(?:python[\d.]*|node(?:js)?)\b")
ASKS = re.compile(r"^asks (\S+)$", re.MULTILINE)
LATE = re.compile(r"exceeded timeout|timed out", re.IGNORECASE)
OPEN = {"check-broken", "check-timeout"}
"""Causes that do not say what a check gets."""


def ask(engine: Engine, case: Case, cause: str = "check-broken") -> str:
    """Add what the request of a failing check gets to what was seen; return how the copy fared.

    Empty where the check tells itself what it gets, or where a copy would not be asked the same.
    Where it gets no answer in time, another copy is asked where its threads are meanwhile.
    """
    fared = _ask(engine, case, cause)
    if case.seen.answer and LATE.search(case.seen.answer.output):
        standing.ask(engine, case)
    return fared


def _ask(engine: Engine, case: Case, cause: str) -> str:
    check = failing(case)
    if check is None:
        return ""
    request = louder(script(case, check), case.config.env)
    if request is None:
        return _overheard(engine, case, check) if cause in OPEN else ""
    if output(case) or case.finder.find(request).problem or _is_deaf(case, check):
        return ""
    found = _asked(
        engine, case, Factor("the request of its health check", case.config, asks=request)
    )
    if found is None:
        return ""
    if not found.read:
        return "a copy is not up when it is asked what the health check asks"
    take_in(case, replace(case.seen, asked=request, answer=Probe(found.exit_code, found.read)))
    return "a copy was asked what the health check asks"


def _is_deaf(case: Case, check: HealthCheck) -> bool:
    """Tell whether nobody listens where a check asks, which is the answer."""
    asked = target(case, check)
    return bool(asked and case.sockets) and not _listens(case, asked)


def _listens(case: Case, asked: tuple[str, int, str] | None) -> bool:
    return asked is not None and any(socket.port == asked[1] for socket in case.sockets or ())


def _asked(engine: Engine, case: Case, factor: Factor) -> Outcome | None:
    try:
        return run(engine, case, factor)
    except EngineError as error:
        case.unsought.append(f"what the health check gets: {error.message}")
        return None


def _overheard(engine: Engine, case: Case, check: HealthCheck) -> str:
    """Run a check that is code in a copy, and hear whom it asks, and what it gets."""
    words = script(case, check)
    if not CODE.search(words):
        return ""
    found = _asked(engine, case, _hearing(case, check))
    if found is None:
        return ""
    if found.read and not found.exit_code:
        return "the health check succeeds in a copy"
    said = found.read or found.text
    places = ASKS.findall(said)
    if not places:
        return ""
    place = next((one for one in reversed(places) if one.startswith("http")), places[-1])
    lines = [line for line in said.splitlines() if not ASKS.match(line)]
    # Both a socket and its request tell the same error.
    told = (line for at, line in enumerate(lines) if not line or line not in lines[:at])
    rest = "\n".join(told).strip()
    before = case.seen
    take_in(case, replace(before, asked=_typed(check), requested=place))
    if not found.read and (case.sockets is None or _listens(case, target(case, check))):
        take_in(case, before)  # there it is up, and here it is not
        return "a copy is not up when its health check is run"
    take_in(case, replace(case.seen, answer=Probe(found.exit_code or 1, rest)))
    return f"the health check was run in a copy, and asks {place}"


def _typed(check: HealthCheck) -> tuple[str, ...]:
    return check.test[1:] if check.test[0] == "CMD" else ("/bin/sh", "-c", check.words)


def _hearing(case: Case, check: HealthCheck) -> Factor:
    folder = f"/viscaffold-{secrets.token_hex(4)}"
    ways = (
        ("PYTHONPATH", f"{folder}/asks", ":"),
        ("NODE_OPTIONS", f"--require={folder}/asks/asks.cjs", " "),
    )
    given = (
        (name, between.join(filter(None, (value, case.config.env.get(name, "")))))
        for name, value, between in ways
    )
    files = {f"asks/{hook.name}": hook.read_bytes() for hook in HOOKS.iterdir() if hook.is_file()}
    return Factor(
        "its health check",
        case.config,
        options=(f"--volume={folder}",),
        files={**files, RECORDS: b""},
        folder=folder,
        asks=_typed(check),
        hears=tuple(word for name, value in given for word in ("--env", f"{name}={value}")),
        reads=f"{folder}/{RECORDS}",
    )
