"""Words of scripts without quotes: values that a shell splits, and patterns that match nothing."""

from typing import Any

import pytest
from recorded import File, case, folder

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

SPLIT = 'APP_DIR="/srv/my app"'


def ended(script: str, call: str, **more: Any) -> Any:  # noqa: ANN401 - a judgement
    trace = f"P\t0\t7\t/bin/dash\t/bin/sh\\x00/s.sh\\x00\nC\t1\t7\t7\t{call}\nX\t2\t7\t2\t0"
    return judge(case(**sh(f"#!/bin/sh\n{script}\n", exit_code=2, trace=trace, **more)))


@pytest.mark.parametrize(
    ("script", "env", "is_told"),
    [
        ("cd $APP_DIR", {"APP_DIR": "/srv/my app"}, True),
        ("cd ${APP_DIR} 2>/dev/null", {"APP_DIR": "/srv/my app"}, True),
        (f"{SPLIT}\ncd $APP_DIR", {}, True),
        ('cd "$APP_DIR"', {"APP_DIR": "/srv/my app"}, False),
        ("cd $APP_DIR", {"APP_DIR": "/srv/my"}, False),
        ("cd $APP_DIR", {"APP_DIR": "/srv/other app"}, False),
    ],
)
def test_a_value_that_is_split_at_its_spaces_is_named(
    script: str, env: dict[str, str], *, is_told: bool
) -> None:
    found = ended(script, "chdir\t-2\tp=/srv/my", config={"env": env})

    assert (found.cause == "value-split") is is_told, found
    assert not is_told or "APP_DIR is '/srv/my app'" in found.text


LOOP = 'for f in /etc/app.d/*.sh; do . "$f"; done'


@pytest.mark.parametrize(
    ("path", "files", "is_told"),
    [
        ("/etc/app.d/*.sh", {"/etc/app.d": folder()}, True),
        ("/etc/app.d/*.sh", {"/etc/app.d": folder(), "/etc/app.d/a.conf": File()}, True),
        ("/etc/app.d/*.sh", {}, True),
        ("/etc/app.d/*.sh", {"/etc/app.d": folder(), "/etc/app.d/a.sh": File()}, False),
        ("/etc/app.d/main.sh", {"/etc/app.d": folder()}, False),
    ],
)
def test_a_pattern_that_matches_no_file_is_named(
    path: str, files: dict[str, File], *, is_told: bool
) -> None:
    found = ended(LOOP, f"openat\t-2\tp={path}\tx=0", files=files)

    assert (found.cause == "pattern-unmatched") is is_told, found
    assert not is_told or "nullglob" in found.fix


def test_a_stream_that_another_user_may_not_open_anew_is_explained() -> None:
    log = "PermissionError: [Errno 13] Permission denied: '/dev/stdout'"
    found = ended("exec python3 /w.py", "setuid\t0\ti=1500", log=log)

    assert found.cause == "file-closed", found
    assert "cannot open /dev/stdout: it leads to a pipe that is root's" in found.text


def test_of_a_path_that_cannot_be_read_nothing_is_said() -> None:
    found = ended("exec /app/server", "openat\t-13\tx=0")

    assert "openat ." not in found.text
    assert found.cause != "file-closed"
