"""With any sequence of failures, a request's answer is what it would be without a cache."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis_server import Redis, redis_server
from running import Program
from served import Served, serving, wait_until
from test_cache import change, value

pytestmark = pytest.mark.slow

KEYS = ("a", "b")
SECONDS = 1.0
"""For an answer: the limit of the cache is a tenth of it."""


def kill(redis: Redis) -> None:
    redis.resume()
    redis.kill()


def start(redis: Redis) -> None:
    if not redis.runs():
        redis.start()


def fill(redis: Redis) -> None:
    if redis.runs() and not redis.is_paused:
        redis.ask("CONFIG", "SET", "maxmemory", 1)


def empty(redis: Redis) -> None:
    if redis.runs() and not redis.is_paused:
        redis.ask("CONFIG", "SET", "maxmemory", 0)


FAULTS: dict[str, Callable[[Redis], None]] = {
    "kill": kill,
    "start": start,
    "pause": Redis.pause,
    "resume": Redis.resume,
    "fill": fill,
    "empty": empty,
}
STEPS = st.one_of(
    st.tuples(st.just("read"), st.sampled_from(KEYS)),
    st.tuples(st.just("change"), st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(sorted(FAULTS)), st.just("")),
    st.just(("wait", "0.1")),
    st.just(("heal", "")),
)
AFTERWARDS = [("read", "b"), ("change", "a"), ("heal", ""), ("read", "a")]
OUTDATED = [[("read", "a"), (fault, ""), *AFTERWARDS] for fault in ("pause", "fill")]
"""What was kept before is still there afterwards, and the server has not heard of the change."""


def heal(service: Served, redis: Redis) -> None:
    """Have the server answer, and the service know it."""
    redis.resume()
    start(redis)
    empty(redis)
    ready = {"cache": "ok"}
    wait_until(lambda: service.ask("/health/ready").json()["checks"] == ready, "it is not back")


def act(service: Served, redis: Redis, step: str, on: str) -> None:
    if step == "heal":
        heal(service, redis)
    elif step == "wait":
        time.sleep(float(on))
    else:
        FAULTS[step](redis)


def play(service: Served, redis: Redis, steps: list[tuple[str, str]], numbers: list[int]) -> None:
    truth = {}
    for key in KEYS:
        numbers.append(len(numbers))
        truth[key] = str(numbers[-1])
        change(service, key, truth[key])
    for step, on in steps:
        began = time.monotonic()
        if step == "read":
            assert value(service, on) == truth[on], steps
        elif step == "change":
            numbers.append(len(numbers))
            truth[on] = str(numbers[-1])
            change(service, on, truth[on])
        else:
            act(service, redis, step, on)
            continue
        assert time.monotonic() - began < SECONDS, (step, steps)


def test_a_cache_changes_no_answer(caching: Program, tmp_path: Path) -> None:
    numbers: list[int] = []
    with (
        redis_server(tmp_path) as redis,
        serving(caching, CACHE_URL=redis.url, CACHE_TIMEOUT="100") as service,
    ):

        @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
        @example(OUTDATED[0])
        @example(OUTDATED[1])
        @given(st.lists(STEPS, max_size=14))
        def check(steps: list[tuple[str, str]]) -> None:
            heal(service, redis)
            play(service, redis, steps, numbers)

        check()
        redis.resume()
        assert "the cache at" in service.log()
        assert "hunter2" not in service.log()
