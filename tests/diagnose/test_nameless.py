"""A uid that has no name is told from one that lacks a permission."""

from typing import Any

import pytest
from recorded import PASSWD, File, case, elf, program

from examples import STARTED, said, tried
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge

NAMELESS = {"user": "12345"}
HOME = "mkdir\t-13\tp=/.cache"


def script(runtime: str, code: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a script that ended, silently unless told otherwise."""
    files = {f"/usr/bin/{runtime}": program(elf()), "/app/main": File(code.encode())}
    return {"command": f"/usr/bin/{runtime} /app/main", "files": files, **more}


@pytest.mark.parametrize(
    ("example", "verdict"),
    [
        (said("No user exists for uid 12345"), "proven"),
        (said("initdb: could not look up effective user ID 12345: user does not exist"), "proven"),
        (said("whoami: cannot find name for user ID 12345"), "proven"),
        (said("SystemError: A system error occurred: uv_os_get_passwd returned ENOENT"), "likely"),
        (said("ERROR Cannot create the directory ?/.gradle/caches"), "likely"),
        (said("Error: EACCES: permission denied, mkdir '/.config'"), "likely"),
        (said("mkdir //.gradle: permission denied"), "likely"),
        (tried("openat\t3\tp=/etc/passwd\tx=0"), "likely"),
        (script("python3", "import getpass, sys\ntry: getpass.getuser()\nexcept OSError: sys.exit(3)"), "likely"),
        (script("sh", "mkdir -p ~/.app 2>/dev/null || exit 4"), "likely"),
        (script("sh", "echo 1 > $HOME/.app || exit 4"), "likely"),
    ],
)  # fmt: skip
def test_a_program_that_needs_a_name_of_its_user_is_known(
    example: dict[str, Any], verdict: str
) -> None:
    found = judge(case(**example, config=NAMELESS))

    assert (found.cause, found.verdict) == ("uid-without-name", verdict), found


@pytest.mark.parametrize(
    ("example", "config"),
    [
        (said("open /data/x: permission denied (uid 12345)"), NAMELESS),
        (said("ERROR user 12345 has no licence"), NAMELESS),
        (said("No user exists for uid 1000"), {"user": "1000"}),
        (said("KeyError: 'getpwuid(): uid not found: 12345'"), {}),
        (tried("mkdir\t-13\tp=/data/.cache"), NAMELESS),
        (tried(HOME), {**NAMELESS, "env": {"HOME": "/srv"}}),
        (
            said("EACCES: permission denied, mkdir '/.config'"),
            {**NAMELESS, "env": {"HOME": "/srv"}},
        ),
        (said("EACCES: permission denied, mkdir '/srv/.config'"), NAMELESS),
        (said("EACCES: permission denied, mkdir '/data'"), NAMELESS),
        (said("ENOENT: no such file or directory, open '/.config'"), NAMELESS),
        (said("EACCES: permission denied, mkdir '/.config'"), {"user": "1000"}),
        (script("sh", "mkdir -p ~/.app || exit 4"), {**NAMELESS, "env": {"HOME": "/srv"}}),
        (script("sh", "cat ~/.app || exit 4"), NAMELESS),
        (script("sh", "mkdir -p ~/.app || exit 4", trace=f"{STARTED}X\t2\t7\t1\t0"), NAMELESS),
        (script("sh", "mkdir -p ~/.app || exit 4", log="FATAL: the moon is full"), NAMELESS),
        (script("sh", "mkdir -p ~/.app || exit 4"), {"user": "1000"}),
        (tried("openat\t3\tp=/etc/passwd\tx=0"), {"user": "1000"}),
    ],
)
def test_a_user_with_a_name_or_another_failure_is_something_else(
    example: dict[str, Any], config: dict[str, Any]
) -> None:
    found = judge(case(**example, config=config))

    assert found.cause != "uid-without-name", found


def test_a_home_that_is_the_root_directory_is_told_beside_the_refusal() -> None:
    found = judge(case(**tried(HOME), config=NAMELESS))

    assert [name for name, _text in found.others][:1] == ["uid-without-name"], found


def test_a_copy_gets_a_line_for_a_uid_without_a_name_alone() -> None:
    trace = f"{STARTED}X\t2\t7\t1\t0"
    given = [f.files for f in factors(case(trace=trace, config=NAMELESS)) if f.files]
    assert given == [{"/etc/passwd": b"some:x:12345:0::/tmp:/bin/sh\n" + PASSWD.content}]

    without = case(trace=trace, config=NAMELESS, files={"/etc/passwd": File(b"")})
    assert b"\n".join(f.files["/etc/passwd"] or b"" for f in factors(without) if f.files) == (
        b"some:x:12345:0::/tmp:/bin/sh\n"
    )
    assert not any(f.files for f in factors(case(trace=trace, config={"user": "1000"})))


def test_an_attempt_that_failed_over_something_else_is_no_proof_of_the_first() -> None:
    first = "FileNotFoundError: [Errno 2] No such file or directory: '/.cache/app'"
    chained = "During handling of the above exception, another exception occurred:"
    log = f"Traceback (most recent call last):\n{first}\n\n{chained}\n\n{{}}\n"
    denied = said(log.format("PermissionError: [Errno 13] Permission denied: '/.cache'"))
    wrapped = said(log.format("RuntimeError: no cache"))

    assert judge(case(**denied)).verdict == "likely"
    assert judge(case(**denied, config=NAMELESS)).cause == "uid-without-name"
    assert (judge(case(**wrapped)).cause, judge(case(**wrapped)).verdict) == (
        "file-missing",
        "proven",
    )
