"""Copies that are another user, another process, or on another host: what a program is itself."""

import re
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case

from .cures import Cure
from .factor import Factor

CRASHED = 139
USER = "1000:1000"
OTHERS = re.compile(r"[^a-z0-9-]|^-+", re.IGNORECASE)
"""What the name of a host may not have (RFC 1123)."""
MOST_LETTERS = 60
ORDINARY_USER = Cure(
    "ordinary-user",
    "root-refused",
    "permissions",
    "the program does not run as root",
    "USER 1000:1000 in the Dockerfile, or docker run --user 1000:1000",
    proves=True,
    is_exact=True,
)
FIRST = Cure(
    "init",
    "pid-1-refused",
    "process",
    "the program does not run as the first process of a container (PID 1)",
    "docker run --init, which starts it as the child of an init",
    proves=True,
    is_exact=True,
)
HOST = Cure(
    "host-name",
    "host-name-refused",
    "environment",
    "the program does not take the name of its host, which is the beginning of the container's id",
    "docker run --hostname NAME-0, or the form of name that it expects",
    proves=True,
)


def itself(case: Case) -> Iterator[Factor]:
    """Return what a program asks nobody but itself for: who, which process, and where it is."""
    config = case.config
    if case.exit_code in (0, CRASHED) or case.seen.failed_call or case.seen.swallowed:
        return
    if case.identity.uid == 0:
        yield Factor(
            "an ordinary user",
            replace(config, user=USER),
            flags=f"--user {USER}",
            cure=ORDINARY_USER,
        )
    if not config.init:
        yield Factor("an init as PID 1", replace(config, init=True), flags="--init", cure=FIRST)
    if not config.hostname:
        name = f"{OTHERS.sub('', case.target)[:MOST_LETTERS] or 'host'}-0"
        yield Factor(
            f"the host name {name}",
            replace(config, hostname=name),
            flags=f"--hostname {name}",
            cure=HOST,
        )
