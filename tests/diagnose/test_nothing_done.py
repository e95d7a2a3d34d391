"""Jobs that end with 0 and say that they have done nothing."""

from typing import Any

import pytest
from recorded import File, case, folder

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.watched.nothing_done import says_nothing_done
from scaffolder.diagnose.evidence.config import Mount
from scaffolder.diagnose.verdict.judge import judge

SAYS = "2 documents in inbox, 0 converted"
RUNS = "execve\t{}\tp={}/wkhtmltopdf"
LISTS = "openat\t{}\tp={}\tx=90800"
READS = "newfstatat\t{}\tp={}"


def told(*calls: str, log: str = SAYS, **more: Any) -> Any:  # noqa: ANN401 - a judgement
    records = "".join(f"C\t1\t7\t7\t{call}\n" for call in calls)
    trace = f"{STARTED}{records}X\t9\t7\t0\t0"
    mounts = (Mount("bind", "/srv/conf", "/etc/mailsort"),)
    files = {
        **SERVER,
        "/etc/mailsort": folder(mode=0o700),
        "/etc/mailsort/rules.conf": File(b"x"),
        **more.pop("files", {}),
    }
    config = {"mounts": mounts, "user": "1500"}
    return judge(case(files=files, trace=trace, log=log, exit_code=0, config=config, **more))


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([RUNS.format(-2, "/usr/bin"), RUNS.format(-2, "/bin")], "does without wkhtmltopdf"),
        ([LISTS.format(-2, "/data/inbox")], "looks into /data/inbox, which does not exist"),
        (
            [READS.format(-13, "/etc/mailsort/rules.conf")],
            "may not read /etc/mailsort/rules.conf, which is mounted for it (/etc/mailsort: mode",
        ),
        ([RUNS.format(-2, "/usr/bin"), RUNS.format(0, "/bin")], ""),
        (["execve\t-2\tp=/usr/bin/git"], ""),
        ([LISTS.format(-2, "/etc/app/conf.d")], ""),
        ([LISTS.format(-2, "/data/inbox"), LISTS.format(3, "/data/inbox")], ""),
        ([READS.format(-13, "/root/.netrc")], ""),
        ([READS.format(-13, "/etc/mailsort/a"), READS.format(0, "/etc/mailsort/a")], ""),
        ([], ""),
    ],
)
def test_what_it_lacked_is_told_where_it_says_that_it_did_nothing(
    calls: list[str], words: str
) -> None:
    found = told(*calls)

    assert (found.cause == "nothing-done") is bool(words), found
    assert words in found.text
    assert told(*calls, log="2 documents in inbox, 2 converted").verdict == "healthy"


@pytest.mark.parametrize(
    ("line", "is_nothing"),
    [
        ("docconv: 2 document(s) in inbox, 0 converted", True),
        ("mailsort: 0 rules", True),
        ("imported 0 of 12 rows", True),
        ("done processed=0 took=2ms", True),
        ("files: 0", True),
        ("done: 4 moved, 0 errors", False),
        ("exit code: 0", False),
        ("listening on 0.0.0.0 port 80", False),
        ("10 rows", False),
        ("took 0 ms", False),
        ("v1.0 started", False),
        ("2026-01-01 00:00:0 start", False),
    ],
)
def test_which_lines_say_that_nothing_was_done(line: str, *, is_nothing: bool) -> None:
    assert bool(says_nothing_done(case(log=line))) is is_nothing


GIVES_UP = [RUNS.format(-2, "/usr/bin"), RUNS.format(-2, "/bin")]


@pytest.mark.parametrize(
    ("calls", "log", "is_told"),
    [
        (GIVES_UP, "", True),
        (GIVES_UP, "one page of help", False),
        (["openat\t3\tp=/srv/report\tx=241", *GIVES_UP], "", False),
        (["connect\t0\ta=inet:10.0.0.9:80\tf=3:socket:[9]", *GIVES_UP], "", False),
        (["openat\t-2\tp=/etc/app.conf\tx=0"], "", False),
    ],
    ids=["nothing else", "it speaks", "it writes", "it reaches out", "no program"],
)
def test_a_silent_job_that_cannot_run_a_program_and_does_nothing_else_has_failed(
    calls: list[str], log: str, *, is_told: bool
) -> None:
    found = told(*calls, log=log)

    assert (found.cause == "nothing-done" and "cannot run wkhtmltopdf" in found.text) is is_told
