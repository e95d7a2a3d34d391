"""Values in a cache: kept, shared, bounded, and never outdated after a change."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from certificates import certificate
from redis_server import Redis, redis_server
from running import Program
from served import Served, serving, wait_until


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def service(caching: Program, redis: Redis) -> Iterator[Served]:
    with serving(caching, CACHE_URL=redis.url, CACHE_MAX_VALUE_BYTES="100") as served:
        wait_until(lambda: f"the cache at {redis.name} answers" in served.log(), "no cache")
        yield served


def value(service: Served, key: str, query: str = "") -> str:
    """Return the value of a key, as it is cached or computed."""
    answer = service.ask(f"/cached/{key}{query}")
    assert answer.status == 200, answer.body
    found: str = answer.json()["value"]
    return found


def change(service: Served, key: str, to: str) -> None:
    assert service.ask(f"/cached/{key}?value={to}", "PUT").status == 200


def computed(service: Served, key: str) -> int:
    return service.ask(f"/computed/{key}").json() or 0


def test_a_value_is_computed_once_and_kept_for_its_time(service: Served, redis: Redis) -> None:
    change(service, "pen", "blue")
    assert [value(service, "pen") for _ in range(3)] == ["blue"] * 3
    assert computed(service, "pen") == 1
    assert json.loads(redis.ask("GET", "orders:pen")) == {"value": "blue"}
    assert 55_000 < redis.ask("PTTL", "orders:pen") <= 60_000
    assert service.ask("/health/ready").json() == {"status": "ok", "checks": {"cache": "ok"}}


def test_a_change_is_seen_at_once(service: Served) -> None:
    for color in ("blue", "red", "green"):
        change(service, "pen", color)
        assert value(service, "pen") == color
    assert computed(service, "pen") == 3


def test_values_can_be_kept_by_hand(service: Served, redis: Redis) -> None:
    assert service.ask("/kept/name").json() is None
    service.ask("/kept/name?value=Ada", "PUT")
    assert service.ask("/kept/name").json() == "Ada"
    assert redis.ask("GET", "orders:name") == b'"Ada"'
    service.ask("/kept/name?value=Eve&ttl=0", "PUT")
    assert service.ask("/kept/name").json() is None


def test_what_is_too_large_is_not_kept_and_named(service: Served, redis: Redis) -> None:
    service.ask("/kept/name?value=Ada", "PUT")
    service.ask(f"/kept/name?value={'x' * 99}", "PUT")
    assert service.ask("/kept/name").json() is None
    key = "k" * 1100
    assert value(service, key) == value(service, key) == ""
    assert computed(service, key) == 2
    assert "a value of 101 bytes is not cached: CACHE_MAX_VALUE_BYTES is 100" in service.log()
    assert not redis.ask("EXISTS", "orders:name", f"orders:{key}")


@pytest.mark.parametrize("found", ["{", '"\x00', "[" * 2000])
def test_what_is_no_value_is_computed_anew(service: Served, redis: Redis, found: str) -> None:
    redis.ask("SET", "orders:pen", found)
    redis.ask("LPUSH", "orders:ink", "1")
    assert service.ask("/kept/ink").json() is None
    assert value(service, "pen") == value(service, "ink") == ""
    assert service.ask("/health/ready").json()["checks"]["cache"] == "ok"


def test_requests_at_the_same_time_compute_once(service: Served) -> None:
    with ThreadPoolExecutor(10) as pool:
        values = list(pool.map(lambda _: value(service, "pen", "?seconds=0.5"), range(10)))
    assert values == [""] * 10
    assert computed(service, "pen") == 1


def test_when_it_cannot_be_computed_each_request_fails_by_itself(service: Served) -> None:
    with ThreadPoolExecutor(5) as pool:
        path = "/cached/pen?seconds=0.3&fail=1"
        answers = list(pool.map(lambda _: service.ask(path).status, range(5)))
    assert answers == [500] * 5
    assert computed(service, "pen") == 5
    assert value(service, "pen") == ""


def test_when_a_client_goes_away_another_one_gets_its_value(service: Served) -> None:
    request = b"GET /cached/pen?seconds=0.5 HTTP/1.1\r\nHost: x\r\n\r\n"
    leader = service.hold(request)
    wait_until(lambda: computed(service, "pen") == 1, "nothing is computed")
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(value, service, "pen")
        time.sleep(0.1)
        leader.shutdown(socket.SHUT_RDWR)
        leader.close()
        assert other.result() == ""


def test_what_was_computed_before_a_change_is_not_kept(service: Served) -> None:
    change(service, "pen", "blue")
    old = threading.Thread(target=value, args=(service, "pen", "?seconds=0.5"))
    old.start()
    wait_until(lambda: computed(service, "pen") == 1, "nothing is computed")
    change(service, "pen", "red")
    assert value(service, "pen") == "red"
    old.join()
    assert value(service, "pen") == "red"


def test_processes_share_values(service: Served, caching: Program, redis: Redis) -> None:
    change(service, "pen", "blue")
    assert value(service, "pen") == "blue"
    with serving(caching, CACHE_URL=redis.url) as other:
        wait_until(lambda: "answers" in other.log(), "no cache")
        assert value(other, "pen") == "blue"
        assert computed(other, "pen") == 0


def test_without_a_server_values_are_computed(caching: Program) -> None:
    with serving(caching) as service:
        change(service, "pen", "blue")
        assert [value(service, "pen") for _ in range(2)] == ["blue"] * 2
        assert service.ask("/kept/name?value=Ada", "PUT").status == 200
        assert service.ask("/kept/name").json() is None
        assert service.log().count("CACHE_URL is not set: nothing is cached") == 1
        off = {"cache": "off: CACHE_URL is not set"}
        assert service.ask("/health/ready").json() == {"status": "ok", "checks": off}


@pytest.mark.parametrize("way", ["socket", "TLS"])
def test_a_server_is_reached_by_a_socket_and_with_tls(
    caching: Program, tmp_path: Path, way: str
) -> None:
    made = certificate(tmp_path)
    with redis_server(tmp_path, "--unixsocket", str(tmp_path / "redis.sock")) as redis:
        url = redis.url.replace("redis://", "unix://").split("127")[0] + f"{redis.socket}?db=3"
        if way == "TLS":
            redis.kill()
            url = redis.url.replace("redis://", "rediss://")
            redis.start_with_tls(made)
        with serving(caching, CACHE_URL=url, SSL_CERT_FILE=str(made.authority)) as service:
            wait_until(lambda: " answers" in service.log(), "no cache")
            assert value(service, "pen") == value(service, "pen") == ""
            assert computed(service, "pen") == 1
