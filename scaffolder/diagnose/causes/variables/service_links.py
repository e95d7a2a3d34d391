"""Variables that nobody meant as settings: `REDIS_PORT=tcp://10.96.0.12:6379`.

Docker's links set them for each linked container, and Kubernetes for each Service of a namespace.
A program that has a setting of the same name takes the address for a number.
"""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, inspected, logged
from scaffolder.diagnose.evidence.phase import Phase

LINKED = re.compile(r"tcp://[^\s:/'\"]+:(\d+)")
"""What both put into `NAME_PORT`."""
VALUE = re.compile(
    r"invalid|pars(?:e|ing)|\bnumber|\bint(?:eger)?\b|\bliteral\b|NumberFormat|\bexpected\b|must be"
    r"|out of range|\bdigits?\b|\bNaN\b|BAD_PORT",
    re.IGNORECASE,
)
REACHED = re.compile(r"connect|refus|timed? ?out|\bdial|resolv|unreachable", re.IGNORECASE)
"""What is said of an address that was used as one."""
NAME = re.compile(r"\b[A-Z][A-Z0-9_]*_PORT\b")


@cause(
    "service-variable",
    "a variable with the address of another service is taken for a number",
    pattern="environment",
    reads=["logs", "inspect"],
    when=Phase.ENDED,
    explains=["config-malformed", "said-why", "python-exception", "node-error"],
    cured_by=["other-value"],
)
def service_variable(case: Case) -> Found | None:
    """Find an address that a program complains of, where it wants a number."""
    match = case.said(rf"[^\n]*{LINKED.pattern}[^\n]*")
    line = case.line(match) if match else ""
    found = LINKED.search(line)
    if match is None or found is None or not VALUE.search(line) or REACHED.search(line):
        return None
    own = next((name for name, value in case.config.env.items() if value == found[0]), "")
    said = own or next(iter(NAME.findall(line)), "")
    name, setter = (own, "") if own else _setter(case, said)
    if not own and not setter:
        return None
    shown: Evidence = (
        inspected(case, "Config.Env", f"{own}={found[0]}")
        if own
        else inspected(case, "HostConfig.Links", setter)
    )
    what = name or "a variable whose name ends in _PORT"
    whence = f", which {setter} sets" if setter else ""
    return Found(
        f"the program takes {what} for a number, and it is {found[0]}{whence}: {line[:200]}",
        remedy(name, found[1], setter),
        (logged(case, match), *((shown,) if own or not case.pod else ())),
        proven=bool(said) and not case.pod,
    )


def _setter(case: Case, name: str) -> tuple[str, str]:
    """Return a variable that the configuration does not have, and what sets it, if anything does.

    Its name is empty where it is not known.
    """
    if case.pod:
        return name, "a Service of the namespace" if case.pod.service_links else ""
    links = {f"{_plain(alias)}_PORT": f"the link {alias}" for alias in case.config.links}
    if name:
        return name, links.get(name, "")
    only = next(iter(links)) if len(links) == 1 else ""
    return only, links.get(only, "") or f"one of its links ({', '.join(case.config.links)})" * bool(
        links
    )


def _plain(alias: str) -> str:
    return re.sub(r"\W", "_", alias).upper()


def remedy(name: str, port: str, setter: str = "") -> str:
    """Return what to do about such a variable."""
    name = name or "the variable"
    if setter:
        return (
            "leave --link out, and use a network, in which containers find each other by name; or"
            f" give the link another alias; or set {name} yourself: -e {name}={port}"
        )
    return (
        f"give {name} the number alone, {port}, where you set it; where Kubernetes does, for a"
        " Service of that name: enableServiceLinks: false in the pod's spec, or have the program"
        " read a variable of another name"
    )
