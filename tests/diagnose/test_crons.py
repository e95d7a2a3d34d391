"""Files of cron jobs that cron does not read."""

from typing import Any

import pytest
from recorded import File, case

from examples import RUNNING, up
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
