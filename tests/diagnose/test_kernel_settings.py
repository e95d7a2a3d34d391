"""Parameters of the kernel that a program sets from within a container."""

import pytest
from recorded import case

from examples import SERVER, sh, tried
from scaffolder.diagnose.verdict.judge import judge

WRITES = "openat\t-30\tp=/proc/sys/net/core/somaxconn\tx=513"


def test_the_option_that_sets_it_is_told_with_the_value_of_the_script() -> None:
    script = "#!/bin/sh\nset -e\nsysctl -w net.core.somaxconn=4096 >/dev/null 2>&1\n"
    example = tried(WRITES, exit_code=1)
    found = judge(case(**{**sh(script, exit_code=1), "trace": example["trace"]}))

    assert (found.cause, found.verdict) == ("kernel-setting-refused", "likely"), found
    assert "--sysctl net.core.somaxconn=4096" in found.fix


@pytest.mark.parametrize(
    ("log", "fix"),
    [
        ('sysctl: permission denied on key "net.ipv4.ip_forward"', "--sysctl net.ipv4.ip_forward="),
        (
            "/e.sh: 3: cannot create /proc/sys/vm/max_map_count: Read-only file system",
            "on the host",
        ),
    ],
)
def test_who_says_so_is_understood(log: str, fix: str) -> None:
    found = judge(case(files=SERVER, exit_code=1, log=log))

    assert found.cause == "kernel-setting-refused", found
    assert fix in found.fix


@pytest.mark.parametrize(
    "call",
    [
        WRITES.replace("-30", "3"),
        WRITES.replace("/proc/sys/net", "/srv/net"),
    ],
    ids=["may", "elsewhere"],
)
def test_other_calls_are_none(call: str) -> None:
    assert judge(case(**tried(call, exit_code=1))).cause != "kernel-setting-refused"


@pytest.mark.parametrize("is_set", [True, False])
def test_a_root_that_is_not_read_only_is_not_called_so(*, is_set: bool) -> None:
    log = "touch: cannot touch '/srv/a': Read-only file system"
    found = judge(case(files=SERVER, exit_code=1, log=log, config={"read_only": is_set}))

    assert found.cause == "read-only-root"
    assert ("the root filesystem is read-only (--read-only)" in found.text) is is_set


def test_a_call_that_the_tracer_knows_by_its_number_alone_has_its_name() -> None:
    found = judge(case(**tried("call-430\t-1", exit_code=1)))

    assert found.cause == "capability-missing", found
    assert "CAP_SYS_ADMIN" in found.text
    assert any("fsopen" in shown.found for shown in found.evidence)
