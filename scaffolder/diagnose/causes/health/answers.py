"""Health checks that ask the right port, and get no good answer, or none in time."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, live, quoted
from scaffolder.diagnose.phase import Phase

from .checks import failing, listening, output, shown, target, test


@cause(
    "check-timeout",
    "the health check is given less time than the answer takes",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=80,
)
def check_timeout(case: Case) -> Found | None:
    """Find checks that Docker ended for their time."""
    check = failing(case)
    if check is None or not re.search(r"exceeded timeout|timed out", output(case), re.IGNORECASE):
        return None
    limit = check.timeout or 30
    stuck = any(s.waiting for s in case.sockets or ())
    if stuck:
        return None
    own = "exceeded timeout" not in output(case)
    return Found(
        f"the health check times out: the answer takes longer than the {limit:g} s that it is given"
        if not own
        else f"the health check's own request times out: {output(case)[-150:]}",
        f"give it more time (HEALTHCHECK --timeout={max(limit * 5, 10):g}s), or make the checked"
        " route do less",
        (
            shown(case),
            test(case, check),
            inspected(case, "Config.Healthcheck.Timeout", f"{limit:g} s"),
        ),
        proven=False,
    )


@cause(
    "check-wrong-path",
    "the health check asks for something that the service does not have",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=82,
)
def check_wrong_path(case: Case) -> Found | None:
    """Find answers of 4xx and 5xx to the check."""
    check = failing(case)
    if check is None:
        return None
    match = re.search(
        r"(?:HTTP(?:/[\d.]+)?|error:?|status(?: code)?:?|returned error:?"
        r"|HTTP Error)\s*(?:HTTP/[\d.]+ )?([345]\d\d)\b",
        output(case),
        re.IGNORECASE,
    )
    log = case.said(r"\"?(?:GET|HEAD) (\S+)[^\n]*\"?\s([345]\d\d)\b")
    if match is None and log is None:
        return None
    code = match[1] if match else log[2] if log else ""
    asked = target(case, check)
    path = asked[2] if asked else (log[1] if log else "its route")
    meaning = {
        "4": "the service has no such route, or wants a login",
        "5": "the service itself says that it is not well",
        "3": "the service redirects",
    }[code[0]]
    return Found(
        f"the health check asks for {path} and gets {code}: {meaning}",
        "have it ask a route that the service has and that answers 200"
        if code[0] != "5"
        else f"see why {path} fails: the log, or curl it inside",
        (
            shown(case),
            test(case, check),
            *(
                (Evidence("logs", f"docker logs --tail 20 {quoted(case)}", log[0].strip()),)
                if log
                else ()
            ),
        ),
        proven=match is not None and code in {"404", "405", "401", "403"},
    )


@cause(
    "check-too-early",
    "the service needs longer to start than the health check gives it",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=70,
)
def check_too_early(case: Case) -> Found | None:
    """Find a service that does not listen yet while its check has given up."""
    check = failing(case)
    if check is None or case.sockets is None or not case.state.started:
        return None
    asked = target(case, check)
    if listening(case) or (asked and asked[0] not in {"localhost", "127.0.0.1", "::1"}):
        return None
    interval, retries = check.interval or 30, check.retries or 3
    given = check.start_period + interval * retries
    return Found(
        (
            f"the service does not listen yet, and the health check gives it only about {given:g}"
            " s to start"
        )
        + ("" if check.start_period else " (no --start-period)"),
        f"HEALTHCHECK --start-period={max(60, int(given * 4))}s; if it never listens, look at its"
        " log",
        (
            test(case, check),
            inspected(
                case,
                "Config.Healthcheck",
                f"interval {interval:g} s, retries {retries}, start period {check.start_period:g}"
                " s",
            ),
            live(case, "cat /proc/net/tcp", "nothing listens"),
            shown(case),
        ),
    )


@cause(
    "check-broken",
    "the health check's command fails by itself",
    pattern="healthcheck",
    reads=["inspect"],
    page="check-status-and-logs",
    when=Phase.RUNNING,
    weight=45,
)
def check_broken(case: Case) -> Found | None:
    """Find a check that fails while the service listens where it is asked."""
    check = failing(case)
    if check is None:
        return None
    said = output(case)
    what = f": {said[-200:]}" if said else " without a word"
    return Found(
        f"the health check `{check.words[:120]}` fails{what}",
        f"run it by hand: docker exec {case.target} {check.words[:120]}",
        (shown(case), test(case, check)),
        (f"docker exec {case.target} {check.words[:200]}",),
    )
