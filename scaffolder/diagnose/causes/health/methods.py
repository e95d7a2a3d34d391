"""Health checks whose method the service rejects, and checks for another command."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, live
from scaffolder.diagnose.evidence.phase import Phase

from .checks import LOCAL, failing, listening, output, shown, target, test
from .proxies import proxy

HEAD = re.compile(
    r"\bwget\b.*--spider|\bcurl\b.*\s(?:-\w*I\w*|--head|(?:-X|--request)[= ]?HEAD)\b"
    r"|\bmethod=['\"]HEAD|\.head\(|request\(['\"]HEAD"
)
REFUSED = re.compile(
    r"\b(?:405|501)\b|method not (?:allowed|implemented)|unsupported method|broken link",
    re.IGNORECASE,
)


@cause(
    "check-method",
    "the health check uses HEAD, which the service does not support",
    pattern="healthcheck",
    reads=["inspect", "logs"],
    when=Phase.RUNNING,
    explains=["check-wrong-path"],
)
def check_method(case: Case) -> Found | None:
    """Find wget --spider and curl --head for a service that takes GET only."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or not HEAD.search(check.words):
        return None
    said = output(case)
    log = case.said(rf"[^\n]*\bHEAD {re.escape(asked[2])}\b[^\n]*\s(?P<code>405|501)\b")
    refused = REFUSED.search(said)
    missing = case.said(rf"\bHEAD {re.escape(asked[2])}\b[^\n]*\s404\b") or "404" in said
    if (refused is None and log is None) or missing:
        return None
    plain = bool(log or re.search(r"\b(?:405|501)\b|method", said, re.IGNORECASE))
    words = case.line(log) if log else " ".join(said.split())[-150:]
    return Found(
        f"the health check requests {asked[2]} with HEAD, which the service rejects: {words}",
        f"use GET: wget -q -O /dev/null http://127.0.0.1:{asked[1]}{asked[2]}, or curl -fsS -o"
        " /dev/null; or make the route support HEAD",
        (shown(case), test(case, check)),
        proven=plain and asked[0] in LOCAL and proxy(case, check) is None,
    )


@cause(
    "check-inherited",
    "the health check is for another command of the same image",
    pattern="healthcheck",
    reads=["inspect", "live", "logs"],
    when=Phase.RUNNING,
)
def check_inherited(case: Case) -> Found | None:
    """Find a worker that runs from the web server's image, with the check of the server."""
    check, image = failing(case), case.image
    if check is None or image is None or image.check is None or image.check.test != check.test:
        return None
    if case.is_meant("HEALTHCHECK") or case.seen.answer:
        return None  # it is meant for this command, which answers
    asked = target(case, check)
    if asked and (asked[0] not in LOCAL or any(s.port == asked[1] for s in listening(case))):
        return None
    argv = " ".join(case.config.argv)
    sure = case.sockets is not None and asked is not None and str(asked[1]) not in argv
    port = f" on port {asked[1]}" if asked else ""
    return Found(
        f"the health check is inherited from the image, and is for the image's own command; this"
        f" container runs {argv[:120]}, which does not answer it{port}; the program itself runs",
        "disable it for this container (--no-healthcheck; healthcheck: disable: true in"
        " compose), or give it its own check",
        (
            test(case, check),
            inspected(case, "Config.Cmd", list(case.config.argv)),
            live(case, "cat /proc/net/tcp", f"nothing listens{port}"),
            shown(case),
        ),
        (f"docker run --no-healthcheck ... {case.config.image} {argv[:120]}",),
        proven=sure and not case.is_silent and not case.last_words,
    )
