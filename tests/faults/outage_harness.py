"""Have a dependency of a service fail, and see what the service does then, and afterwards."""

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dependents import Dependent, Probe
from fault import LIVES
from harness import BUSY, wait_until
from outage import DATABASE, DEGRADED, NO_ANSWER, NOT_READY, READY, Dependency, Outage, Seen
from running import Run
from surroundings import HOST, Surroundings

ANSWER_SECONDS = 6.0
"""Within which a route that needs a dependency answers: it waits for a connection, and a query."""
LIVE_SECONDS = 1.0
"""Within which everything else does."""
START_SECONDS = 30.0
RECOVER_SECONDS = 15.0
SPANS_SECONDS = 3.0
PAUSE = 0.2


@dataclass(frozen=True)
class Answer:
    """An answer, or NO_ANSWER, after some seconds."""

    status: int
    seconds: float
    body: bytes = b""

    @property
    def is_work(self) -> bool:
        """Whether the route did what it is for."""
        return self.status // 100 == 2

    @property
    def outcome(self) -> int | None:
        return LIVES if self.is_work else self.status


@dataclass(frozen=True)
class Round:
    """What a service answered to a request of each kind, all at once."""

    outcomes: Mapping[str, int | None]
    """By stage."""
    readiness: Mapping[str, str]
    lives: bool


class Player:
    """Plays faults of a dependency with a service, which runs on for as long as it recovers."""

    def __init__(
        self, dependency: Dependency, dependent: Dependent, around: Surroundings, stack: ExitStack
    ) -> None:
        self._dependent = dependent
        self._around = around
        self._stages = [stage for stage in dependency.stages if stage in dependent.probes]
        self._settings = dependency.given(around)
        self._has_tables = dependency.stages == DATABASE
        self._is_new = True
        self._kept = ExitStack()
        stack.callback(self._kept.close)
        self._run: Run | None = None
        self._pool = stack.enter_context(ThreadPoolExecutor(len(self._stages) + 3))

    def play(self, outage: Outage) -> dict[str, Seen]:
        """Have the dependency fail; return what each stage did."""
        self._around.tables = self._dependent.tables(self._settings)
        with ExitStack() as own:
            if not outage.at_start or self._is_new:
                run = self._healthy()
            if outage.at_start:
                self._end()
            else:
                began = len(run.log())
            ending = own.enter_context(ExitStack())
            ending.enter_context(outage.brought(self._around))
            if outage.at_start:
                settings = {**self._settings, **outage.settings(self._around)}
                run, began = own.enter_context(self._started(settings)), 0
                starts = START_SECONDS if self._dependent.ready else outage.seconds
                wait_until(lambda: run.status is not None or self._lives(run), starts)
            rounds = self._observed(run, outage, began)
            log = run.log()[began:]
            ending.close()
            recovered = {stage: self._recovers(run, stage) for stage in self._stages}
            if not all(recovered.values()):
                self._end()
            return {
                stage: Seen(
                    is_named=self._names(outage, log) if outage.cause else None,
                    status=_worst(rounds, stage) if outage.is_brief else rounds[-1].outcomes[stage],
                    readiness=rounds[-1].readiness[stage],
                    lives=all(each.lives for each in rounds),
                    recovers=recovered[stage],
                    ended=run.status,
                    log=run.log()[began:],
                )
                for stage in self._stages
            }

    def _healthy(self) -> Run:
        """Return the service, whose dependency works."""
        if self._run is None or self._run.status is not None:
            self._end()
            if self._is_new and self._has_tables:
                self._dependent.migrate(self._settings)
            run = self._kept.enter_context(self._started(self._settings))
            for stage in self._stages:
                assert self._recovers(run, stage), f"it does not work at all: {run.log()[-3000:]}"
            self._run, self._is_new = run, False
        return self._run

    def _end(self) -> None:
        self._kept.close()
        self._run = None

    @contextmanager
    def _started(self, settings: Mapping[str, str]) -> Iterator[Run]:
        # With mounts of its own, it would not see a disk that becomes writable again.
        needs_names = any(HOST in value for value in settings.values())
        prefix = self._around.prefix if needs_names else ()
        with self._dependent.start(prefix, settings) as run:
            yield run

    def _observed(self, run: Run, outage: Outage, began: int) -> list[Round]:
        """Ask until all is as promised, or for as long as that may take."""
        rounds: list[Round] = []
        deadline = time.monotonic() + outage.seconds * BUSY
        while not rounds or time.monotonic() < deadline:
            rounds.append(self._round(run))
            is_named = self._names(outage, run.log()[began:])
            if run.status is not None or (is_named and self._is_kept(outage, rounds[-1])):
                break
            time.sleep(PAUSE)
        return rounds

    def _is_kept(self, outage: Outage, last: Round) -> bool:
        """Tell whether it does what is promised; nobody promises anything of services of others."""
        return not outage.is_brief and all(
            last.outcomes[stage] in outage.promises[stage].statuses
            and last.readiness[stage] == outage.promises[stage].readiness
            for stage in self._stages
        )

    def _names(self, outage: Outage, log: str) -> bool:
        cause = self._dependent.causes.get(outage.kind, outage.cause)
        return bool(re.search(cause, log))

    def _round(self, run: Run) -> Round:
        plain = [self._pool.submit(_ask, run, Probe(path, "GET")) for path in self._dependent.plain]
        ready = self._pool.submit(_ask, run, Probe(self._dependent.ready or "/", "GET"))
        asked = {
            stage: self._pool.submit(_ask, run, self._dependent.probes[stage])
            for stage in self._stages
        }
        return Round(
            {stage: each.result().outcome for stage, each in asked.items()},
            {stage: self._readiness(stage, ready.result()) for stage in self._stages},
            all(_is_in_time(each.result()) for each in plain),
        )

    def _readiness(self, stage: str, answer: Answer) -> str:
        if not self._dependent.ready or answer.status == NO_ANSWER:
            return ""
        checks = json.loads(answer.body)["checks"]
        names = {stage, "database"} if stage in DATABASE else {stage}
        said = [checks[name] for name in names & checks.keys()]
        if all(text.startswith(("ok", "degraded: ")) for text in said):
            return READY if set(said) <= {"ok"} else DEGRADED
        return NOT_READY

    def _lives(self, run: Run) -> bool:
        return _ask(run, Probe(self._dependent.plain[0], "GET")).is_work

    def _takes_spans(self, run: Run) -> bool:
        """Tell whether the collector gets what is traced."""
        before = len(self._around.collector.spans)
        _ask(run, self._dependent.probes["tracing"])
        return wait_until(lambda: len(self._around.collector.spans) > before, SPANS_SECONDS)

    def _recovers(self, run: Run, stage: str) -> bool:
        """Tell whether it works again, as it did before."""

        def works() -> bool:
            return (
                _ask(run, self._dependent.probes[stage]).is_work
                and self._round(run).readiness[stage] in ("", READY)
                and (stage != "jobs" or _is_done(run, self._dependent.probes[stage]))
                and (stage != "tracing" or self._takes_spans(run))
            )

        has_answer = wait_until(lambda: run.status is not None or works(), RECOVER_SECONDS)
        return has_answer and run.status is None


def _worst(rounds: list[Round], stage: str) -> int | None:
    """Return the worst outcome: no answer, then a status, then work that was done."""
    outcomes = [each.outcomes[stage] for each in rounds]
    bad = [outcome for outcome in outcomes if outcome is not LIVES]
    return min(bad) if bad else LIVES


def _is_in_time(answer: Answer) -> bool:
    return answer.is_work and answer.seconds < LIVE_SECONDS * BUSY


def _is_done(run: Run, probe: Probe) -> bool:
    """Enqueue a job, and tell whether somebody does it."""
    enqueued = _ask(run, probe)
    if not enqueued.is_work:
        return False
    asked = Probe(f"{probe.path}/{json.loads(enqueued.body)}", "GET")
    return wait_until(lambda: _ask(run, asked).body == b"true", RECOVER_SECONDS / 2)


def _ask(run: Run, probe: Probe) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=ANSWER_SECONDS)
    began = time.monotonic()
    try:
        connection.request(probe.method, probe.path, probe.body, dict(probe.headers))
        answer = connection.getresponse()
        body = answer.read()
        return Answer(answer.status, time.monotonic() - began, body)
    except (OSError, http.client.HTTPException):
        return Answer(NO_ANSWER, time.monotonic() - began)
    finally:
        connection.close()
