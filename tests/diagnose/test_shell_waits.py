"""Scripts that wait for a peer in a loop whose test is a function, and what works in a loop."""

from typing import Any

import pytest
from recorded import File, case, program

from examples import RUNNING, SERVER
from scaffolder.diagnose.evidence.facts import Neighbour, Process, Socket
from scaffolder.diagnose.programs.shell_loops import waits
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

WAIT = """#!/bin/bash
host=${DB_HOST:-db}
port=${DB_PORT:-6379}
up() {
    (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null
}
until up; do
    sleep 1
done
exec "$@"
"""
DATABASE = Neighbour("store", "running", networks=("net",), names=("store", "ledgerdb"))
SCRIPT = "/bin/bash /s.sh /app/server"


def judged(  # noqa: PLR0913, PLR0917 - whatever differs
    text: str = WAIT,
    child: str = "sleep 1",
    port: str = "5432",
    first: str = SCRIPT,
    listening: tuple[Socket, ...] = (Socket("0.0.0.0", 6379),),
    command: tuple[str, ...] = ("/s.sh", "/app/server"),
    files: dict[str, File] | None = None,
) -> Judgement:
    running = (Process(7, 1, "S", first, 90), Process(9, 7, "S", child, 0))
    env = {"DB_HOST": "ledgerdb", **({"DB_PORT": port} if port else {})}
    return judge(
        case(
            command=command,
            exit_code=0,
            files={
                **SERVER,
                "/bin/bash": SERVER["/app/server"],
                "/s.sh": program(text),
                **(files or {}),
            },
            state=RUNNING,
            config={"networks": {"net": "10.0.0.2"}, "network": "net", "env": env},
            sources={
                "running": running,
                "around": (DATABASE,),
                "peers": {"store": listening},
            },
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        WAIT,
        WAIT.replace("until up; do", "while ! up\ndo"),
        WAIT.replace("until up; do", "while :; do\n  up && break"),
        WAIT.replace("until up; do", "while true\ndo\n  if up; then\n    break\n  fi"),
        WAIT.replace('up() {\n    (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null\n}', 'up() { nc -z "$host" "$port" >/dev/null; }'),
        WAIT.replace('(exec 3<>"/dev/tcp/$host/$port") 2>/dev/null', 'pg_isready -h "$host" -p "$port" -q'),
    ],
    ids=["until", "while-not", "break", "if", "one-line", "client"],
)  # fmt: skip
def test_a_script_that_waits_for_a_port_where_nobody_listens_says_whom_it_waits_for(
    text: str,
) -> None:
    files = {f"/usr/bin/{name}": SERVER["/app/server"] for name in ("nc", "pg_isready")}
    found = judged(text, files=files)

    assert (found.verdict, found.cause) == ("likely", "waits-forever")
    assert "ledgerdb:5432" in found.text
    assert "it listens on 6379" in found.text
    assert "DB_PORT" in found.fix


def test_the_arguments_of_a_script_say_whom_it_waits_for() -> None:
    text = WAIT.replace("${DB_HOST:-db}", "$1").replace("${DB_PORT:-6379}", "$2")
    words = ("/s.sh", "ledgerdb", "5432", "/app/server")
    found = judged(text, port="", command=words, first="/bin/bash /s.sh ledgerdb 5432 /app/server")

    assert found.cause == "waits-forever"
    assert "ledgerdb:5432" in found.text


FUNCTION = """#!/bin/bash
STORE_HOST=${STORE_HOST:-ledgerdb}
STORE_PORT=${STORE_PORT:-5432}
wait_for() {
    until nc -z "$1" "$2" >/dev/null 2>&1; do sleep 1; done
}
wait_for "$STORE_HOST" "$STORE_PORT"
exec "$@"
"""


def test_the_defaults_of_a_script_say_whom_it_waits_for() -> None:
    found = judged(FUNCTION, files={"/usr/bin/nc": SERVER["/app/server"]})

    assert found.cause == "waits-forever"
    assert "ledgerdb:5432" in found.text
    assert "it listens on 6379" in found.text


POLLS = """
while :; do
    up || echo lost
    sleep 60
done
"""


@pytest.mark.parametrize(
    "differs",
    [
        {"port": "6379"},
        {"listening": (Socket("0.0.0.0", 5432),)},
        {"text": WAIT.replace('exec "$@"\n', POLLS), "child": "sleep 60"},
        {"text": WAIT.replace('exec "$@"\n', POLLS.replace("60", "1"))},
        {"text": WAIT.replace("until up; do", "while :; do\n  up || echo lost")},
        {"text": WAIT.replace("until up; do", "while up; do")},
        {"text": WAIT.replace("until up; do", "while :; do\n  up\n  test -f /stop && break")},
        {"first": "/app/server", "child": "/app/server --worker"},
        {"text": WAIT.replace("up() {", "up() {\n  true; return").replace("/dev/tcp/", "/run/")},
    ],
    ids=[
        "the-right-port", "it-listens", "past-the-loop", "perhaps-past-it", "polls",
        "until-it-fails", "until-it-is-stopped", "has-become-its-command", "asks-for-nobody",
    ],
)  # fmt: skip
def test_a_script_that_works_in_a_loop_is_well(differs: dict[str, Any]) -> None:
    assert judged(**differs).verdict == "healthy"


def test_a_command_that_has_taken_the_place_of_its_script_waits_no_more() -> None:
    text = "#!/bin/sh\nuntil nc -z ledgerdb 5432; do sleep 1; done\nexec /app/worker\n"
    client = {"/usr/bin/nc": SERVER["/app/server"]}
    gone = judged(text, first="/app/worker", child="/app/job", files=client)

    assert judged(text, files=client).cause == "waits-forever"
    assert gone.verdict == "healthy"


def test_a_loop_is_one_that_waits_only_if_success_ends_it() -> None:
    loops = [*waits(f"{WAIT}{POLLS}while read -r line; do echo $line; done </etc/hosts\n")]

    assert [(loop.line, loop.naps) for loop in loops] == [("until up", ("sleep 1",))]


PROBE = """#!/bin/sh
# wait-for.sh host:port... -- command
probe() {
    host=${1%:*}
    nc -z "$host" 5432 >/dev/null 2>&1
}
until probe "$1"; do
    sleep 1
done
exec /app/server
"""


def test_a_function_that_a_loop_tests_by_is_its_last_command() -> None:
    lacks = judged(PROBE)
    has = judged(PROBE, files={"/usr/bin/nc": SERVER["/app/server"]})

    assert (lacks.cause, lacks.verdict) == ("waits-forever", "likely")
    assert "it tests by nc, which is not installed" in lacks.text
    assert "not installed" not in has.text
    assert "wait-for.sh host:port" not in has.text, "a comment waits for nothing"
