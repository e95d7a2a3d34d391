"""What fails in a shell, and its own status does not show: pipelines, and commands that lack."""

from typing import Any

import pytest
from recorded import File, case

from examples import SERVER, sh
from scaffolder.diagnose.evidence.decisive import decider, failure
from scaffolder.diagnose.evidence.shells import is_shell
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.judge import judge

SHELL = "P\t0\t7\t/usr/bin/dash\t/bin/sh\\x00/s.sh\\x00\n"
PIPE = (
    "N\t1\t8\t7\nP\t1\t8\t/usr/bin/dash\t/bin/sh\\x00/s.sh\\x00\nN\t2\t9\t8\n"
    "P\t2\t9\t/usr/bin/getent\tgetent\\x00hosts\\x00db\nC\t3\t9\t9\tresolve\t0\tn=db\n"
    "X\t4\t9\t2\t0\nX\t5\t8\t0\t0\n"
)
LATER = "N\t6\t10\t7\nP\t6\t10\t/usr/bin/tar\ttar\nX\t7\t10\t0\t0\n"


def trace(*parts: str, status: int = 4) -> Any:  # noqa: ANN401 - a Trace
    return case(trace=f"{SHELL}{''.join(parts)}X\t9\t7\t{status}\t0").seen.trace


def test_the_part_of_a_pipeline_that_fails_decides_where_nothing_comes_after_it() -> None:
    process = decider(trace(PIPE))

    assert process
    assert process.name == "getent"


@pytest.mark.parametrize(
    "of", [trace, lambda *parts: trace(*parts, LATER), lambda *parts: trace(*parts, status=127)]
)
def test_other_ends_of_a_shell_are_its_own(of: Any) -> None:  # noqa: ANN401 - makes a Trace
    plain = PIPE.replace("X\t4\t9\t2\t0", "X\t4\t9\t0\t0") if of is trace else PIPE
    process = decider(of(plain))

    assert process
    assert process.number == 7
    assert is_shell(process)


def test_a_name_that_nobody_has_is_told_where_a_pipeline_asks_for_it() -> None:
    found = judge(case(**sh('ip=$(getent hosts db | awk 1)\n[ -n "$ip" ] || exit 4\n', exit_code=4, trace=f"{SHELL}{PIPE}X\t9\t7\t4\t0")))  # fmt: skip

    assert found.cause == "peer-unreachable-silent"
    assert "no container on any network is called db" in found.text


PROBES = "".join(f"C\t2\t8\t8\tnewfstatat\t-2\tp={at}/jq\n" for at in ("/usr/bin", "/bin"))
MISSING = (
    "N\t1\t8\t7\nP\t1\t8\t/usr/bin/bash\tbash\n{}N\t3\t9\t8\nX\t4\t9\t127\t0\nX\t5\t8\t127\t0\n"
)


def test_a_command_that_bash_seeks_before_it_forks_is_told() -> None:
    found = trace(MISSING.format(PROBES), status=1)
    call = failure(found)

    assert call
    assert (call.name, call.path) == ("execve", "/bin/jq")


@pytest.mark.parametrize(
    "probes",
    [
        "C\t2\t8\t8\tnewfstatat\t-2\tp=/bin/jq\n",
        PROBES.replace("/bin/jq", "jq"),
        PROBES + "C\t2\t8\t8\tnewfstatat\t0\tp=/opt/jq\n",
    ],
    ids=["in one place", "a relative path", "found at last"],
)
def test_what_is_asked_for_otherwise_is_no_missing_command(probes: str) -> None:
    assert failure(trace(MISSING.format(probes), status=1)) is None


def test_the_account_that_a_command_names_is_told() -> None:
    asked = "P\t0\t7\t/usr/bin/id\tid\\x00-u\\x00app\nC\t1\t7\t7\topenat\t3\tp=/etc/passwd\tx=0\nX\t2\t7\t1\t0"
    files = {**SERVER, "/etc/passwd": File(b"root:x:0:0::/root:/bin/sh\n")}

    assert "a user, app, which `id -u app` names" in judge(case(files=files, trace=asked)).text
    known = {**files, "/etc/passwd": File(b"app:x:7:7::/:/bin/sh\n")}
    assert "one that does not exist" in judge(case(files=known, trace=asked)).text


KILLED = "X\t30\t9\t0\t15\n"


@pytest.mark.parametrize(
    ("sent", "decides"),
    [("C\t25\t7\t7\tkill\t0\ti=9\ti=15\n", 8), ("", 9)],
    ids=["by its parent", "by somebody"],
)
def test_a_child_that_crashed_decides_and_not_those_that_are_ended_upon_that(
    sent: str, decides: int
) -> None:
    begun = "P\t0\t7\t/app/ringd\tringd\\x00\nN\t1\t8\t7\nN\t1\t9\t7\n"
    found = decider(read(f"{begun}X\t20\t8\t0\t7\n{sent}{KILLED}X\t40\t7\t1\t0"))

    assert found is not None
    assert found.number == decides
