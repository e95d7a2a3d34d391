"""Settings and addresses that a service of viscaffold says are wrong."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, inspected, logged

from .supervisor import ANY


@cause(
    "own-setting",
    "a setting of a service of viscaffold is wrong",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=ANY,
    weight=96,
)
def own_setting(case: Case) -> Found | None:
    """Find `setting PORT is 'x': expected ...`, which the service says of each wrong one."""
    found = re.findall(
        r"^\S+ \S+ CRITICAL \S+: setting (?P<n>\w+) (?P<m>[^\n]+)", case.text, re.MULTILINE
    )
    if not found or case.exit_code != 78:
        return None
    words = "; ".join(f"setting {name} {rest}" for name, rest in found)
    return Found(
        words,
        "correct every variable that is named: "
        + ", ".join(name for name, _ in found)
        + "; what is left out has a default that works (.env.example)",
        (
            logged(case, words),
            ended(case),
            inspected(
                case,
                "Config.Env",
                ", ".join(f"{n}={case.config.env[n]}" for n, _ in found if n in case.config.env)
                or "not set",
            ),
        ),
        tuple(f"docker run -e {name}=... {case.config.image}" for name, _ in found[:1]),
        proven=True,
    )


@cause(
    "own-listen",
    "a service of viscaffold cannot listen on its address",
    pattern="network",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=ANY,
    weight=96,
)
def own_listen(case: Case) -> Found | None:
    """Find `cannot listen on ...`, with its advice."""
    match = case.said(r"^\S+ \S+ CRITICAL \S+\.server: (?P<m>cannot listen on \S+: (?P<w>[^\n]+))")
    if match is None or "may not use the port" in match["w"]:
        return None
    return Found(
        match["m"],
        f"{match['w'].split('; ')[-1]}; see docs/runbook.md#pattern-network of the service",
        (logged(case, match), ended(case)),
        proven=True,
    )


@cause(
    "own-port-privileged",
    "a service of viscaffold may not use its port",
    pattern="permissions",
    reads=["logs", "inspect"],
    page="pattern-network",
    when=ANY,
    weight=96,
)
def own_port_privileged(case: Case) -> Found | None:
    """Find a port below 1024 for an ordinary user."""
    match = case.said(
        r"^\S+ \S+ CRITICAL \S+\.server: (?P<m>cannot listen on \S+: this user may not use the"
        r" port[^\n]*)"
    )
    if match is None:
        return None
    return Found(
        match["m"],
        "set PORT to 1024 or above, and publish it as you like: -p 80:8080",
        (logged(case, match), inspected(case, "Config.User", case.config.user)),
        ("docker run -e PORT=8080 -p 80:8080 ...",),
        proven=True,
    )
