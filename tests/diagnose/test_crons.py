"""Jobs of cron that never run, or without the variables that they need."""

from typing import Any

import pytest
from recorded import File, case, program

from examples import RUNNING, unwell, up
from scaffolder.diagnose.evidence.facts import Health, Process
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement

JOB = b"* * * * * root /app/report\n"
CRON = "/usr/sbin/cron -f"


def judged(name: str, command: str = CRON, health: str = "", **file: Any) -> Judgement:  # noqa: ANN401 - of a File
    of = up(config={"published": ()}, sources={"running": (Process(7, 1, "S", command, 60),)})
    state = {**RUNNING, **({"health": Health(health)} if health else {})}
    kept = {f"/etc/cron.d/{name}": File(**{"content": JOB, **file})}
    return judge(case(**(of | {"files": kept, "state": state})))


@pytest.mark.parametrize(
    ("name", "file", "why"),
    [
        ("report.v2", {}, "only letters, digits, _ and -"),
        ("report", {"uid": 1000}, "it belongs to uid 1000"),
        ("report", {"mode": 0o664}, "others may write to it (mode 0664)"),
        ("report", {"content": JOB.rstrip()}, "does not end with a line break"),
    ],
)
def test_a_file_that_cron_does_not_read_is_named(name: str, file: dict[str, Any], why: str) -> None:
    found = judged(name, **file)

    assert (found.cause, found.verdict) == ("cron-file-ignored", "likely")
    assert f"/etc/cron.d/{name}" in found.text
    assert why in found.text


@pytest.mark.parametrize(
    ("name", "command", "health"),
    [
        ("report", CRON, ""),
        (".placeholder", CRON, ""),
        ("report.dpkg-old", CRON, ""),
        ("report.v2", "/app/server", ""),
        ("report.v2", CRON, "healthy"),
    ],
)
def test_what_cron_reads_or_nobody_misses_is_well(name: str, command: str, health: str) -> None:
    assert judged(name, command, health).cause != "cron-file-ignored"


PULLS = '#!/bin/sh\ncurl -o /out/a "$FEED/a"\n'
STRICT = PULLS.replace("sh\n", "sh\nset -eu\n")
RUNS = "* * * * * root /app/pull -q\n"
OUT = "test -e /out/a"
PLACES = {"pam": "/etc/environment", "crond": "/etc/pam.d/crond"}


def pulling(
    job: str = RUNS,
    script: str = PULLS,
    check: str = OUT,
    path: str = "/etc/cron.d/pull",
    cron: str = CRON,
    **files: str,
) -> dict[str, Any]:
    """Return a container of cron whose job makes nothing."""
    kept = {"/app/pull": program(script), path: File(job.encode())}
    more = {PLACES[name]: File(text.encode()) for name, text in files.items()}
    of = unwell(check, "", files=kept | more)
    sources = {"running": (Process(7, 1, "S", cron, 60),), "listening": ()}
    config = of["config"] | {"env": {"FEED": "http://feed", "PATH": "/bin"}, "exposed": ()}
    if not check:
        config["check"], of["state"] = None, RUNNING
    return {**of, "config": config, "sources": sources, "command": cron}


@pytest.mark.parametrize(
    ("example", "words"),
    [
        (pulling(), "/app/pull, which /etc/cron.d/pull starts, uses FEED"),
        (pulling("MAILTO=a\n*/5 1-3 * * 1 root cd /app && ./pull >> /out/log 2>&1\n"), "/app/pull"),
        (pulling("@hourly root curl $FEED\n"), "a job in /etc/cron.d/pull uses FEED"),
        (pulling("* * * * * /app/pull\n", path="/var/spool/cron/crontabs/root"), "crontabs/root"),
        (pulling(path="/etc/crontab"), "/etc/crontab"),
        (pulling(script="#!/usr/bin/python3\nimport os\nos.environ['FEED']\n"), "uses FEED"),
        (pulling(script=STRICT, check=""), "uses FEED"),
        (pulling(cron="/usr/sbin/crond -n", crond=""), "uses FEED"),
    ],
    ids=["script", "cd", "command", "user", "table", "Python", "no check", "cronie"],
)
def test_a_job_that_uses_what_only_the_container_has_is_named(
    example: dict[str, Any], words: str
) -> None:
    found = judge(case(**example))

    assert (found.cause, found.verdict) == ("cron-environment", "likely"), found
    assert words in found.text
    assert "FEED=..." in found.fix


@pytest.mark.parametrize(
    "example",
    [
        pulling(f"FEED=http://feed\n{RUNS}"),
        pulling("* * * * * root FEED=http://feed /app/pull\n"),
        pulling("* * * * * root . /app/env; /app/pull\n"),
        pulling("* * * * * root export $(cat /app/env | xargs); /app/pull\n"),
        pulling(f"BASH_ENV=/app/env\n{RUNS}"),
        pulling(script=PULLS.replace("curl", ". /app/env; curl")),
        pulling(script=PULLS.replace("curl", "export $(xargs -0 < /proc/1/environ)\ncurl")),
        pulling(script=PULLS.replace("$FEED", "${FEED:-http://other}")),
        pulling(script=PULLS.replace("$FEED", "$PATH")),
        pulling(script=PULLS.replace("curl", "FEED=http://own\ncurl")),
        pulling(f"# {RUNS}"),
        pulling(pam="FEED=http://feed\n"),
        pulling(check=""),
        pulling(check="curl -f http://localhost:8080/"),
        pulling(cron="/usr/sbin/crond -f"),
        pulling(cron="/app/server"),
    ],
    ids=[
        "set", "given", "sourced", "exported", "BASH_ENV", "sources", "of PID 1", "a default", "its own PATH",
        "its own", "a comment", "PAM", "no check", "another check", "busybox", "no cron",
    ],
)  # fmt: skip
def test_a_job_that_gets_its_variables_or_that_nobody_misses_is_not(
    example: dict[str, Any],
) -> None:
    assert judge(case(**example)).cause != "cron-environment"
