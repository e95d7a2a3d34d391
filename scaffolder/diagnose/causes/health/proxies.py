"""A proxy between the health check and the service."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected
from scaffolder.diagnose.causes.reaching.proxies import ADDRESS, excepted
from scaffolder.diagnose.evidence.config import HealthCheck
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell

from .checks import LOCAL, failing, listening, output, shown, target, test

LOWER, EITHER = ("http_proxy", "all_proxy", "ALL_PROXY"), ("http_proxy", "HTTP_PROXY", "all_proxy")
OBEYS = {"curl": LOWER, "wget": LOWER[:1], "python": EITHER, "python3": EITHER, "http": EITHER}
"""Clients that use a proxy even for localhost → the variables that they read (curl(1), wget(1))."""
DIRECT = re.compile(r"--noproxy|--no-proxy|\bhttps?_proxy=\s|ProxyHandler\(\{\}\)|trust_env=False")


def proxy(case: Case, check: HealthCheck) -> tuple[str, str, int] | None:
    """Return the variable, host and port of the proxy that a check goes through; None if none."""
    asked = target(case, check)
    names = {basename(command.name) for command in shell.commands(check.words)}
    names |= {basename(word) for word in check.test[1:2]}
    known = next((OBEYS[name] for name in sorted(names) if name in OBEYS), ())
    if asked is None or DIRECT.search(check.words) or excepted(case, asked[0]):
        return None
    for name in known:
        match = ADDRESS.match(case.config.env.get(name, ""))
        if match:
            return name, match[1], int(match[2] or 1080)
    return None


@cause(
    "check-proxied",
    "the health check goes to a proxy instead of the service",
    pattern="healthcheck",
    reads=["inspect"],
    when=Phase.RUNNING,
    explains=["check-wrong-path", "check-address-family"],
)
def check_proxied(case: Case) -> Found | None:
    """Find http_proxy without a no_proxy for the host of the check."""
    check = failing(case)
    found = proxy(case, check) if check else None
    asked = target(case, check) if check else None
    if check is None or found is None or asked is None:
        return None
    name, host, port = found
    said = output(case)
    last = said.strip().rpartition("\n")[2]
    named = host in said and str(port) in said
    way = f"requests to {asked[0]}:{asked[1]} go through the proxy {host}:{port}"
    return Found(
        f"the health check does not reach the service: {way}, because {name} is set and no_proxy"
        f" does not list {asked[0]}; it gets the proxy's answer: {last[-150:] or 'none'}",
        "set no_proxy=localhost,127.0.0.1 (and NO_PROXY), or make the check bypass it: curl"
        " --noproxy '*', wget --no-proxy",
        (
            shown(case),
            test(case, check),
            inspected(case, "Config.Env", f"{name} names {host}:{port}; no_proxy does not list it"),
        ),
        (f"docker run -e no_proxy=localhost,127.0.0.1 ... {case.config.image}",),
        proven=named or bool(re.search(r"proxy", said, re.IGNORECASE)),
    )


def is_asked_here(case: Case) -> bool:
    """Tell whether the container's own service, and nothing else, answers its check."""
    check = failing(case)
    asked = target(case, check) if check else None
    if check is None or asked is None or asked[0] not in LOCAL or proxy(case, check):
        return False
    return any(s.port == asked[1] for s in listening(case))
