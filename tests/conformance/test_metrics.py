"""What the stage `metrics` says of a service, and that both languages say it alike."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import running
import rust_services
from cgroups import CGROUPS, MEBIBYTE, Cgroup
from conftest import STAGES, MakeProgram, Pristine, Unshared
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from served import Answer, Served, serving, wait_until

TOKEN = "a-token-for-prometheus"
LOOK_SECONDS = 0.5
"""Between two looks at the memory."""
ORIGIN = "https://pens.example"
WARNING = "of 100 MiB of memory are in use: METRICS_MEMORY_PERCENT is 80"
AGAIN = "of 100 MiB of memory are in use: below METRICS_MEMORY_PERCENT again"

Series = dict[tuple[tuple[str, str], ...], float]


def families(served: Served) -> dict[str, Metric]:
    answer = served.ask("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = text_string_to_metric_families(answer.body.decode())
    return {family.name: family for family in found}


def series(served: Served, name: str) -> Series:
    """Return the values of what has a name, by their labels."""
    samples = (sample for family in families(served).values() for sample in family.samples)
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for sample in samples
        if sample.name == name
    }


def counted(served: Served) -> dict[str, float]:
    """Return how many requests were counted, as `METHOD route status`, but for the scrapes."""
    found = series(served, "http_requests_total")
    named = {" ".join(value for _, value in labels): value for labels, value in found.items()}
    return {name: value for name, value in named.items() if " /metrics " not in name}


@contextmanager
def both(pristine: Pristine, **variables: str) -> Iterator[tuple[Served, Served]]:
    """Run a service with all stages in both languages."""
    rust = running.rust(rust_services.binary(STAGES))
    python = running.python(pristine(tuple(sorted(STAGES))))
    with serving(python, **variables) as first, serving(rust, **variables) as second:
        yield first, second


LARGE = [b"x" * MEBIBYTE] * 2
"""More than a body may have, in chunks."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "GET / 200": ("GET", "/", {}),
    "HEAD / 200": ("HEAD", "/", {}),
    "DELETE / 405": ("DELETE", "/", {}),
    "OTHER / 405": ("BREW", "/", {}),
    "OTHER unknown 404": ("BREW", "/coffee", {}),
    "GET unknown 404": ("GET", "/nowhere", {}),
    "GET unknown 307": ("GET", "/health/", {}),
    "GET /health/ready 200": ("GET", "/health/ready", {}),
    "GET /api/v1/items 200": ("GET", "/shop/api/v1/items", {}),
    "GET /api/v1/items/{item_id} 404": ("GET", "/api/v1/items/7", {}),
    "GET /api/v1/items/{item_id} 422": ("GET", "/shop/api/v1/items/seven", {}),
    "POST /api/auth/token 413": ("POST", "/api/auth/token", {"body": LARGE, "headers": FORM}),
    "OPTIONS unknown 200": ("OPTIONS", "/api/v1/items", {"headers": PREFLIGHT}),
    "POST unknown 413": ("POST", "/api/v1/items", {"headers": {"Content-Length": "2000000"}}),
}
"""What is counted, by what is asked: method, path, and the rest."""


@pytest.fixture(scope="module")
def scrapes(pristine: Pristine) -> Iterator[tuple[Served, Served]]:
    """A service in both languages that has answered the same requests."""
    with both(pristine, ROOT_PATH="/shop", CORS_ORIGINS=ORIGIN) as served:
        for one in served:
            for method, path, rest in REQUESTS.values():
                one.ask(path, method, **rest)
        yield served


def test_both_languages_count_the_same(scrapes: tuple[Served, Served]) -> None:
    expected = dict.fromkeys(REQUESTS, 1.0)
    for served in scrapes:
        found = {name: n for name, n in counted(served).items() if "/health/live" not in name}
        assert found == expected, served.language


def test_scrapes_do_not_bury_other_lines(scrapes: tuple[Served, Served]) -> None:
    for served in scrapes:
        assert served.ask("/metrics").status == 200
        served.ask("/last")
        served.run.wait_for_line("GET /last")
        assert "GET /metrics" not in served.log(), served.language


def test_both_languages_have_the_same_metrics(scrapes: tuple[Served, Served]) -> None:
    """Names, types, help, labels and buckets."""
    python, rust = (described(families(served)) for served in scrapes)

    assert python == rust
    assert len(python) > 10
    assert "le=0.005" in python["http_request_duration_seconds"][2]


def described(found: dict[str, Metric]) -> dict[str, tuple[str, str, set[str]]]:
    return {
        name: (
            family.type,
            family.documentation,
            {label for sample in family.samples for label in shape(sample.labels)},
        )
        for name, family in found.items()
        if family.samples  # Rust does not mention what has none yet
    }


def shape(labels: dict[str, str]) -> Iterator[str]:
    """Return the names of labels, with the bounds of buckets."""
    return (f"le={value}" if name == "le" else name for name, value in labels.items())


def test_both_languages_say_which_service_it_is(scrapes: tuple[Served, Served]) -> None:
    for served in scrapes:
        ((labels, value),) = series(served, "service_info").items()
        assert dict(labels)["service"] == "orders"
        assert value == 1


def test_clients_cannot_make_series_up(program: MakeProgram) -> None:
    with serving(program("metrics")) as served:
        served.ask("/x", "BREW")
        before = {name: len(family.samples) for name, family in families(served).items()}
        for number in range(100):
            served.ask(f"/x{number}", f"BREW{number}")
        after = {name: len(family.samples) for name, family in families(served).items()}

        # The scrape itself is in the second one.
        assert after["http_requests"] == before["http_requests"] + 1
        assert counted(served)["OTHER unknown 404"] == 101


def test_no_request_stays_in_flight_whatever_its_client_does(program: MakeProgram) -> None:
    def in_flight() -> float:
        return series(served, "http_requests_in_flight")[()]

    with serving(program("metrics")) as served:
        for _ in range(5):
            served.hold(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").close()
            served.hold(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx").close()
        wait_until(lambda: in_flight() == 1, "a request is in flight for ever")


def test_who_has_no_token_reads_nothing(program: MakeProgram) -> None:
    def ask(token: str, scheme: str = "Bearer") -> Answer:
        return served.ask("/metrics", headers={"Authorization": f"{scheme} {token}"})

    with serving(program("metrics"), METRICS_TOKEN=TOKEN) as served:
        refused = served.ask("/metrics")
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.json()["detail"] == "the metrics are for those who have the token"
        assert ask(TOKEN).status == ask(TOKEN, "bearer").status == 200
        assert ask(TOKEN, "Basic").status == ask(TOKEN, "").status == 401
        for wrong in (TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "", "\xe9" * 22):
            assert ask(wrong).status == 401, wrong
        assert TOKEN not in served.log()
        assert "METRICS_TOKEN" not in served.log()


@pytest.mark.parametrize(
    "token", ["", "short", "x" * 257, "with a space in it", "with-an-é-in-it-too"]
)
def test_a_token_that_no_header_can_carry_or_that_is_guessed_is_refused(
    program: MakeProgram, token: str
) -> None:
    with program("metrics").start(ready=False, METRICS_TOKEN=token) as run:
        assert run.wait() == 78
        assert "setting METRICS_TOKEN is " in run.log()
        assert "expected 16 to 256 letters, digits and characters of ._~+/=-" in run.log()
        assert not token or token not in run.log()


def test_an_event_loop_that_is_late_is_seen(program: MakeProgram) -> None:
    def late() -> float:
        buckets = series(served, "service_event_loop_lag_seconds_bucket")
        return buckets[("le", "+Inf"),] - buckets[("le", "1"),]

    with serving(program("metrics")) as served:
        wait_until(
            lambda: series(served, "service_event_loop_lag_seconds_count")[()] > 0,
            "nobody looks at the event loop",
        )
        assert late() == 0
        served.run.pause()
        time.sleep(1.8)  # longer than a second and a look
        served.run.resume()
        wait_until(lambda: late() > 0, "nobody has seen it")


@pytest.mark.parametrize("version", CGROUPS)
def test_the_log_warns_once_of_each_time_that_memory_becomes_short(
    program: MakeProgram, unshared: Unshared, tmp_path: Path, version: str
) -> None:
    cgroup = Cgroup(tmp_path, version)
    cgroup.use(90, inactive=30)
    service = unshared(program("metrics"), first=cgroup.mount)
    with serving(service) as served:
        assert series(served, "service_memory_used_bytes") == {(): 60 * MEBIBYTE}
        assert series(served, "service_memory_limit_bytes") == {(): 100 * MEBIBYTE}
        for used, said in ((85, WARNING), (90, ""), (76, ""), (74, AGAIN), (79, ""), (80, WARNING)):
            cgroup.use(used)
            if said:
                served.run.wait_for_line(f"{used} MiB {said}")
            else:
                time.sleep(2 * LOOK_SECONDS)
        lines = [line for line in served.log().splitlines() if "of memory are in use" in line]

    assert [re.findall(r"WARNING|INFO", line) for line in lines] == [
        ["WARNING"],
        ["INFO"],
        ["WARNING"],
    ]


def test_without_a_limit_there_is_no_warning(
    program: MakeProgram, unshared: Unshared, tmp_path: Path
) -> None:
    cgroup = Cgroup(tmp_path, "version 2")
    cgroup.use(90)
    cgroup.limit.write_text("max\n", encoding="ascii")
    service = unshared(program("metrics"), first=cgroup.mount)
    with serving(service) as served:
        assert "service_memory_used_bytes" not in families(served)
        assert series(served, "process_resident_memory_bytes")[()] > MEBIBYTE
        assert "of memory are in use" not in served.log()
