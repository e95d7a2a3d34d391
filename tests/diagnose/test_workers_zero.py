"""A number of workers that is 0."""

from typing import Any

import pytest
from recorded import case

from examples import STARTED, py
from scaffolder.diagnose.verdict.judge import judge

WROTE = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/out/rows.csv\tx=241\nX\t9\t7\t0\t0"
READS = "import os\nfor _ in range(int(os.environ['WORKERS'])): start()\n"


@pytest.mark.parametrize(
    ("source", "env", "more", "is_told"),
    [
        (READS, {"WORKERS": "0"}, {}, True),
        (READS.replace("WORKERS", "NUM_CONSUMERS"), {"NUM_CONSUMERS": "00"}, {}, True),
        (READS, {"WORKERS": "2"}, {}, False),
        (READS, {"WORKERS": "0"}, {"log": "moved 7 rows"}, False),
        (READS, {"WORKERS": "0"}, {"trace": WROTE}, False),
        (READS, {"WORKERS": "0"}, {"exit_code": 3}, False),
        (READS.replace("WORKERS", "OTHER"), {"WORKERS": "0"}, {}, False),
        (READS.replace("WORKERS", "RETRIES"), {"RETRIES": "0"}, {}, False),
    ],
    ids=[
        "zero",
        "another-name",
        "two",
        "says-something",
        "has-results",
        "fails",
        "not-read",
        "retries",
    ],
)
def test_who_starts_no_workers_has_nothing_to_do(
    source: str, env: dict[str, str], more: dict[str, Any], *, is_told: bool
) -> None:
    told = judge(case(**{**py(source, exit_code=0, config={"env": env}), **more}))

    assert (told.cause == "no-workers") is is_told, told
