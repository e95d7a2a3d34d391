"""Health checks of a port or an address that the service does not listen on."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import live
from scaffolder.diagnose.causes.listening.picked import picked
from scaffolder.diagnose.causes.shells.script import still_waits
from scaffolder.diagnose.evidence.phase import Phase

from .checks import LOCAL, failing, listening, output, shown, target, test
from .proxies import proxy

CONNECTED = re.compile(r"timed out\b[^\n]*\bbytes received|empty reply|HTTP/\d", re.IGNORECASE)
"""What a client says that has found somebody at the address."""


@cause(
    "check-wrong-port",
    "the health check uses a port that the service does not listen on",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="pattern-network",
    when=Phase.RUNNING,
)
def check_wrong_port(case: Case) -> Found | None:
    """Find a check for one port while the service listens on another."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or case.sockets is None:
        return None
    ports = sorted({s.port for s in listening(case)})
    if not ports or asked[1] in ports or asked[0] not in LOCAL or proxy(case, check) is not None:
        return None
    if still_waits(case) or picked(case):
        return (
            None  # what listens is not the service, which has not begun, or has no port of its own
        )
    return Found(
        f"the health check uses port {asked[1]}, but the service listens on"
        f" {', '.join(map(str, ports))}",
        f"use the right one: http://127.0.0.1:{ports[0]}{asked[2]}"
        if asked[2]
        else f"use the right one: {ports[0]}",
        (
            test(case, check),
            live(
                case, "cat /proc/net/tcp /proc/net/tcp6", f"listening: {', '.join(map(str, ports))}"
            ),
            shown(case),
        ),
        proven=True,
    )


@cause(
    "check-address-family",
    "the health check uses an address that the service does not listen on",
    pattern="healthcheck",
    reads=["inspect", "live"],
    page="pattern-network",
    when=Phase.RUNNING,
)
def check_address_family(case: Case) -> Found | None:
    """Find localhost as ::1 for a service with IPv4 only, or loopback for another address."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or case.sockets is None:
        return None
    here = [s for s in listening(case) if s.port == asked[1]]
    if not here:
        return None
    four = [s for s in here if ":" not in s.address or s.address == "::"]
    refused = re.search(
        r"refused|\[::1\]|::1|can't connect|failed to connect|Errno 111|unreachable",
        output(case),
        re.IGNORECASE,
    )
    if CONNECTED.search(output(case)):
        return None
    if (
        (asked[0] == "::1" or (asked[0] == "localhost" and refused))
        and not any(":" in s.address for s in here)
        and four
    ):
        what = (
            f"the health check uses {asked[0]}, which is ::1 (IPv6) first, but the service listens"
            f" on IPv4 only ({here[0].address}:{asked[1]})"
        )
        fix = f"use 127.0.0.1: http://127.0.0.1:{asked[1]}{asked[2]}"
    elif asked[0] in {"localhost", "127.0.0.1"} and all(
        not s.is_loopback and s.address not in {"0.0.0.0", "::"} for s in here
    ):
        what = (
            f"the health check uses {asked[0]}, but the service listens on {here[0].address} only"
        )
        fix = "listen on 0.0.0.0, or use the address that it listens on"
    else:
        return None
    evidence = (
        test(case, check),
        live(case, "cat /proc/net/tcp", ", ".join(f"{s.address}:{s.port}" for s in here)),
        shown(case),
    )
    return Found(what, fix, evidence, proven=asked[0] == "::1" or "::1" in output(case))
