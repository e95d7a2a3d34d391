"""A program that makes namespaces needs more than the capability to do so."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

BOX = program(elf(text=b"\0pivot_root\0"))
TRACE = "P\t0\t7\t/app/server\t/app/server\\x00\nP\t1\t8\t/usr/bin/box\tbox\\x00\nC\t2\t8\t8\t{call}\t-1\nX\t3\t8\t1\t0\nX\t4\t7\t1\t0"


def told(
    call: str = "clone",
    box: File = BOX,
    log: str = "",
    trace: str = TRACE,
    **config: Any,  # noqa: ANN401 - as recorded
) -> Judgement:
    files = {"/app/server": program(elf()), "/usr/bin/box": box}
    seen = trace.format(call=call).replace("P\t1\t8", "N\t1\t8\t7\nP\t1\t8") if trace else ""
    return judge(case(files=files, log=log, trace=seen, config=config))


def test_a_sandbox_needs_what_the_profile_refuses_as_well() -> None:
    found = told()

    assert (found.verdict, found.cause) == ("likely", "capability-missing")
    assert "it needs CAP_SYS_ADMIN" in found.text
    assert "pivot_root, which Docker's seccomp profile refuses" in found.text
    assert "--cap-add SYS_ADMIN --security-opt seccomp=unconfined" in found.fix


def test_another_user_than_root_needs_no_capability() -> None:
    found = told(user="1000")

    assert "CAP_SYS_ADMIN" not in found.text
    assert "grant that (--security-opt seccomp=unconfined" in found.fix


@pytest.mark.parametrize(
    "log",
    [
        "box: pivot_root: Operation not permitted",
        "box: No permissions to create a new namespace, likely because the kernel does not allow it",
    ],
)
def test_what_is_said_of_it_is_enough(log: str) -> None:
    found = told(log=log, trace="", capabilities_added=("SYS_ADMIN",))

    assert "it needs pivot_root, which" in found.text
    assert "--cap-add" not in found.fix


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"box": program(elf())}, "--cap-add SYS_ADMIN)"),
        ({"call": "sethostname", "box": program(elf())}, "--cap-add SYS_ADMIN)"),
        ({"security": ("seccomp=unconfined",)}, "--cap-add SYS_ADMIN)"),
        ({"call": "setuid"}, "--cap-add SETUID"),
    ],
    ids=["no sandbox", "another call", "no profile", "another right"],
)
def test_others_need_the_capability_alone(more: dict[str, Any], says: str) -> None:
    found = told(**more)

    assert "pivot_root" not in found.text
    assert says in found.fix, found
