"""Clients that are slow, or too many: the service goes on, and so does its log."""

import socket
import time
from contextlib import suppress

import pytest
from conftest import MakeApplication
from served import HOST, is_closed, serving, wait_until

pytestmark = pytest.mark.slow

HEAD = HOST + b"Content-Type: text/plain\r\n"
POST = b"POST /size HTTP/1.1\r\n" + HEAD
SLOW = {
    "silent": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half of the second head": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET",
    "half a body": POST + b"Content-Length: 1000\r\n\r\n{",
    "half a body of chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "a body after its answer": b"POST /nowhere HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\n{",
    "chunks after their answer": b"POST /nowhere HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "an answer that is not read": b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n",
}


def test_slow_clients_are_given_up(application: MakeApplication) -> None:
    with serving(application(impatient=True), KEEP_ALIVE_SECONDS="2") as service:
        held = {name: service.hold(data) for name, data in SLOW.items()}
        trickle = service.hold(SLOW["half a body of chunks"])
        unread = held.pop("an answer that is not read")
        done: dict[str, bool] = {}

        def all_closed() -> bool:
            if not done.get("trickle"):
                done["trickle"] = is_closed(trickle)
                trickle.settimeout(None)
            if not done["trickle"]:
                try:
                    trickle.sendall(b"1\r\nx\r\n")
                except OSError:
                    done["trickle"] = True
            for name, connection in held.items():
                done[name] = done.get(name, False) or is_closed(connection)
            return all(done.values())

        wait_until(all_closed, f"some are still open: {done}")
        wait_until(lambda: "for reading an answer" in service.log(), "it is not given up")
        assert is_closed(unread)
        log = service.log()
        for what in ("the head of a request", "a body", "reading an answer"):
            words = f"127.0.0.1 took more than 1 s for {what}: its connection is closed"
            assert words in log
        assert "Traceback" not in log
        assert "panicked" not in log


def test_a_client_that_waits_for_the_service_is_not_given_up(application: MakeApplication) -> None:
    with serving(application(impatient=True), KEEP_ALIVE_SECONDS="60") as service:
        idle = service.hold(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        # The body is sent late, and read later.
        late = service.hold(
            b"POST /slow?seconds=3 HTTP/1.1\r\n"
            + HEAD
            + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
        assert service.ask("/slow?seconds=3", "POST", b"abcd").body == b"4"
        assert late.recv(100).startswith(b"HTTP/1.1 100")
        late.sendall(b"abc")
        assert b"200 OK" in late.recv(1000)
        assert not is_closed(idle)


def test_a_client_that_reads_slowly_is_not_given_up(application: MakeApplication) -> None:
    with serving(application(impatient=True)) as service:
        reader = service.hold()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        reader.sendall(SLOW["an answer that is not read"])
        until = time.monotonic() + 5
        while time.monotonic() < until:
            assert reader.recv(1 << 14)
            time.sleep(0.1)

        assert "for reading an answer" not in service.log()


def test_a_client_that_reads_much_and_then_pauses_is_not_given_up(
    application: MakeApplication,
) -> None:
    with serving(application(impatient=True)) as service:
        reader = service.hold(SLOW["an answer that is not read"])
        left = 2 << 20
        while left > 0:
            left -= len(reader.recv(1 << 16))
        time.sleep(4)

        assert "for reading an answer" not in service.log()


def test_a_slow_upload_is_not_held_against_the_service(application: MakeApplication) -> None:
    with serving(application()) as service:
        upload = service.hold(POST + b"Content-Length: 120\r\n\r\n")
        for _ in range(12):
            time.sleep(0.5)
            upload.sendall(bytes(10))

        assert b"200 OK" in upload.recv(1000)
        assert "has no answer" not in service.log()


def test_at_the_limit_a_transfer_that_moves_is_not_closed(application: MakeApplication) -> None:
    with serving(application(), MAX_CONNECTIONS="8") as service:
        upload = service.hold(POST + b"Content-Length: 800000\r\n\r\n")
        for _ in range(80):
            upload.sendall(bytes(10_000))
            service.hold(b"GET / HTTP/1.1\r\nX: ")
            time.sleep(0.05)

        assert b"200 OK" in upload.recv(1000)


def test_at_the_limit_a_transfer_that_stands_still_is_closed(application: MakeApplication) -> None:
    with serving(application(), MAX_CONNECTIONS="8") as service:

        def gives_way() -> bool:
            if service.ask("/").status == 200:
                service.hold(SLOW["half a body"])
            return "which waits for a body, is closed" in service.log()

        wait_until(gives_way, "none is closed")


def test_at_the_limit_who_waits_for_nothing_goes_first(application: MakeApplication) -> None:
    with serving(application(), MAX_CONNECTIONS="8") as service:
        held = [service.hold(b"GET / HTTP/1.1\r\nX: ") for _ in range(60)]

        assert service.is_live()
        assert service.ask("/").status == 200
        wait_until(lambda: sum(not is_closed(one) for one in held) <= 8, "more are open")
        assert "MAX_CONNECTIONS (8) is reached" in service.log()


def test_at_the_limit_of_requests_others_are_told_and_health_checks_are_answered(
    application: MakeApplication,
) -> None:
    with serving(application(), MAX_CONNECTIONS="4", ROOT_PATH="/shop") as service:
        answers = []

        def is_full() -> bool:
            # A request that has not been read yet gives way to the next connection.
            service.hold(b"GET /slow?seconds=30 HTTP/1.1\r\nHost: x\r\n\r\n")
            with suppress(OSError):
                answers.append(service.ask("/nowhere"))
                return answers[-1].status == 503
            return False

        wait_until(is_full, "there is room")
        answer = answers[-1]

        assert answer.json()["status"] == 503
        assert answer.json()["detail"] == "the service has too many connections; try again"
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["connection"] == "close"
        assert answer.headers["content-type"] == "application/problem+json"
        for path in ("/health", "/health/live", "/shop/health/ready"):
            assert service.ask(path).status == 200


def test_more_than_the_spare_ones_are_refused(application: MakeApplication) -> None:
    # What asks for a health check is let in where other requests get 503.
    hangs = "has a check that hangs"
    with serving(application(), MAX_CONNECTIONS="1", SECOND_OPENS=hangs) as service:

        def is_refused() -> bool:
            with suppress(OSError):  # it may be closed before anything is sent
                service.hold(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
            return "is reached: one more is refused" in service.log()

        wait_until(is_refused, "none is refused")
        wait_until(lambda: sum(not is_closed(one) for one in service.held) <= 1 + 4, "too many")
        service.let_go()
        wait_until(lambda: service.ask("/").status == 200, "there is no room")


def test_more_connections_than_files_fill_no_log(application: MakeApplication) -> None:
    with serving(application(), limit="ulimit -n 64") as service:
        assert "this process may open only 64 files" in service.log()
        for _ in range(400):
            service.hold(b"GET / HTTP/1.1\r\nX: ")

        assert service.is_live()
        assert service.ask("/").status == 200
        assert len(service.log()) < 20_000


def test_failures_that_repeat_are_counted(application: MakeApplication) -> None:
    with serving(application()) as service:
        for _ in range(300):
            assert service.ask("/fail").status == 500
        wait_until(lambda: "more like this in" in service.log(), "nothing is counted")
        log = service.log()

        assert 1 <= log.count("hunter2\n") <= 30
        assert len(log) < 60_000
        assert log.index("hunter2") < log.index("more like this")


def test_an_idle_connection_is_kept_as_long_as_is_said(application: MakeApplication) -> None:
    with serving(application(), KEEP_ALIVE_SECONDS="1") as service:
        began = time.monotonic()
        idle = service.hold(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: is_closed(idle), "it is kept for longer")

        assert time.monotonic() - began > 0.9  # timers of runtimes are coarse
        assert "took more than" not in service.log()


def test_a_client_that_goes_away_takes_its_request_with_it(application: MakeApplication) -> None:
    with serving(application(), MAX_CONNECTIONS="4") as service:
        for _ in range(30):
            service.hold(b"GET /slow?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
            service.let_go()
            time.sleep(0.02)

        wait_until(lambda: service.ask("/").status == 200, "they are still there")
