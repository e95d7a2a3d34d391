"""Variables that nobody meant as settings: `REDIS_PORT=tcp://10.96.0.12:6379`.

Docker's links set them for each linked container, and Kubernetes for each Service of a namespace.
A program that has a setting of the same name takes the address for a number.
"""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, inspected, logged
from scaffolder.diagnose.causes.silence.readings import natives, quiet
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import siblings

LINKED = re.compile(r"tcp://[^\s:/'\"]+:(\d+)")
"""What both put into `NAME_PORT`."""
VALUE = re.compile(
    r"invalid|pars(?:e|ing)|\bnumber|\bint(?:eger)?\b|\bliteral\b|NumberFormat|\bexpected\b|must be"
    r"|out of range|\bdigits?\b|\bNaN\b|BAD_PORT",
    re.IGNORECASE,
)
REACHED = re.compile(r"connect|refus|timed? ?out|\bdial|resolv|unreachable", re.IGNORECASE)
"""What is said of an address that was used as one."""
OF_LINKS = re.compile(r"_PORT_\d+_(?:TCP|UDP)|_TCP_(?:ADDR|PORT)")
"""What programs read that are made for links."""
NAME = re.compile(r"\b[A-Z][A-Z0-9_]*_PORT\b")


@cause(
    "service-variable",
    "a variable with the address of another service is taken for a number",
    pattern="environment",
    reads=["logs", "inspect"],
    when=Phase.ENDED,
    explains=[
        "config-malformed",
        "said-why",
        "python-exception",
        "node-error",
    ],
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


@cause(
    "link-variable",
    "a silent program reads a variable that a link sets, and may take it for a setting",
    pattern="environment",
    reads=["inspect", "files"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["variable-missing", "ends-itself"],
    cured_by=["other-value"],
)
def link_variable(case: Case) -> Found | None:
    """Find a silent program that reads a variable which a link sets, as none that it set itself.

    `docker inspect` does not list what links set.
    """
    if not quiet(case):
        return None
    for alias in case.config.links:
        port, name = f"{_plain(alias)}_PORT", f"{_plain(alias)}_NAME"
        for variable in (port, name):
            by = "" if variable in case.config.env else _reader(case, variable)
            if not by:
                continue
            is_port = variable == port
            value = "tcp://ADDRESS:PORT" if is_port else f"/{case.target}/{alias}"
            own = _listens(case, alias) if is_port else "NAME"
            return Found(
                f"{by} reads {variable}, which the link {alias} sets to {value}: the program may"
                f" take it for {'the number of a port' if is_port else 'a name of its own'}",
                remedy(variable, own, alias),
                (
                    inspected(case, "HostConfig.Links", f"the link {alias}"),
                    inspected(case, "Config.Env", f"{variable} is not set here"),
                    content(case, by, variable),
                    ended(case),
                ),
            )
    return None


def _reader(case: Case, name: str) -> str:
    """Return what reads a variable, and knows nothing of links; empty if nothing does."""
    word = re.compile(rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])")
    scripts = (item.script for item in case.launched if item.script)
    texts = [(s.path, s.text) for top in scripts for s in (top, *siblings(case.files, top))]
    named = [path for path, text in texts if word.search(text) and not OF_LINKS.search(text)]
    for path, data, program in natives(case):
        text = data.decode("latin-1")
        # Go and Rust keep texts without anything between them.
        is_named = name in text if program.language in {"go", "rust"} else word.search(text)
        named += [path] if is_named and not OF_LINKS.search(text) else []
    return next(filter(None, named), "")


def _listens(case: Case, alias: str) -> str:
    """Return the port of what a link leads to; a placeholder if it is unknown."""
    other = case.config.links.get(alias, alias)
    return next((str(s.port) for s in case.sources.sockets_of(other) or ()), "PORT")


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
