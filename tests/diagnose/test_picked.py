"""A port that the system picks is another one at each start: nobody is told to use it."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import STARTED, unwell, up
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

HIGH = (Socket("0.0.0.0", 40487),)
NODE = {"/usr/bin/node": program(elf())}


def server(port: str) -> dict[str, File]:
    return {**NODE, "/app/main.js": File(f"server.listen({port}, '0.0.0.0')".encode())}


def bound(port: int, address: str = "inet:0.0.0.0") -> str:
    calls = (
        f"C\t1\t7\t7\t{name}\t0\tf=3:socket:[9]\ta={address}:{port}\n"
        for name in ("bind", "listen")
    )
    return STARTED + "".join(calls)


def given(env: dict[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return up(HIGH, config={"env": env}, **more)


@pytest.mark.parametrize(
    ("example", "why", "fix"),
    [
        (given({"PORT": ""}), "because PORT is empty; 8080 is published", "-e PORT=8080"),
        (given({"APP_PORT": "0"}), "because APP_PORT is 0; 8080 is published", "-e APP_PORT=8080"),
        (given({}, command="/app/server --port 0"), "because its command has --port 0", "8080 instead of 0"),
        (given({}, command="/app/server --bind=0.0.0.0:0 -v"), "because its command has --bind=", "8080 instead"),
        (given({}, trace=bound(0)), "which it asks for with port 0", "8080 instead of 0"),
        ({**given({}, command="node /app/main.js"), "files": server("process.env.PORT")}, "because PORT is not set", "-e PORT=8080"),
    ],
)  # fmt: skip
def test_the_port_that_others_expect_is_proposed(
    example: dict[str, Any], why: str, fix: str
) -> None:
    found = judge(case(**example))

    assert (found.cause, found.verdict) == ("port-picked", "likely"), found
    assert "listens on 40487, a port that the system picks at each start" in found.text
    assert why in found.text
    assert fix in found.fix
    assert "40487" not in found.fix


def test_a_check_of_another_port_is_not_told_to_use_it() -> None:
    check = unwell(
        "curl http://localhost:9000/", "refused", config={"env": {"PORT": "0"}, "exposed": ()}
    )
    found = judge(case(**{**check, "sources": {"listening": HIGH}}))

    assert found.cause == "port-picked"
    assert "9000 is checked" in found.text
    assert found.fix == "give it the port: -e PORT=9000"


@pytest.mark.parametrize(
    ("example", "cause"),
    [
        (up((Socket("0.0.0.0", 3000),), config={"env": {"PORT": ""}}), "port-mismatch"),
        (given({"PORT": "40487"}), "port-mismatch"),
        (given({"PORT": "", "GRPC": "0.0.0.0:40487"}), "port-mismatch"),
        (given({"PORT": ""}, trace=bound(40487)), "port-mismatch"),
        (given({}, trace=bound(0, "unix:/run/a")), "port-mismatch"),
        (given({"SUPPORT": "0"}), "port-mismatch"),
        ({**given({}, command="node /app/main.js"), "files": server("process.env.PORT || 40487")}, "port-mismatch"),
        (up((*HIGH, Socket("0.0.0.0", 8080)), config={"env": {"PORT": "0"}}), "none"),
        (given({"PORT": "0"}) | {"config": {"env": {"PORT": "0"}}}, "none"),
    ],
    ids=["low", "chosen", "chosen-elsewhere", "bound-by-number", "a-unix-socket", "another-name",
         "a-default", "heard", "nobody-expects-one"],
)  # fmt: skip
def test_a_port_that_was_chosen_is_none_that_was_picked(
    example: dict[str, Any], cause: str
) -> None:
    assert judge(case(**example)).cause == cause
