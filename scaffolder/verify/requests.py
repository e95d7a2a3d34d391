"""Requests to a service, and whether it answers as a step of the catalogue says."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scaffolder.templates.stage import Step
from scaffolder.text import printable

from .steps import NotAsExpectedError

SECONDS = 5.0
"""How long an answer, or a line of the log, may take."""

READY = "GET /health/ready"
READY_SECONDS = 10.0
"""How long a service that answers may take to be ready: it applies its migrations meanwhile."""

MOST = 1 << 20
"""How many bytes of an answer are read."""

SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    body: str

    def __str__(self) -> str:
        """Return it in one line."""
        more = "..." if len(self.body) > SHOWN else ""
        return f"{self.status} {printable(self.body[:SHOWN])}{more}".strip()


def ask(
    port: int,
    request: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str = "",
    seconds: float,
) -> Answer:
    """Send a request, `METHOD /path`, straight to a service on this machine.

    Raise OSError or http.client.HTTPException if it does not answer in time.
    """
    method, _, path = request.partition(" ")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body.encode() or None, dict(headers or {}))
        with connection.getresponse() as answer:
            return Answer(answer.status, _read(answer, time.monotonic() + seconds))
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, deadline: float) -> str:
    """Read what an answer holds: not without end, and not for ever."""
    parts, size = [], 0
    while (part := answer.read1(65536)) and size < MOST:
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise TimeoutError("the answer does not end")
    return b"".join(parts).decode(errors="replace")


def expect(port: int, request: str, status: int) -> None:
    """Send a request; raise NotAsExpectedError unless it is answered with this status."""
    play(Step(about="", request=request, status=status), port, lambda: "")


def play(step: Step, port: int, log: Callable[[], str]) -> None:
    """Do what a step of the catalogue says to a service that has started.

    Raise NotAsExpectedError unless the service answers so, and writes it to its log in time.
    Whether it is ready is asked until it says so: that comes after the start.
    """
    before = len(log()) if step.request else 0
    if step.request:
        end = time.monotonic() + (READY_SECONDS if step.request == READY else 0)
        while not _fits(step, answer := _answer(step, port)):
            if time.monotonic() >= end:  # at once, but for readiness: a request is not repeated
                raise NotAsExpectedError(_expected(step), str(answer))
            time.sleep(0.1)
    end = time.monotonic() + SECONDS
    while step.log not in log()[before:]:
        if time.monotonic() > end:
            raise NotAsExpectedError(
                f"a line of the log with {step.log}", f"no such line within {SECONDS:g} s"
            )
        time.sleep(0.02)


def _answer(step: Step, port: int) -> Answer:
    try:
        return ask(port, step.request, headers=step.headers, body=step.body, seconds=SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise NotAsExpectedError(_expected(step), f"no answer: {_words(error)}") from error


def _expected(step: Step) -> str:
    """Return in words what a request is to be answered with."""
    parts = [f"{step.request} is answered with {step.status}"]
    if step.json is not None:
        parts.append(f"JSON with {json.dumps(step.json)}")
    if step.text:
        parts.append(f"the text {step.text!r}")
    return ", ".join(parts)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _fits(step: Step, answer: Answer) -> bool:
    if answer.status != step.status or step.text not in answer.body:
        return False
    if step.json is None:
        return True
    try:
        return holds(json.loads(answer.body), step.json)
    except (ValueError, RecursionError):
        return False


def holds(found: Any, expected: Any) -> bool:  # noqa: ANN401 - JSON documents
    """Tell whether JSON is as expected: an object may have more members."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return all(key in found and holds(found[key], expected[key]) for key in expected)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(holds, found, expected))
    # For Python, true is 1.
    return isinstance(found, bool) == isinstance(expected, bool) and bool(found == expected)
