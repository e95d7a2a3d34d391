"""Requests that cost much: whoever sends them keeps nobody else out."""

import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import people
import pytest
from client import FORM
from conftest import MakeProgram
from people import TOKEN
from served import SECONDS, Served, serving

pytestmark = pytest.mark.slow

ITEMS = "/api/v1/items"
JSON = {"Content-Type": "application/json"}


def test_a_body_with_many_errors_gets_a_short_answer(program: MakeProgram) -> None:
    many = json.dumps({f"k{number}": 1 for number in range(80_000)}).encode()
    some = json.dumps({f"k{number}": 1 for number in range(5_000)}).encode()
    with serving(program("api")) as service:
        assert service.ask(ITEMS, "POST", many, JSON).status == 413
        answer = service.ask(ITEMS, "POST", some, JSON)

        assert answer.status == 422
        assert len(answer.json()["errors"]) == 20
        assert len(answer.body) < 10_000
        for strange in (b"[" * 500_000, b"9" * 500_000, b'{"a":' * 50_000, b"\xff" * 500_000):
            assert service.ask(ITEMS, "POST", strange, JSON).status in (400, 422)


def test_health_is_answered_while_many_bodies_are_refused(program: MakeProgram) -> None:
    many = json.dumps(list(range(200_000)))[:1_000_000].encode()
    with serving(program("api")) as service:
        statuses: list[int] = []

        def send() -> None:
            statuses.extend(service.ask(ITEMS, "POST", many, JSON).status for _ in range(5))

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            assert service.is_live()
        assert statuses == [413] * 20


def test_a_flood_of_logins_keeps_nobody_else_out(program: MakeProgram, tmp_path: Path) -> None:
    orders, users = program("auth"), tmp_path / "users.json"
    people.add(orders, users, "bob")
    with serving(orders, AUTH_USERS_FILE=str(users), FORWARDED_ALLOW_IPS="127.0.0.1") as service:
        for number in range(200):
            _try_to_log_in(service, f"u{number}", f"198.51.100.{number // 20}")
        right = urlencode({"username": "bob", "password": people.PASSWORD}).encode()
        headers = {"Content-Type": FORM, "X-Forwarded-For": "192.0.2.7"}
        began = time.monotonic()
        answer = service.ask(TOKEN, "POST", right, headers)

        assert answer.status == 200
        assert time.monotonic() - began < SECONDS / 2
        answers = [one.recv(100).split()[1] for one in service.held[-60:]]
        assert b"503" in answers
        assert "too many logins wait at once" in service.log()


def test_logins_of_clients_that_have_gone_are_not_looked_at(program: MakeProgram) -> None:
    with serving(program("auth"), FORWARDED_ALLOW_IPS="127.0.0.1") as service:
        for number in range(12):
            _try_to_log_in(service, "u", f"198.51.100.{number}").close()
        wrong = urlencode({"username": "u", "password": "x" * 20}).encode()
        headers = {"Content-Type": FORM, "X-Forwarded-For": "192.0.2.7"}
        service.ask(TOKEN, "POST", wrong, headers)

        # Those that were being checked already may have been finished.
        assert service.log().count("failed login from 198.51.100.") < 12


def _try_to_log_in(service: Served, name: str, address: str) -> socket.socket:
    body = urlencode({"username": name, "password": "x" * 20}).encode()
    lines = [
        f"POST {TOKEN} HTTP/1.1",
        "Host: x",
        f"X-Forwarded-For: {address}",
        f"Content-Type: {FORM}",
        f"Content-Length: {len(body)}",
    ]
    return service.hold("\r\n".join([*lines, "", ""]).encode() + body)
