"""Ports below 1024, which need a kernel capability."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged, watched
from scaffolder.diagnose.evidence.phase import Phase

from .capabilities import context, lacks
from .denials import DENIED, paths_in

PLACE = re.compile(r"[A-Za-z]\w*(?:\.\w+)?:\d+:\d+")
"""A line and a column in a stack, which are no port: `node:net:1883:21`."""


@cause(
    "privileged-port",
    "a port below 1024 needs a capability that the user lacks",
    pattern="permissions",
    reads=["logs", "inspect", "rerun"],
    page="pattern-network",
    when=Phase.ENDED,
    explains=["file-closed"],
    cured_by=["root", "capabilities"],
)
def privileged_port(case: Case) -> Found | None:
    """Find a bind that is refused because the port is privileged."""
    match = case.said(rf"[^\n]*(?:{DENIED})[^\n]*")
    if match is None:
        return _on_host(case)
    line = PLACE.sub("", context(case, match))
    if not re.search(
        r"\b(?:bind\w*|listen\w*|address|socket)\b|0\.0\.0\.0|\[::\]|port \d", line, re.IGNORECASE
    ):
        return None
    numbers = [
        int(n)
        for n in re.findall(
            r"(?:0\.0\.0\.0|127\.0\.0\.1|::\]?|\*|localhost)['\"]?[:,]\s*(\d{1,4})\b"
            r"|port[ =:]+(\d{1,4})\b|[\w\]]?:(\d{1,4})\b(?!:)",
            line,
        )
        for n in n
        if n and 0 < int(n) < 1024
    ]
    set_ports = [
        int(v)
        for k, v in case.config.env.items()
        if "PORT" in k and v.isdecimal() and int(v) < 1024
    ]
    exposed = [p.number for p in case.config.exposed if p.number < 1024]
    port = next(iter([*numbers, *set_ports, *exposed]), 0)
    if not port or (not numbers and paths_in(case.line(match))):
        return None
    powerless = case.identity.uid != 0 or bool(case.config.capabilities_dropped)
    return Found(
        (
            f"port {port} needs the capability NET_BIND_SERVICE, and the process runs as"
            f" {case.identity.words}"
        )
        + (" without it" if case.identity.uid == 0 else ""),
        f"listen on a port above 1023 (PORT={port + 8000}) and publish it: -p {port}:{port + 8000}",
        (
            logged(case, match),
            inspected(case, "Config.User", case.config.user or "root"),
            inspected(case, "HostConfig.CapDrop", list(case.config.capabilities_dropped)),
        ),
        (f"docker run -e PORT={port + 8000} -p {port}:{port + 8000} ...",),
        proven=powerless and bool(numbers or set_ports),
    )


def _on_host(case: Case) -> Found | None:
    """Find a port that anyone may listen on in a network of its own, and not in the host's."""
    call = case.seen.lacked
    if call is None or call.name != "bind" or call.error != errno.EACCES:
        return None
    port, who = call.port, case.identity
    return Found(
        f"port {port} needs the capability NET_BIND_SERVICE in the host's network, and the process"
        f" runs as {who.words}{'' if who.uid else ' without it'}: only in a network of its own may"
        " a container listen there without that right",
        f"listen on a port above 1023 (such as PORT={port + 8000}, if the program reads that), or"
        f" give it a network of its own and publish the port (-p {port}:{port}) instead of"
        " --network host",
        (
            watched(case, f"a copy with a network of its own listens on port {port}"),
            inspected(case, "HostConfig.NetworkMode", case.config.network),
            inspected(case, "Config.User", case.config.user or "root"),
            ended(case),
        ),
        basis=Basis.INFERRED,
    )


def is_powerless(case: Case) -> bool:
    """Tell whether it is started without the right to listen on the ports of the privileged."""
    return case.identity.uid != 0 or lacks(case, "NET_BIND_SERVICE")
