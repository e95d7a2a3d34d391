"""Scripts that stop all of their parts as one of them is done (`wait -n`)."""

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

SCRIPT = (
    "#!/bin/bash\npython3 api.py &\npython3 warm.py &\nwait -n\nrc=$?\nkill $(jobs -p)\nexit $rc\n"
)
FIRST = "P\t0\t7\t/bin/bash\t/bin/bash\\x00/s.sh\\x00\n"
API = "N\t1\t8\t7\nP\t2\t8\t/usr/bin/python3\tpython3\\x00api.py\\x00\n"
WARM = "N\t1\t9\t7\nP\t2\t9\t/usr/bin/python3\tpython3\\x00warm.py\\x00\n"
IS_DONE = "X\t900\t9\t0\t0\n"
KILLS = "C\t950\t7\t7\tkill\t0\ti=8\ti=15\n"
ENDS = "X\t990\t8\t0\t15\nX\t999\t7\t0\t0"


def ends(script: str, *records: str) -> str:
    return judge(case(**sh(script, exit_code=0, log="api up", trace="".join(records)))).cause


def test_the_part_that_is_done_is_named_and_those_that_are_stopped() -> None:
    records = (FIRST, API, WARM, IS_DONE, KILLS, ENDS)
    found = judge(case(**sh(SCRIPT, exit_code=0, log="api up", trace="".join(records))))

    assert (found.cause, found.verdict) == ("any-child-ends-all", "likely"), found
    assert found.text.startswith("`python3 warm.py` is done and ends with 0")
    assert "stops `python3 api.py`" in found.text


def test_one_that_is_stopped_within_the_same_millisecond_is_not_the_one_that_was_done() -> None:
    records = (FIRST, API, WARM, IS_DONE, KILLS, ENDS.replace("X\t990", "X\t950"))

    assert ends(SCRIPT, *records) == "any-child-ends-all"


def test_a_part_of_the_script_itself_is_called_as_what_it_ran_last() -> None:
    ran = "N\t3\t10\t9\nP\t4\t10\t/usr/bin/curl\tcurl\\x00http://cache\\x00\nX\t800\t10\t0\t0\n"
    records = (FIRST, API, "N\t1\t9\t7\n", ran, IS_DONE, KILLS, ENDS)
    found = judge(case(**sh(SCRIPT, exit_code=0, log="api up", trace="".join(records))))

    assert found.text.startswith("`curl http://cache` is done and ends with 0"), found


@pytest.mark.parametrize(("of", "is_told"), [("/dev/null", True), ("/data/rows", False)])
def test_one_that_reads_the_end_of_its_input_is_told_so(of: str, *, is_told: bool) -> None:
    reads = f"C\t700\t9\t9\tread\t0\tf=0:{of}\n"
    records = (FIRST, API, WARM, reads, IS_DONE, KILLS, ENDS)
    found = judge(case(**sh(SCRIPT, exit_code=0, log="api up", trace="".join(records))))

    assert ("reads the end of its standard input" in found.text) is is_told, found
    assert ("<&0 before the &" in found.fix) is is_told


@pytest.mark.parametrize(
    ("script", "records"),
    [
        (SCRIPT.replace("wait -n", "wait"), (FIRST, API, WARM, IS_DONE, KILLS, ENDS)),
        (SCRIPT, (FIRST, API, WARM, IS_DONE.replace("\t0\t0", "\t1\t0"), KILLS, ENDS)),
        (SCRIPT, (FIRST, API, WARM, IS_DONE, ENDS)),
        (SCRIPT, (FIRST, WARM, IS_DONE, KILLS.replace("i=8", "i=9"), "X\t999\t7\t0\t0")),
    ],
    ids=["waits for all", "failed", "nobody is stopped", "only one"],
)
def test_other_ends_of_a_script_are_others(script: str, records: tuple[str, ...]) -> None:
    assert ends(script, *records) != "any-child-ends-all"
