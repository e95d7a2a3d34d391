"""A port that the system picks: what binds to port 0 gets another number at each start."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, watched
from scaffolder.diagnose.causes.health.checks import LOCAL, failing, shown, target, test
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

from .sockets import heard, published, wanted

FREE = range(32768, 61000)
"""What Linux picks from, unless told otherwise (net.ipv4.ip_local_port_range)."""
NAME = re.compile(r"(?:^|_)PORT$")
ZERO = re.compile(r"(?:^|\s)(--?[\w-]*(?:p|port|bind|listen|addr(?:ess)?))[= ](?:\S*:)?0(?=\s|$)")
"""An option of a command that names port 0."""
ADDRESS = re.compile(r"[\d.]+|[\da-f:]+")


@cause(
    "port-picked",
    "the service listens on a port that the system picks at each start",
    pattern="network",
    reads=["live", "inspect", "rerun"],
    when=Phase.RUNNING,
    basis=Basis.INFERRED,
    explains=["check-broken"],
)
def port_picked(case: Case) -> Found | None:
    """Find PORT=0, an empty PORT or none at all, where another port is published or checked."""
    found = picked(case)
    port = _missing(case)
    if found is None or not port:
        return None
    number, name, shows = found
    check = failing(case)
    who = f"because {name}" if name else "which it asks for with port 0"
    fix = f"-e {_variable(name)}={port}" if _variable(name) else f"{port} instead of 0"
    return Found(
        f"the service listens on {number}, a port that the system picks at each start, {who};"
        f" {port} is {'published' if case.config.published else 'checked' if check else 'exposed'}",
        f"give it the port: {fix}",
        (
            shows,
            heard(case),
            *((published(case),) if case.config.published else ()),
            *((test(case, check), shown(case)) if check else ()),
        ),
    )


def picked(case: Case) -> tuple[int, str, Evidence] | None:
    """Return the port that the system picked, what left it to the system, and what shows that.

    The number alone does not tell: a service may have chosen one that high.
    """
    if case.config.network == "host":
        return None
    numbers = [s.port for s in case.sockets or () if s.port in FREE and not _is_set(case, s.port)]
    listens = [call for call in case.seen.trace.calls if _listens(call)]
    zero = [call for call in listens if not call.port]
    if not numbers or (listens and not zero):
        return None
    name, shows = _left_open(case)
    if zero:
        process = case.seen.trace.processes.get(zero[0].process)
        who = process.name if process else "it"
        return (
            numbers[0],
            name,
            watched(case, f"{who} binds port 0 of {zero[0].address}, and listens"),
        )
    return (numbers[0], name, shows) if shows else None


def _listens(call: Call) -> bool:
    return call.name == "listen" and not call.error and bool(ADDRESS.fullmatch(call.address))


def _left_open(case: Case) -> tuple[str, Evidence | None]:
    """Return why it has no port of its own, in words, and what shows it."""
    for name, value in case.config.env.items():
        if NAME.search(name) and value.strip() in ("", "0"):
            words = f"{name} is {value.strip() or 'empty'}"
            return words, inspected(case, "Config.Env", f"{name}={value}")
    option = ZERO.search(" ".join(case.config.argv))
    if option:
        argv = list(case.config.argv)
        return f"its command has {option[0].strip()}", inspected(case, "Config.Cmd", argv)
    code = "\n".join(item.script.text for item in case.launched if item.script)
    for name, by, required in named_variables(case):
        is_bare = re.search(rf"\.listen\(\s*process\.env\.{name}\s*[,)]", code)
        if NAME.search(name) and (required or is_bare):
            return f"{name} is not set", inspected(
                case, "Config.Env", f"{by} reads {name}: not set"
            )
    return "", None


def _variable(name: str) -> str:
    first, _, rest = name.partition(" ")
    return first if rest.startswith("is ") else ""


def _is_set(case: Case, port: int) -> bool:
    """Tell whether somebody has chosen a number."""
    words = (*case.config.argv, *case.config.env.values())
    named = re.compile(rf"(?<!\d){port}(?!\d)")
    return any(map(named.search, words)) or any(p.number == port for p in case.config.exposed)


def _missing(case: Case) -> int:
    """Return the port that others expect, if nothing listens on it; 0 if there is none."""
    check = failing(case)
    asked = target(case, check) if check else None
    ports = [port.number for port in wanted(case)]
    ports += [asked[1]] if asked and asked[0] in LOCAL else []
    heard_on = {socket.port for socket in case.sockets or ()}
    return 0 if not ports or heard_on & set(ports) else ports[0]
