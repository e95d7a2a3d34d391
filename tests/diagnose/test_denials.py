"""The path that a complaint is about: not who complains, and from the working directory on."""

from typing import Any

import pytest
from recorded import case, folder, program

from examples import SERVER, STARTED, tried
from scaffolder.diagnose.causes.identity.denials import paths_in, relative_in
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict.judge import judge


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/s.sh: line 3: settings.json: Permission denied", "/app/settings.json"),
        ("/s.sh: 3: cannot create out/a.log: Permission denied", "/app/out/a.log"),
        ("mkdir: cannot create directory 'cache': Permission denied", "/app/cache"),
        ("touch: cannot touch \u2018run/pid\u2019: Permission denied", "/app/run/pid"),
        ("PermissionError: [Errno 13] Permission denied: 'logs/a.log'", "/app/logs/a.log"),
        ("open data/app.db: permission denied", "/app/data/app.db"),
        ("Error: EACCES: permission denied, open 'out.json'", "/app/out.json"),
        ("/s.sh: line 3: /etc/a.conf: Permission denied", ""),
        ("permission denied for table orders", ""),
        ("dial unix: permission denied", ""),
    ],
)
def test_a_relative_path_begins_at_the_working_directory(line: str, path: str) -> None:
    assert relative_in(case(config={"workdir": "/app"}), line) == path


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("/s.sh: line 3: settings.json: Permission denied", []),
        ("/s.sh: line 3: /etc/a.conf: Permission denied", ["/etc/a.conf"]),
        ("/s.sh: 7: cannot create /run/a: Permission denied", ["/run/a"]),
        ("nginx: open() /run/nginx.pid failed (13: Permission denied)", ["/run/nginx.pid"]),
    ],
)
def test_who_complains_is_not_what_is_closed(line: str, paths: list[str]) -> None:
    assert paths_in(line) == paths


def told(log: str, mode: int) -> Any:  # noqa: ANN401 - a judgement
    return judge(case(
        files={**SERVER, "/s.sh": program("#!/bin/sh\n"), "/app": folder(mode=mode)},
        command="/s.sh", log=log, config={"workdir": "/app", "user": "1001"},
    ))  # fmt: skip


def test_the_directory_that_refuses_is_named_and_not_proven_by_the_words_alone() -> None:
    closed = told("/s.sh: line 3: settings.json: Permission denied", 0o755)
    opened = told("/s.sh: line 3: settings.json: Permission denied", 0o777)

    assert "cannot access /app/settings.json: /app is owned by 0:0 with mode 0755" in closed.text
    assert closed.verdict == "likely"
    assert "/app" not in opened.text.replace("/app/server", "").partition("denied")[0]
    assert "/s.sh is owned" not in closed.text + opened.text


def test_the_place_of_a_link_is_what_is_closed_and_not_what_it_leads_to() -> None:
    call = "symlinkat\t-13\tp=/dev/stdout\tp=/var/log/app/access.log"
    found = judge(case(**tried(call, config={"user": "1000"})))
    of = read(f"{STARTED}C\t1\t7\t7\tsymlinkat\t-13\tp=a\td=/srv\tp=b\td=/app\n").calls[0]

    assert "/var/log/app/access.log" in found.text
    assert "/dev/stdout" not in found.text
    assert (of.path, of.made) == ("/app/b", "/app/b")
