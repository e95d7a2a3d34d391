"""A cache whose server is away: named once, and no request notices."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import Unshared
from redis_server import WRITTEN, Redis, redis_server, stand_in
from running import Program, free_port
from served import Served, serving, wait_until
from test_cache import change, value

pytestmark = pytest.mark.slow

LIMIT = 200
NO_TLS = "TLS failed: it answers without TLS, as redis:// asks it"
SLACK = 1.5
"""Seconds that a busy machine may take besides."""

Broken = Callable[[Redis], AbstractContextManager[None]]


def without(says: bytes | None, *, closes: bool = False) -> Broken:
    """Have something else in the place of the server."""

    @contextmanager
    def broken(redis: Redis) -> Iterator[None]:
        redis.kill()
        with stand_in(redis.port, says, closes=closes):
            yield
        redis.start()

    return broken


def configured(name: str, wrong: str | int, right: str | int) -> Broken:
    @contextmanager
    def broken(redis: Redis) -> Iterator[None]:
        redis.ask("CONFIG", "SET", name, wrong)
        yield
        redis.ask("CONFIG", "SET", name, right)

    return broken


@contextmanager
def nobody(redis: Redis) -> Iterator[None]:
    redis.kill()
    yield
    redis.start()


@contextmanager
def paused(redis: Redis) -> Iterator[None]:
    redis.pause()
    yield
    redis.resume()


@contextmanager
def replica(redis: Redis) -> Iterator[None]:
    redis.ask("REPLICAOF", "127.0.0.1", 1)
    yield
    redis.ask("REPLICAOF", "NO", "ONE")


@contextmanager
def other_password(redis: Redis) -> Iterator[None]:
    redis.kill()
    redis.start("--requirepass", "other")
    yield
    redis.kill()
    redis.start()


BROKEN: dict[str, tuple[Broken, str]] = {
    "nobody listens": (nobody, "connection refused"),
    "it hangs": (paused, f"no answer within {LIMIT} ms"),
    "a tarpit": (without(None), f"no answer within {LIMIT} ms"),
    "it closes connections": (without(b"", closes=True), "it closed the connection"),
    "no Redis": (without(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it is no Redis server"),
    "wrong password": (other_password, "it refused the user or the password"),
    "loading": (without(b"-LOADING Redis is loading the dataset in memory\r\n"),
                "it is loading its data"),
    "too many connections": (without(b"-ERR max number of clients reached\r\n"),
                             "it answered ERR max number of clients reached"),
    "it repeats secrets": (without(b"-ERR unknown command 'AUTH', with args: 'hunter2/@'\r\n"),
                           "it answered ERR unknown command"),
    "full": (configured("maxmemory", 1, 0), "its memory is full"),
    "replica": (replica, "it is a replica, so it takes no writes"),
}  # fmt: skip


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with redis_server(tmp_path) as server:
        yield server


def readiness(service: Served) -> str:
    answer = service.ask("/health/ready")
    assert answer.status == 200
    found: str = answer.json()["checks"]["cache"]
    return found


def timed(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began


@pytest.mark.parametrize("fault", BROKEN)
def test_a_server_that_is_away_is_named_once_and_costs_nobody_anything(
    caching: Program, redis: Redis, fault: str
) -> None:
    broken, cause = BROKEN[fault]
    away = f"the cache at {redis.name} is away: "
    back = rf"the cache at {redis.name} is back after \d+ s"
    with serving(caching, CACHE_URL=redis.url, CACHE_TIMEOUT=str(LIMIT)) as service:
        wait_until(lambda: readiness(service) == "ok", "no cache")
        change(service, "pen", "blue")
        assert value(service, "pen") == "blue"
        with broken(redis):
            assert timed(lambda: change(service, "pen", "red")) < LIMIT / 1000 + SLACK
            assert value(service, "pen") == "red"
            wait_until(lambda: away in service.log(), f"{fault} is not named")
            took = timed(lambda: [value(service, f"key{number}") for number in range(30)])
            assert took < SLACK, "it costs each request"
            wait_until(lambda: readiness(service) == f"degraded: {cause}", readiness(service))
        wait_until(lambda: re.search(back, service.log()) is not None, "it is not back")
        assert value(service, "pen") == "red", "of before the change"
        wait_until(lambda: readiness(service) == "ok", readiness(service))
        assert len(re.findall(f"WARNING .*{away}", service.log())) == 1, service.log()
        assert len(re.findall(f"INFO .*{back}", service.log())) == 1, service.log()
        assert f"{away}{cause}; values are computed until it is back" in service.log()
        assert "hunter2" not in service.log()
        assert "ERROR" not in service.log()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("redis://:{}@nowhere.invalid", "its name is unknown|no answer within 5000 ms"),
        (f"redis://:{{}}@{'x' * 64}.example", "its name is unknown"),
        ("unix://:{}@/nowhere/redis.sock", "there is no such socket"),
        ("rediss://:{}@127.0.0.1:{port}", NO_TLS),
    ],
)
def test_what_cannot_be_reached_at_all_is_named(caching: Program, url: str, cause: str) -> None:
    port = free_port()
    url = url.replace("{}", WRITTEN).replace("{port}", str(port))
    with (
        stand_in(port, b"-ERR\r\n"),
        serving(caching, CACHE_URL=url, CACHE_TIMEOUT="5000") as service,
    ):
        named = f"WARNING .*the cache at .* is away: ({cause}); values are computed"
        wait_until(lambda: re.search(named, service.log()) is not None, "it is not named")
        assert value(service, "pen") == ""
        assert "hunter2" not in service.log()


def test_a_server_without_tls_is_not_taken_for_one_that_is_silent(
    caching: Program, redis: Redis
) -> None:
    url = redis.url.replace("redis:", "rediss:")
    with serving(caching, CACHE_URL=url, CACHE_TIMEOUT=str(LIMIT)) as service:
        wait_until(lambda: readiness(service) == f"degraded: {NO_TLS}", readiness(service))
        assert f"is away: {NO_TLS}; values are computed" in service.log()


def test_another_cause_of_the_same_outage_is_named_once(caching: Program, redis: Redis) -> None:
    still = f"the cache at {redis.name} is still away: it refused the user or the password;"
    with serving(caching, CACHE_URL=redis.url, CACHE_TIMEOUT=str(LIMIT)) as service:
        wait_until(lambda: readiness(service) == "ok", "no cache")
        redis.kill()
        value(service, "pen")
        wait_until(lambda: "away: connection refused;" in service.log(), "it is not named")
        redis.start("--requirepass", "other")
        wait_until(lambda: still in service.log(), "the other cause is not named")
        redis.kill()
        wait_until(lambda: readiness(service) == "degraded: connection refused", "not again")
        redis.start()
        wait_until(lambda: readiness(service) == "ok", "it is not back")
        assert service.log().count(still) == 1
        assert service.log().count("away: connection refused;") == 1, service.log()


def test_a_start_and_a_stop_wait_for_nobody(caching: Program) -> None:
    port = free_port()
    with stand_in(port, None):
        began = time.monotonic()
        url = f"redis://:{WRITTEN}@127.0.0.1:{port}"
        with serving(caching, CACHE_URL=url, CACHE_TIMEOUT="5000") as service:
            assert value(service, "pen") == ""
            log = service.run
        assert time.monotonic() - began < 5
        assert "did not close" not in log.log()


def test_a_name_server_that_hangs_delays_no_stop(
    caching: Program, unshared: Unshared, tmp_path: Path
) -> None:
    names = tmp_path / "resolv.conf"
    names.write_text("nameserver 127.0.0.99\noptions timeout:20\n", encoding="utf-8")
    service = unshared(caching, first=f"mount --bind {names} /etc/resolv.conf")
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        try:
            deaf.bind(("127.0.0.99", 53))
        except PermissionError:
            pytest.skip("this user may not listen on port 53")
        url = f"redis://:{WRITTEN}@cache.example"
        with service.start(CACHE_URL=url, CACHE_TIMEOUT=str(LIMIT)) as run:
            run.wait_for_line(f"the cache at cache.example:6379 is away: no answer within {LIMIT}")
            assert deaf.recv(512), "nobody was asked"
            began = time.monotonic()
            assert run.stop() == 0
            assert time.monotonic() - began < 3
            assert "has not ended" not in run.log()


def test_a_restart_under_load_is_no_failure(caching: Program, redis: Redis) -> None:
    stopping, failed = threading.Event(), list[str]()

    def load(service: Served, key: str) -> None:
        for number in range(100_000):
            if stopping.is_set():
                return
            change(service, key, str(number))
            found = [value(service, key) for _ in range(3)]
            if found != [str(number)] * 3:
                failed.append(f"{found}, not {number}")

    with serving(caching, CACHE_URL=redis.url, CACHE_TIMEOUT=str(LIMIT)) as service:
        threads = [threading.Thread(target=load, args=(service, f"key{n}")) for n in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.5)
            redis.kill()
            time.sleep(0.3)
            redis.start()
        redis.pause()
        time.sleep(0.5)
        redis.resume()
        wait_until(lambda: readiness(service) == "ok", "it is not back")
        stopping.set()
        for thread in threads:
            thread.join()
    assert failed == []


@pytest.mark.parametrize(
    "url",
    ["", "cache", "http://cache", "redis://", "redis://hunter2@cache", "redis://:hunter2:a@cache",
     "redis://cache:0", "redis://cache:65536", "redis://cache:x", "redis://cache/x", "redis://[x]",
     "redis://cache/0?a=hunter2", "redis://:%ff@cache", "unix://cache/x", "unix:///x?a=b"],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_being_shown(caching: Program, url: str) -> None:
    with caching.start(ready=False, CACHE_URL=url, CACHE_TIMEOUT="9") as run:
        assert run.wait() == 78
        named = "is wrong (its value is not shown)" if url else "is empty"
        assert f"setting CACHE_URL {named}: expected redis://USER:PASSWORD@HOST:PORT/" in run.log()
        assert "setting CACHE_TIMEOUT is '9': expected a whole number from 10 to 5000" in run.log()
        assert "hunter2" not in run.log()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://127.0.0.1:1/", "127.0.0.1:1"),
        ("redis://ada:hunter2@[::1]:1/7", "[::1]:1"),
        ("rediss://:@127.0.0.1:1", "127.0.0.1:1"),
        ("unix:///nowhere/a@b?db=7", "/nowhere/a@b"),
    ],
)
def test_addresses_of_any_kind_are_named(caching: Program, url: str, name: str) -> None:
    with serving(caching, CACHE_URL=url) as service, suppress(KeyError):
        wait_until(lambda: f"the cache at {name} is away: " in service.log(), "it is not named")
        assert "hunter2" not in service.log()
