"""Two processes that do not agree on a path: one looks for what the other makes elsewhere."""

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.agreed import agreed
from scaffolder.diagnose.verdict.judge import judge

CHILD = f"{STARTED}P\t1\t8\t/app/worker\t/app/worker\\x00\n"
CONFIG = "C\t1\t7\t7\topenat\t3\tp=/etc/sup.ini\tx=0\n"
WRITES = "C\t2\t8\t8\topenat\t3\tp=/tmp/x.beat\tx=241\n"
LOOKS = "C\t3\t7\t7\tnewfstatat\t-2\tp=/run/x.beat\n"
ENDS = "X\t5\t7\t75\t0"
BINDS = "C\t2\t8\t8\tbind\t0\ta=unix:/tmp/app.sock\n"
CONNECTS = "C\t3\t7\t7\tconnect\t-2\ta=unix:/run/app.sock\n"


def watched(trace: str, **more: str) -> Case:
    files = {**SERVER, "/etc/sup.ini": File(b"file=/run/x.beat\n")}
    return case(files=files, trace=CHILD + trace, exit_code=75, config={"env": more})


def test_both_paths_and_the_settings_that_have_them_are_named() -> None:
    of = watched(CONFIG + WRITES + LOOKS + LOOKS + ENDS, BEAT="/tmp/x.beat", OTHER="/tmp")
    found = judge(of)

    assert (found.cause, found.verdict) == ("file-elsewhere", "likely")
    assert "looks for /run/x.beat, in vain, and worker (process 8) makes /tmp/x.beat" in found.text
    assert "BEAT names /tmp/x.beat; /etc/sup.ini names /run/x.beat" in found.text
    assert [factor.name for factor in agreed(of)] == ["BEAT=/run/x.beat"]


def test_a_socket_has_two_sides_as_well() -> None:
    found = judge(watched(BINDS + CONNECTS + CONNECTS + ENDS, SOCKET="/tmp/app.sock"))

    assert found.cause == "file-elsewhere"
    assert "makes /tmp/app.sock (SOCKET names /tmp/app.sock)" in found.text


@pytest.mark.parametrize(
    "trace",
    [
        WRITES + LOOKS + ENDS,
        WRITES.replace("\t8\t8", "\t7\t7") + LOOKS * 2 + ENDS,
        WRITES.replace("x.beat", "y.beat") + LOOKS * 2 + ENDS,
        WRITES.replace("x=241", "x=0") + LOOKS * 2 + ENDS,
        WRITES + LOOKS * 2 + LOOKS.replace("-2", "0") + ENDS,
        WRITES + WRITES.replace("/tmp", "/run") + LOOKS * 2 + ENDS,
        WRITES + LOOKS * 2 + ENDS.replace("75", "0"),
        WRITES + LOOKS.replace("\t7\t7", "\t8\t8") * 2 + ENDS,
    ],
    ids=["once", "the same process", "another name", "only read", "found at last", "made there, too",
         "no failure", "the writer itself"],
)  # fmt: skip
def test_what_is_no_disagreement(trace: str) -> None:
    of = watched(trace, BEAT="/tmp/x.beat")

    assert of.seen.beside is None
    assert not list(agreed(of))
