"""The programs of a health check, and what it says of the one that is missing."""

import pytest
from recorded import File, case, program

from examples import SERVER, unwell
from scaffolder.diagnose.evidence.facts import Socket
from scaffolder.diagnose.verdict.judge import judge

AGE = "test $(curl -s localhost | wc -l) -gt 0"


@pytest.mark.parametrize(
    ("test", "output", "verdict"),
    [
        (
            "curl -f localhost:8080 || wget -q localhost:8080",
            "/bin/sh: 1: wget: not found",
            "proven",
        ),
        (
            "curl -f localhost:8080 || wget -q localhost:8080",
            "curl: /etc/ca.pem: no such file",
            "likely",
        ),
    ],
)
def test_a_missing_tool_is_proven_where_the_check_names_it(
    test: str, output: str, verdict: str
) -> None:
    found = judge(case(**unwell(test, output)))

    assert (found.cause, found.verdict) == ("check-tool-missing", verdict), found


def test_what_follows_a_substitution_is_no_program() -> None:
    found = judge(case(**unwell(AGE.replace("| wc -l", ""), "/bin/sh: curl: no such file")))

    assert "-gt" not in found.text


ASKS = "#!/bin/sh\ncurl -fsS http://127.0.0.1:{}/status >/dev/null 2>&1 || exit 1\n"


@pytest.mark.parametrize(
    ("check", "path", "port", "cause"),
    [
        ("healthcheck", "/usr/local/bin/healthcheck", "8080", "check-wrong-port"),
        ("./check.sh", "/app/check.sh", "8080", "check-wrong-port"),
        ("sh check/health.sh", "/app/check/health.sh", "8080", "check-wrong-port"),
        ("sh -e health.sh", "/app/health.sh", "8080", "check-wrong-port"),
        ("healthcheck", "/usr/local/bin/healthcheck", "9090", "check-broken"),
        ("healthcheck", "/usr/local/bin/healthcheck", "${PORT:-8080}", "check-broken"),
        ("healthcheck", "/opt/healthcheck", "8080", "check-tool-missing"),
    ],
)
def test_the_script_of_a_check_tells_which_port_it_asks(
    check: str, path: str, port: str, cause: str
) -> None:
    found = judge(
        case(
            **unwell(
                check, "",
                files={**SERVER, path: program(ASKS.format(port)), "/bin/sh": SERVER["/app/server"]},
                config={"env": {"PORT": "9090"}, "workdir": "/app"},
                sources={"listening": (Socket("0.0.0.0", 9090),)},
            )
        )
    )  # fmt: skip

    assert found.cause == cause, found
    assert ("uses port 8080, but the service listens on 9090" in found.text) is (
        cause == "check-wrong-port"
    )


def test_a_program_of_a_check_is_no_script() -> None:
    files = {**SERVER, "/usr/local/bin/healthcheck": File(b"\x7fELF http://127.0.0.1:8080/\0" * 9)}
    sources = {"listening": (Socket("0.0.0.0", 9090),)}

    assert judge(case(**unwell("healthcheck", "", files=files, sources=sources))).cause != (
        "check-wrong-port"
    )
