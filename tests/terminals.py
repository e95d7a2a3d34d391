"""Programs on a terminal of their own."""

from collections.abc import Sequence
from typing import Any

import pexpect


def on_terminal(command: str, args: Sequence[str] = (), **options: object) -> "pexpect.spawn[Any]":
    """Start a program; options as of pexpect.

    What it writes is waited for by poll: select takes no file with a number of 1024 or more, and
    a worker of the tests may have that many open.
    """
    return pexpect.spawn(command, [*args], use_poll=True, **options)
