"""Ports that are no numbers, after which a Unix socket is called, and sockets that are meant."""

import pytest
from recorded import case

from examples import RUNNING, up
from scaffolder.diagnose.docker.live import other_sockets
from scaffolder.diagnose.evidence.facts import Health, Socket
from scaffolder.diagnose.verdict.judge import judge

SOCKETS = """Num       RefCount Protocol Flags    Type St Inode Path
0000000032c06933: 00000002 00000000 00010000 0001 01 857865 "8080"
0000000032c06934: 00000002 00000000 00010000 0001 01    12 my app.sock
0000000032c06935: 00000003 00000000 00000000 0001 03 857866 /run/client.sock
0000000032c06936: 00000002 00000000 00010000 0001 01 857867
"""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"8080"', "contains its quotes"),
        ("'8080'", "contains its quotes"),
        ("8080 ", "is no number"),
        (":8080", "is no number"),
        ("0.0.0.0:8080", "is no number"),
        ("8080/tcp", "is no number"),
    ],
)
def test_a_socket_that_is_called_as_a_port_in_other_words_names_the_variable(
    value: str, said: str
) -> None:
    example = up(config={"env": {"PORT": value}}, sources={"beside": (f"unix {value}",)})
    found = judge(case(**example, log=f"listening on {value}"))

    assert (found.cause, found.verdict) == ("port-as-path", "proven"), found
    assert f"PORT {said}" in found.text
    assert "PORT=8080," in found.fix


@pytest.mark.parametrize(
    ("value", "socket", "listening"),
    [
        ("/run/app.sock", "/run/app.sock", ()),
        ("app.sock", "app.sock", ()),
        ("8080", "8080", ()),
        ('"8080"', "/run/app.sock", ()),
        ('"8080"', '"8080"', (Socket("0.0.0.0", 8080),)),
        ('"api"', '"api"', ()),
        ("/run/8080", "/run/8080", ()),
    ],
    ids=["a path", "a name", "a number", "another", "listens there", "no port", "a port's path"],
)
def test_a_socket_with_a_name_of_its_own_is_meant(
    value: str, socket: str, listening: tuple[Socket, ...]
) -> None:
    sources = {"beside": (f"unix {socket}",)}
    example = up(listening, config={"env": {"PORT": value}}, sources=sources)

    assert judge(case(**example)).cause != "port-as-path"


def test_what_its_check_reaches_is_well() -> None:
    example = up(config={"env": {"PORT": '"8080"'}}, sources={"beside": ('unix "8080"',)})
    found = judge(case(**example | {"state": {**RUNNING, "health": Health("healthy")}}))

    assert found.cause != "port-as-path"


def test_names_of_unix_sockets_are_read_as_a_whole() -> None:
    read = {"net/unix": SOCKETS}.get

    assert other_sockets(read) == ('unix "8080"', "unix my app.sock")
