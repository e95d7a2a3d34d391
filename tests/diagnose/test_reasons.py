"""Why a service answers its health check as it does: what it wrote into a log of its own."""

from typing import Any

import pytest
from recorded import File, case

from examples import unwell
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.verdict.judge import judge

PATH = "/var/log/nginx/error.log"
CHECK = "curl -fsS http://127.0.0.1:8080/up"
FORBIDDEN = "curl: (22) The requested URL returned error: 403"
FAILS = "curl: (22) The requested URL returned error: 500"
LINE = (
    '2026/11/29 10:24:45 [error] 7#7: *87 "/srv/up" is forbidden (13: Permission denied), client: 127.0.0.1,'
    ' server: , request: "GET /up HTTP/1.1", host: "127.0.0.1:8080"\n'
)
ACCESS = '127.0.0.1 - - "GET /up HTTP/1.1" 403 153\n'
TRACE = "10:24 ERROR Exception on /up [GET]\nTraceback (most recent call last):\n  File 'a', line 1\nKeyError: 'db'\n10:25 INFO x\n"


def checked(output: str, content: str, path: str = PATH, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container whose check fails, and that has written a file."""
    sources = {"changed": (("C", path),), **more.pop("sources", {})}
    files = {path: File(content.encode())}
    return unwell(CHECK, output, files=files, sources=sources, **more)


@pytest.mark.parametrize(
    ("output", "content", "words"),
    [
        (FORBIDDEN, LINE, f'; {PATH} says: "/srv/up" is forbidden (13: Permission denied)'),
        (FAILS, TRACE, f"; {PATH} says: KeyError: 'db'"),
        (FAILS, LINE + ACCESS, f"; {PATH} says: "),
        ("", LINE, f"fails without output; {PATH} says: "),
    ],
)
def test_what_the_service_logged_about_the_request_is_told(
    output: str, content: str, words: str
) -> None:
    found = judge(case(**checked(output, content)))

    assert words in found.text, found
    assert found.fix.startswith("repair what the log names")
    assert found.evidence[2].command == f"docker cp orders:{PATH} - | tar -xO"
    assert found.verdict == ("proven" if output == FORBIDDEN else "likely")


@pytest.mark.parametrize(
    "example",
    [
        checked(FORBIDDEN, LINE.replace("GET /up ", "GET /update ")),
        checked(FORBIDDEN, LINE.replace("GET /up ", "POST /up ")),
        checked(FORBIDDEN, ACCESS),
        checked(FORBIDDEN, LINE, "/srv/data/x"),
        checked(FORBIDDEN, LINE, sources={"changed": ()}),
        checked(FORBIDDEN, LINE, sources={"changed": (("D", PATH),)}),
    ],
    ids=["another path", "another method", "no failure", "no log", "not written", "deleted"],
)
def test_other_lines_and_files_say_nothing_of_it(example: dict[str, Any]) -> None:
    found = judge(case(**example))

    assert found.cause == "check-wrong-path"
    assert "says" not in found.text
    assert found.fix == "use a route that the service has and that answers 200"


def test_a_log_in_a_mount_is_read_and_that_of_the_container_first() -> None:
    mounts = (Mount("volume", "", "/var/log/nginx", name="logs"),)
    mounted = checked(FORBIDDEN, LINE, sources={"changed": ()})
    mounted["config"] = {**mounted["config"], "mounts": mounts}
    told = checked(FORBIDDEN, LINE, log="ERROR GET /up: the disk is away")

    assert PATH in judge(case(**mounted)).text
    assert "its log says: ERROR GET /up: the disk is away" in judge(case(**told)).text


def test_a_healthy_service_with_failures_in_its_log_is_healthy() -> None:
    example = checked("", LINE)
    state = {**example["state"], "health": None}

    assert judge(case(**{**example, "state": state})).verdict == "healthy"


BEHIND = '172.18.0.3 - - [29/Nov/2026 19:49:40] "GET /ready HTTP/1.1" 404 -'
GATEWAY = "curl: (22) The requested URL returned error: 503"
SHOP = Neighbour("shop", "running", networks=("net",), names=("shop",))


def gateway(lines: list[str], output: str = GATEWAY, **more: Any) -> str:  # noqa: ANN401 - of a case
    """Return what is told of a gateway whose check fails, while a neighbour writes some lines."""
    sources = {"around": (SHOP,), "told": {"shop": tuple(lines)}}
    config = {"networks": {"net": "172.18.0.3"}, **more}
    return judge(case(**unwell(CHECK, output, config=config, sources=sources))).text


def test_what_a_neighbour_refuses_a_gateway_again_and_again_is_told() -> None:
    assert "shop, behind it, answers its GET /ready with 404" in gateway(3 * [BEHIND])


def test_a_refusal_that_is_rare_or_of_another_is_no_reason() -> None:
    healthy = BEHIND.replace("404", "200")

    assert "behind it" not in gateway(2 * [BEHIND])
    assert "behind it" not in gateway(5 * [healthy])
    assert "behind it" not in gateway(3 * [BEHIND.replace("0.3 ", "0.9 ")])
    assert "behind it" not in gateway(3 * [BEHIND], FORBIDDEN)
    assert "behind it" not in gateway(3 * [BEHIND], networks={"other": "172.18.0.3"})
