"""Accounts that a program names as unknown, and directories where it reads a file."""

import pytest
from recorded import File, case, folder

from examples import SERVER, tried
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.verdict.judge import judge

USERS = {"/etc/passwd": File(b"root:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n")}
NGINX = '[emerg] 1#1: getpwnam("{}") failed in /etc/nginx/nginx.conf:1'


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        (NGINX.format("www-data"), "user www-data"),
        ('getgrnam("staff") failed', "group staff"),
        ("chown: invalid user: 'worker'", "user worker"),
        ("chgrp: invalid group: \u2018worker\u2019", "group worker"),
        ("su: unknown user worker", "user worker"),
        (NGINX.format("app"), ""),
        ("the request has an invalid user agent", ""),
    ],
)
def test_an_account_that_is_not_there_is_named(log: str, kind: str) -> None:
    found = judge(case(files={**SERVER, **USERS}, log=log))

    assert (found.cause == "account-missing") is bool(kind), found
    assert kind in found.text
    assert not kind or found.verdict == "proven"


@pytest.mark.parametrize(
    ("place", "is_told"), [(folder(), True), (File(b"x"), False)], ids=["directory", "file"]
)
def test_a_directory_in_the_place_of_a_file_is_told(place: File, *, is_told: bool) -> None:
    files = {**SERVER, "/etc/app.toml": place}
    env = {"APP_CONF": "/etc/app.toml"}
    found = judge(case(**tried("read\t-21\tf=3:/etc/app.toml", files=files, config={"env": env})))

    assert (found.cause == "directory-for-file") is is_told
    assert not is_told or "which APP_CONF names, is a directory" in found.text


def test_a_directory_that_docker_made_for_a_mount_is_told_as_that() -> None:
    files = {**SERVER, "/etc/app.toml": folder()}
    config = {"mounts": (Mount("bind", "/srv/app.toml", "/etc/app.toml"),)}
    found = judge(case(**tried("read\t-21\tf=3:/etc/app.toml", files=files, config=config)))

    assert found.cause == "mount-directory-for-file"
