"""Signals that the service sends; its supervisor learns of those that it sends to itself."""

import os
import sys
from collections import deque
from types import FrameType
from typing import Any

from .shared_state import shared

sent: deque[tuple[int, int]] = deque(maxlen=100)  # process and signal: the service ended it


def install() -> None:
    """Record every signal before it is sent: the one that kills it leaves no other record.

    `signal.raise_signal` raises no audit event: see patches.py.
    """
    sys.addaudithook(_audit)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event not in ("os.kill", "os.killpg", "signal.pthread_kill"):
        return
    target, number = args
    group = os.getpgrp()
    own = {"os.kill": (0, -1, os.getpid(), -group), "os.killpg": (0, group)}
    if target in own.get(event, (target,)):
        note(number, event.partition(".")[2], sys._getframe(1))
    else:
        sent.append((target, number))


def note(number: int, function: str, frame: FrameType) -> None:
    """Record a signal that the service sends to itself, and where `function` is called."""
    code = frame.f_code
    shared.send(number, f"{function}() in {code.co_filename}:{frame.f_lineno} {code.co_name}")
