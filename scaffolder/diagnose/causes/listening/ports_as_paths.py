"""A port that is no number: runtimes such as Node take it for the path of a Unix socket."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, live
from scaffolder.diagnose.causes.health.checks import failing, target
from scaffolder.diagnose.evidence.phase import Phase

from .sockets import wanted

UNIX = "unix "
PORT = re.compile(
    r"(?P<quote>[\"']?)\s*(?:(?:tcp|https?)://)?(?:[\w.*-]*:|\[[\da-f:]*\]:)?(?P<port>\d{1,5})"
    r"(?:/(?:tcp)?)?\s*(?P=quote)\s*",
    re.IGNORECASE,
)
"""A port in quotes, with spaces, or with an address in front of it."""


@cause(
    "port-as-path",
    "the value of a port is no number, and is taken for the path of a Unix socket",
    pattern="environment",
    reads=["live", "inspect"],
    when=Phase.RUNNING,
    explains=[
        "not-listening", "peer-unreachable-silent", "check-broken", "check-too-early",
        "check-timeout", "check-wrong-port", "waits-in-call",
    ],
)  # fmt: skip
def port_as_path(case: Case) -> Found | None:
    """Find a Unix socket that is called as the value of a variable, which has a port in it."""
    health = case.state.health
    if health is not None and health.status == "healthy":
        return None
    for name, value, port in _taken(case):
        if any(socket.port == port for socket in case.sockets or ()):
            continue
        check = failing(case)
        asked = target(case, check) if check else None
        is_expected = port in {p.number for p in wanted(case) or case.config.exposed}
        quotes = value.strip()[:1] in "\"'"
        kept = "; docker run --env-file keeps quotes as a part of the value" if quotes else ""
        what = "contains its quotes" if quotes else "is no number"
        return Found(
            f"the value of {name} {what}, so the program listens on a Unix socket called {value},"
            f" and not on port {port}{kept}",
            f"write {name}={port}, as a number alone",
            (
                inspected(case, "Config.Env", f"{name}={value}"),
                live(case, "cat /proc/net/unix", f"listens on the Unix socket {value!r}"),
            ),
            proven=is_expected or bool(asked and asked[1] == port),
        )
    return None


def _taken(case: Case) -> Iterator[tuple[str, str, int]]:
    """Yield the variables whose value is the name of a Unix socket: name, value and port."""
    called = {place.removeprefix(UNIX) for place in case.other_sockets if place.startswith(UNIX)}
    for name, value in case.config.env.items():
        match = PORT.fullmatch(value)
        # A number alone may be the name of a socket that somebody chose.
        if match and not value.isdecimal() and value in called:
            yield name, value, int(match["port"])
