"""What would go unnoticed: requests that hang, stops that hang, a service that nobody reaches."""

import signal
import time

import pytest
from conftest import MakeApplication
from served import HOST, Served, serving

pytestmark = pytest.mark.slow


def test_a_request_that_hangs_is_named_once(application: MakeApplication) -> None:
    with serving(application()) as service:
        service.hold(b"GET /slow?seconds=60&token=hunter2 HTTP/1.1\r\n" + HOST + b"\r\n")
        body = b"POST /slow?seconds=60 HTTP/1.1\r\nContent-Length: 3\r\n" + HOST + b"\r\n"
        service.hold(body + b"abc")
        service.run.wait_for_line("'POST /slow' has no answer after 4 s")
        service.run.wait_for_line("'GET /slow' has no answer after 4 s")
        time.sleep(2)

        assert service.log().count("has no answer after") == 2
        assert "hunter2" not in "".join(
            line for line in service.log().splitlines() if "has no answer" in line
        )


def test_a_path_forges_no_line(application: MakeApplication) -> None:
    with serving(application()) as service:
        assert service.ask("/%0a%1b[2J").status == 404
        assert "\x1b" not in service.log()


def test_a_client_that_is_slow_is_no_request_that_hangs(application: MakeApplication) -> None:
    with serving(application()) as service:
        service.hold(b"POST /size HTTP/1.1\r\nContent-Length: 30000\r\n" + HOST + b"\r\n{")
        unread = service.hold(b"GET /big HTTP/1.1\r\n" + HOST + b"\r\n")
        assert unread.recv(100)
        time.sleep(6)

        hangs = [line for line in service.log().splitlines() if "has no answer" in line]
        assert not [line for line in hangs if "/big" in line]
        if service.language == "rust":
            assert not hangs


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/deaf", "was closed"),
        ("/deaf?reuse=true", "was closed, and its number"),
    ],
)
def test_a_service_that_nobody_can_reach_stops(
    application: MakeApplication, path: str, found: str
) -> None:
    with application().start() as run:
        assert Served(run, "").ask(path).status == 200
        assert run.wait(20) == 70
        listens = f"the socket that listens on 127.0.0.1:{run.port} {found}"
        assert listens in run.log()
        assert "no connection can arrive any more, the service stops" in run.log()
        assert run.log().index("closed third") < run.log().index("closed first")


def test_requests_end_before_the_service_does(application: MakeApplication) -> None:
    with application().start() as run:
        service = Served(run, "")
        slow = service.hold(b"GET /slow?seconds=2 HTTP/1.1\r\n" + HOST + b"\r\n")
        idle = service.hold(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = idle.recv(1000)
        while not answer.endswith(b"}"):  # its head may come before its body
            answer += idle.recv(1000)
        time.sleep(0.5)
        run.send(signal.SIGTERM)

        assert b"200 OK" in answer
        assert b"200 OK" in slow.recv(1000)
        assert idle.recv(1000) == b""
        assert run.wait() == 0
        service.let_go()


@pytest.mark.parametrize("again", [False, True])
def test_requests_that_do_not_end_do_not_hold_a_stop(
    application: MakeApplication, *, again: bool
) -> None:
    with application().start() as run:
        service = Served(run, "")
        service.hold(b"GET /slow?seconds=60 HTTP/1.1\r\n" + HOST + b"\r\n")
        time.sleep(0.5)
        began = time.monotonic()
        run.send(signal.SIGTERM)
        if again:
            time.sleep(1.5)
            run.send(signal.SIGTERM)
        assert run.wait() == 0
        took = time.monotonic() - began
        assert took < 4 if again else 4.5 < took < 8
        assert "stopped by SIGTERM" in run.log()
        service.let_go()
