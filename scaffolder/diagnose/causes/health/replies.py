"""Health checks whose command fails: what its client, or the service, says of it."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.evidence import log_search
from scaffolder.diagnose.evidence.phase import Phase

from .checks import failing, output, shown, test
from .louder import requests
from .reasons import reason

STATUSES = {
    "curl": {
        6: "it cannot resolve the name",
        7: "nobody answers there",
        22: "the answer is an error of HTTP, 400 or above",
        28: "there is no answer within its time limit",
        35: "there is no TLS, or another version of it",
        52: "the answer is empty",
        60: "the certificate is not trusted",
    },
    "wget": {
        4: "nobody answers there",
        5: "the certificate is not trusted",
        6: "the service requires a login",
        8: "the answer is an error of HTTP, 400 or above",
    },
    "pg_isready": {1: "the server rejects connections", 2: "there is no answer"},
}
"""What the exit codes of clients mean (curl(1), wget(1), pg_isready(1))."""
LOGIN = re.compile(
    r"\bNOAUTH\b|\bWRONGPASS\b|authentication (?:is )?(?:required|failed)|no password supplied"
    r"|Access denied for user|role \"[^\"]*\" does not exist|no pg_hba\.conf entry"
    r"|\bNOPERM\b",
    re.IGNORECASE,
)


@cause(
    "check-login",
    "the health check does not log in as the service demands",
    pattern="healthcheck",
    reads=["inspect", "rerun"],
    when=Phase.RUNNING,
    explains=["check-broken"],
)
def check_login(case: Case) -> Found | None:
    """Find answers that a client without the right user and password gets."""
    check = failing(case)
    match = LOGIN.search(output(case)) if check else None
    if check is None or match is None:
        return None
    said = log_search.line(match)
    return Found(
        f"the service wants a login that the health check does not give: {said[-200:]}",
        "give the check the user and the password that the service has, from a variable"
        " (redis-cli: REDISCLI_AUTH; psql: -U and PGPASSWORD)",
        (shown(case), test(case, check)),
    )


@cause(
    "check-broken",
    "the health check's command itself fails",
    pattern="healthcheck",
    reads=["inspect"],
    when=Phase.RUNNING,
    basis=Basis.HINT,
)
def check_broken(case: Case) -> Found | None:
    """Find a check that fails while the service listens on the port."""
    check = failing(case)
    if check is None:
        return None
    said = " ".join(output(case).split())
    if case.seen.answer:
        what = f"; its request gets: {said[:200]}"
    elif said:
        what = f": {said[-200:]}"
    else:
        what = _meaning(case, check.words) or " without output"
    why = reason(case)
    return Found(
        f"the health check `{check.words[:120]}` fails{what}{f'; {why[0]}' if why else ''}",
        "repair what the log names"
        if why
        else f"run it by hand: docker exec {case.target} {check.typed}",
        (shown(case), test(case, check), *(why[1:] if why else ())),
        (f"docker exec {case.target} {check.typed}",),
    )


def _meaning(case: Case, words: str) -> str:
    """Return what the exit code of a check means, if it is that of a known client."""
    probes = case.state.health.log if case.state.health else ()
    code = next((probe.exit_code for probe in reversed(probes) if probe.exit_code), 0)
    client = next((basename(request[0]) for request in requests(words)), "")
    meaning = STATUSES.get(client, {}).get(code)
    return f" with {code}: {meaning}" if meaning else ""
