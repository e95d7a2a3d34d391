"""What a health check gets is found out where its client keeps quiet about it."""

from dataclasses import replace
from typing import Any, cast

import pytest
from recorded import case, elf, program

from examples import unwell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.health.louder import louder
from scaffolder.diagnose.evidence.config import HealthCheck, Image
from scaffolder.diagnose.evidence.facts import Health, Probe, Socket
from scaffolder.diagnose.evidence.seen import Seen
from scaffolder.diagnose.evidence.stuck import Stand, Stuck
from scaffolder.diagnose.verdict import asking, standing
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.judge import judge

ENV = {"PORT": "8080"}
TOOLS = {
    f"/usr/bin/{name}": program(elf())
    for name in ("curl", "grep", "redis-cli", "pg_isready", "mysqladmin", "wget")
}


@pytest.mark.parametrize(
    ("check", "request_"),
    [
        ("curl -fs -o /dev/null http://localhost/", "curl -sSi http://localhost/"),
        ("curl -fsSL localhost:$PORT/up >/dev/null 2>&1 || exit 1", "curl -sSi -L localhost:8080/up"),
        ("curl --silent --fail --output /dev/null http://a", "curl -sSi http://a"),
        ("curl -sfm 1 -o/dev/null localhost || kill 1", "curl -sSi -m 1 localhost"),
        ("curl -sfI localhost", "curl -sSi -I localhost"),
        ("timeout 3 wget -qO- http://localhost/ &>/dev/null", "wget -O- http://localhost/"),
        ("redis-cli ping | grep -q PONG", "redis-cli ping"),
        ('test "$(redis-cli -p 7000 ping)" = PONG', "redis-cli -p 7000 ping"),
        ("if ! pg_isready -q -U app; then exit 1; fi", "pg_isready -U app"),
        ("test -f /tmp/alive", None),
        ("python3 -m orders.health", None),
        ("cat /run/curl", None),
    ],
)  # fmt: skip
def test_the_request_of_a_check_is_made_louder(check: str, request_: str | None) -> None:
    found = louder(check, ENV)

    assert (found and " ".join(found)) == request_


def answered(check: str, answer: str) -> Case:
    """Return a container whose check is silent, and what its request got in a copy."""
    found = case(**unwell(check, "", files=TOOLS))
    found.seen = replace(found.seen, asked=("curl", "-sSi"), answer=Probe(0, answer))
    return found


@pytest.mark.parametrize(
    ("check", "answer", "cause", "words"),
    [
        ("curl -fs localhost:8080/up", "HTTP/1.1 403 Forbidden\r\nServer: x\r\n\r\n<title>403</title>no entry", "check-wrong-path", "/up and gets 403: the service denies access; the answer says: no entry"),
        ("curl -fs localhost:8080/up", "HTTP/1.0 503 Busy\r\n\r\nthe database is away", "check-wrong-path", "the database is away"),
        ("curl -fs localhost:8080/up", "HTTP/1.1 401 Unauthorized\r\n\r\n", "check-wrong-path", "requires a login"),
        ("redis-cli -p 8080 ping | grep -q PONG", "NOAUTH Authentication required.", "check-login", "NOAUTH"),
        ("curl -fsm1 localhost:8080/", "curl: (28) Operation timed out after 1001 milliseconds with 0 bytes received", "check-timeout", "0 bytes received"),
        ("curl -fs localhost:8080/ | grep -q up", "HTTP/1.1 200 OK\r\n\r\nready", "check-broken", "its request gets: HTTP/1.1 200 OK ready"),
    ],
)  # fmt: skip
def test_an_answer_in_a_copy_says_why_the_check_fails(
    check: str, answer: str, cause: str, words: str
) -> None:
    found = judge(answered(check, answer))

    assert (found.cause, found.verdict) == (cause, "likely"), found
    assert words in found.text


@pytest.mark.parametrize(
    ("check", "port"),
    [
        ("pg_isready -q -p 5433", 5433),
        ("redis-cli ping | grep -q PONG", 6379),
        ("mysqladmin -s ping -h localhost -P 3307", 3307),
        ("curl -sf localhost:9000/health", 9000),
        ("wget -qO- 127.0.0.1/health", 80),
    ],
)
def test_what_a_client_asks_is_known_without_a_scheme(check: str, port: int) -> None:
    found = judge(case(**unwell(check, "", files=TOOLS)))
    same = (Socket("0.0.0.0", port),)
    well = judge(case(**unwell(check, "", files=TOOLS, sources={"listening": same})))

    assert (found.cause, found.verdict) == ("check-wrong-port", "proven"), found
    assert f"uses port {port}, but the service listens on 8080" in found.text
    assert well.cause == "check-broken"


@pytest.mark.parametrize(
    ("check", "code", "words"),
    [
        ("curl -fs -o /dev/null localhost:8080", 22, "with 22: the answer is an error of HTTP"),
        ("pg_isready -q", 1, "with 1: the server rejects connections"),
        ("curl -fs localhost:8080", 99, "fails without output"),
        ("test -e /x", 22, "fails without output"),
    ],
)
def test_the_exit_code_of_a_known_client_is_explained(check: str, code: int, words: str) -> None:
    example = unwell(check, "", files=TOOLS)
    health = replace(example["state"]["health"], log=(Probe(code, ""),))
    found = judge(case(**{**example, "state": {**example["state"], "health": health}}))

    assert found.cause == "check-broken"
    assert words in found.text


def test_a_check_that_is_answered_is_meant_for_the_command() -> None:
    check = HealthCheck(("CMD-SHELL", "curl -fs $URL"))
    found = answered(check.words, "HTTP/1.1 404 Not Found\r\n\r\n")
    found.image = Image(command=("/app/other",), check=check)
    found.config = replace(found.config, check=check)

    assert judge(found).cause == "check-wrong-path"
    found.seen = Seen()
    assert judge(found).cause == "check-inherited"


def test_a_script_that_a_check_runs_is_read() -> None:
    script = program("#!/bin/sh\nexec curl -fs http://localhost:9000/up\n")
    check = HealthCheck(("CMD", "/check.sh"), 1.0, 2.0, 0.0, 2)
    found = judge(case(**unwell("", "", files={"/check.sh": script}, config={"check": check})))

    assert found.cause == "check-wrong-port", found


CUT = Probe(-1, "Health check exceeded timeout (2s)", 2.0)


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ((CUT, Probe(1, "HTTP Error 404: Not Found"), CUT), "check-wrong-path"),
        ((Probe(1, ""), Probe(1, ""), CUT), "check-broken"),
        ((Probe(1, "HTTP Error 404: Not Found"), CUT, CUT, CUT), "check-timeout"),
        ((CUT, Probe(0, ""), CUT), "check-timeout"),
    ],
)
def test_checks_that_are_cut_off_now_and_then_are_judged_by_the_others(
    log: tuple[Probe, ...], cause: str
) -> None:
    told = unwell("curl http://localhost:8080/x", "")
    health = Health("unhealthy", 3, log)

    assert judge(case(**{**told, "state": {**told["state"], "health": health}})).cause == cause


@pytest.mark.parametrize(
    ("threads", "fix"),
    [
        (("thread 1", "thread 2"), "in the same order"),
        (("main",), "give it more time"),
        ((), "give it"),
    ],
)
def test_where_its_threads_are_is_told_of_a_request_that_times_out(
    threads: tuple[str, ...], fix: str
) -> None:
    found = answered(
        "curl -fsm1 localhost:8080/",
        "curl: (28) Operation timed out after 1001 milliseconds with 0 bytes received",
    )
    stands = tuple(Stand(thread, "/app/rank.py:14, refresh") for thread in threads)
    found.seen = replace(found.seen, stuck=Stuck(stands) if stands else None)
    told = judge(found)

    assert told.cause == "check-timeout"
    assert all(thread in told.text for thread in threads)
    assert fix in told.fix


@pytest.mark.parametrize(("answer", "asks"), [("curl: (28) timed out", 1), ("HTTP/1.1 500", 0)])
def test_threads_are_asked_for_only_where_no_answer_comes_in_time(
    answer: str, asks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Case] = []
    monkeypatch.setattr(standing, "ask", lambda _engine, of: asked.append(of))
    monkeypatch.setattr(
        asking, "run", lambda *_: Outcome(alive=True, exit_code=28, text="", read=answer)
    )

    asking.ask(cast("Any", None), case(**unwell("curl -fs localhost:8080/up", "", files=TOOLS)))

    assert len(asked) == asks
