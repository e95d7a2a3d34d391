"""The steps that every running service has to pass, wherever it runs."""

import http.client
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from scaffolder.templates.stage import Stage, Step

from . import requests
from .outcome import Outcome
from .processes import Process
from .steps import Act, NotAsExpectedError, attempt, quoting

FIRST_LINE_SECONDS = 5
START_SECONDS = 30
STOP_SECONDS = 15
"""How long a service may take for its first line, until it answers, and to stop."""

OWN_ENDS = (0, 128 + signal.SIGTERM)
"""How a program without the runtime may end at SIGTERM: servers end by it when they are done."""

HEALTH = "GET /health"

SAFE = ("", "GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, 9.2.1), and a step that only reads the log."""

AT_ONCE = min(4, 1 + (os.cpu_count() or 1))
"""How many services run at a time: they wait most of it."""


@dataclass(frozen=True)
class Running:
    """A service that was started."""

    process: Process
    """What ends with it, and has its log."""
    port: int
    send: Callable[[signal.Signals], None]
    """Sends it a signal."""
    name: str = ""
    """That of its container, if it is in one."""

    def wait_until_answers(self) -> None:
        """Wait until it answers, whatever it answers."""
        if not self.process.wait_until(self._answers, START_SECONDS):
            ended = self.process.wait(0)
            found = f"it ended: {ended}" if ended else f"nobody answers at port {self.port}"
            raise NotAsExpectedError(f"it answers within {START_SECONDS} s", found)

    def read(self) -> None:
        """Wait for a line in its log."""
        if not self.process.wait_until(self._has_logged, FIRST_LINE_SECONDS):
            raise NotAsExpectedError(
                f"its log has a line {FIRST_LINE_SECONDS} s after the start", "its log is empty"
            )

    def ask(self, request: str) -> None:
        """Send a request that has to be answered with 200."""
        requests.expect(self.port, request, 200)

    def play(self, step: Step) -> None:
        """Play a step of the catalogue."""
        requests.play(step, self.port, self.process.log)

    def stop(self, statuses: Sequence[int] = (0,)) -> None:
        """Send SIGTERM, and wait for its end."""
        named = " or ".join(map(str, statuses))
        expected = f"SIGTERM ends it with exit status {named} within {STOP_SECONDS} s"
        self.send(signal.SIGTERM)
        ended = self.process.wait(STOP_SECONDS)
        if ended is None or ended.status not in statuses:
            raise NotAsExpectedError(expected, str(ended or "it still runs"))

    def _has_logged(self) -> bool:
        return bool(self.process.log().strip())

    def _answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            requests.ask(self.port, HEALTH, seconds=2)
            return True
        return False


Start = Callable[[Mapping[str, str]], AbstractContextManager[Running]]
"""Starts a service with these settings, and nothing left by another one."""


class Asking:
    """One service that is started and asked, and others for the steps of its stages."""

    def __init__(
        self,
        start: Start,
        stages: Sequence[Stage],
        stack: ExitStack,
        prefix: str = "",
        has_runtime: bool = True,  # noqa: FBT001, FBT002 - as a subject has it
    ) -> None:
        """Prepare; what is started lasts as long as `stack`. Names of steps get the prefix."""
        self._start, self._stack, self._prefix = start, stack, prefix
        self._has_runtime = has_runtime
        self._own = [(stage, step) for stage in stages for step in stage.verify]

    def start(self) -> None:
        """Start the service, and leave it running."""
        self.running = self._stack.enter_context(self._start({}))
        self._of_it(Running.wait_until_answers)

    def steps(self, also: Sequence[tuple[str, Act]] = ()) -> Iterator[Outcome]:
        """Yield the outcomes of all steps, in order, with others before it is stopped."""
        steps: list[tuple[str, Act]] = [
            ("start", self.start),
            ("first-line", partial(self._of_it, Running.read)),
            *(self._routes() if self._has_runtime else ()),
            *also,
        ]
        for name, act in steps:
            yield attempt(self._prefix + name, act)
        yield from self._of_stages()
        stop = partial(Running.stop, statuses=(0,) if self._has_runtime else OWN_ENDS)
        yield attempt(f"{self._prefix}stop", partial(self._of_it, stop))

    def _routes(self) -> Iterator[tuple[str, Act]]:
        """Yield what asks the routes of the runtime."""
        yield "health", partial(self._of_it, partial(Running.ask, request=HEALTH))
        yield "ready", partial(self._of_it, partial(Running.ask, request=requests.READY))

    def _of_it(self, act: Callable[[Running], None]) -> None:
        with quoting(self.running.process.log):
            act(self.running)

    def _of_stages(self) -> Iterator[Outcome]:
        """Yield the outcomes of the stages' own steps: several services are asked at once."""
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            played = [self._played(pool, stage, step) for stage, step in self._own]
            yield from (outcome() for outcome in played)
        finally:
            pool.shutdown(cancel_futures=True)

    def _played(self, pool: ThreadPoolExecutor, stage: Stage, step: Step) -> Callable[[], Outcome]:
        """Have a step played; return what waits for its outcome.

        One that changes nothing, and has no settings, needs no service of its own.
        """
        name = f"{self._prefix}{stage.name}: {step.about}"
        if not step.settings and step.request.partition(" ")[0] in SAFE:
            return partial(attempt, name, partial(self._of_it, partial(Running.play, step=step)))
        return pool.submit(attempt, name, partial(self._play, step)).result

    def _play(self, step: Step) -> None:
        with self._start(step.settings) as running, quoting(running.process.log):
            running.wait_until_answers()
            running.play(step)
