"""Health checks that reach the right port, but get a bad answer, or none in time."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, live, quoted, threads
from scaffolder.diagnose.causes.listening.sockets import wanted
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import Phase

from .checks import failing, listening, output, shown, target, test
from .proxies import is_asked_here
from .reasons import reason

MARKUP = re.compile(r"<(title|style|script)\b[^<>]*>[^<>]*</\1>|<[^<>]*>", re.IGNORECASE)
ANSWER = re.compile(
    r"(?:HTTP(?:/[\d.]+)?|error:?|status(?: code)?:?|returned error:?"
    r"|HTTP Error)\s*(?:HTTP/[\d.]+ )?([345]\d\d)\b",
    re.IGNORECASE,
)
"""How clients tell an answer that is none of 2xx."""
BUSY_SECONDS = 30.0
"""A service that has written nothing for so long does not go on with its start."""
MEANINGS = {
    "400": "the service does not accept the request",
    "401": "the service requires a login",
    "403": "the service denies access",
    "404": "the service has no such route",
    "405": "the route does not accept the method",
}


@cause(
    "check-timeout",
    "the answer takes longer than the health check's timeout",
    pattern="healthcheck",
    reads=["inspect"],
    when=Phase.RUNNING,
)
def check_timeout(case: Case) -> Found | None:
    """Find checks that Docker killed after their timeout."""
    check = failing(case)
    if check is None or not re.search(r"exceeded timeout|timed out", output(case), re.IGNORECASE):
        return None
    limit = check.timeout or 30
    stuck = any(s.waiting for s in case.sockets or ())
    if stuck:
        return None
    own = "exceeded timeout" not in output(case)
    told = case.seen.stuck
    longer = f"HEALTHCHECK --timeout={max(limit * 5, 10):g}s"
    text = (
        f"the health check times out: the answer takes longer than the timeout of {limit:g} s"
        if not own
        else f"the health check's own request times out: {output(case)[-150:]}"
    )
    return Found(
        f"{text}; its threads stand at, in a copy: {told.words}" if told else text,
        "see what these threads wait for: threads that hold what another one waits for, for ever,"
        f" take their locks in the same order everywhere; if they only take long: {longer}"
        if told and len(told.stands) > 1
        else f"give it more time ({longer}), or make the checked route faster",
        (
            shown(case),
            test(case, check),
            inspected(case, "Config.Healthcheck.Timeout", f"{limit:g} s"),
            *((threads(case, told),) if told else ()),
        ),
        proven=False,
    )


@cause(
    "check-wrong-path",
    "the service rejects the health check's request",
    pattern="healthcheck",
    reads=["inspect"],
    when=Phase.RUNNING,
)
def check_wrong_path(case: Case) -> Found | None:
    """Find answers of 4xx and 5xx to the check."""
    check = failing(case)
    if check is None:
        return None
    match = ANSWER.search(output(case))
    asked = target(case, check)
    path = asked[2] if asked else ""
    log = case.said(rf"(?:GET|HEAD) {re.escape(path)}[\s?][^\n]*\s([345]\d\d)\b") if path else None
    if match is None and log is None:
        return None
    code = match[1] if match else log[1] if log else ""
    meaning = {
        "4": MEANINGS.get(code, "the service rejects the request"),
        "5": "the service itself reports that it is unhealthy",
        "3": "the service redirects",
    }[code[0]]
    why = reason(case)
    says = f"; {why[0]}" if why else _body(case)
    return Found(
        f"the health check requests {path or 'its route'} and gets {code}: {meaning}{says}",
        _fix(code, path, is_told=why is not None),
        (
            shown(case),
            test(case, check),
            *(why[1:] if why else ()),
            *(
                (Evidence("logs", f"docker logs --tail 20 {quoted(case)}", log[0].strip()),)
                if log
                else ()
            ),
        ),
        # A request that is not accepted may be one for a route that is there.
        proven=match is not None and code in {*MEANINGS} - {"400"} and is_asked_here(case),
    )


@cause(
    "check-too-early",
    "the service needs longer to start than the health check allows",
    pattern="healthcheck",
    reads=["inspect", "live"],
    when=Phase.RUNNING,
    basis=Basis.HINT,
    explains=["not-listening"],
)
def check_too_early(case: Case) -> Found | None:
    """Find a service that does not listen yet while its check has given up.

    One that has run for longer than it would be given, and shows nothing of a start, never listens.
    """
    check = failing(case)
    if check is None or case.sockets is None or not case.state.started:
        return None
    asked = target(case, check)
    if listening(case) or (asked and asked[0] not in {"localhost", "127.0.0.1", "::1"}):
        return None
    if not asked and not wanted(case):
        return None
    interval, retries = check.interval or 30, check.retries or 3
    given = check.start_period + interval * retries
    lived = (case.now - case.state.started).total_seconds()
    longer = max(60, int(given * 4))
    if lived > longer:
        if not _still_starts(case):
            return None
        longer = int(lived * 2)
    return Found(
        (
            f"the service does not listen yet, and the health check gives it only about {given:g}"
            " s to start"
        )
        + ("" if check.start_period else " (no --start-period)"),
        f"HEALTHCHECK --start-period={longer}s; if it never listens, read its log",
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


def _still_starts(case: Case) -> bool:
    """Tell whether it computes, or has just written something."""
    old = (p for p in case.processes or () if p.seconds >= BUSY_SECONDS)  # no health check
    busy = any(p.state.startswith("R") for p in old)
    said = (moment(line.time) for line in case.lines if line.text.strip())
    return busy or any(at and (case.now - at).total_seconds() < BUSY_SECONDS for at in said)


def _fix(code: str, path: str, *, is_told: bool) -> str:
    if is_told:
        other = "" if code[0] == "5" else ", or check a route that the service has"
        return f"repair what the log names, so that {path} answers 200{other}"
    if code == "400":
        return (
            "find out what of the request the service does not accept: the route may be there, and"
            " the host that the check asks be refused (curl -H 'Host: ...' names another one)"
        )
    if code[0] != "5":
        return "use a route that the service has and that answers 200"
    return f"find out why {path} fails: read the log, or curl it inside"


def _body(case: Case) -> str:
    """Return what the answer says besides its code; empty if it has been seen without."""
    head, _, body = output(case).replace("\r", "").partition("\n\n")
    if case.seen.answer is None or not head.startswith("HTTP/"):
        return ""
    words = " ".join(MARKUP.sub(" ", body).split())
    return f"; the answer says: {words[:150]}" if words else ""
