"""A traced script ends at an assignment or a pipeline: which command in it has failed."""

from dataclasses import replace

import pytest
from recorded import File, case

from examples import sh
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.programs import grep
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rerun import Rerun
from scaffolder.diagnose.verdict.revealed import revealed

SHELL = "P\t0\t7\t/usr/bin/bash\t/usr/bin/bash\\x00/s.sh\\x00\n"
SUBSTITUTION = "N\t1\t8\t7\n"
ENDS = "X\t5\t8\t1\t0\nX\t6\t7\t1\t0\n"
GREP = ("grep", "^keep=", "/etc/app.conf")
OPENS = "C\t3\t9\t9\topenat\t3\tp=/etc/app.conf\tx=0\n"
TRACED = "++ conf keep\n++ grep '^keep=' /etc/app.conf\n++ tail -n 1\n++ cut -d= -f2-\n+ keep=\n"


def ran(number: int, *argv: str, status: int = 0, parent: int = 8) -> str:
    words = "".join(f"{word}\\x00" for word in argv)
    began = f"N\t2\t{number}\t{parent}\nP\t2\t{number}\t/usr/bin/{argv[0]}\t{words}\n"
    return f"{began}X\t4\t{number}\t{status}\t0\n"


PIPE = ran(10, "tail", "-n", "1") + ran(11, "cut", "-d=", "-f2-")


def silent(*processes: str, files: dict[str, File] | None = None, ends: str = ENDS) -> Case:
    trace = "".join((SHELL, SUBSTITUTION, *processes, ends))
    return case(**sh("#!/bin/bash\nset -euo pipefail\n", files=files or {}, trace=trace))


def shown(of: Case, text: str) -> Rerun:
    factor = next(f for f in factors(of) if f.reveals == "errexit")
    same = Outcome(alive=False, exit_code=1, text="")
    found = revealed(of, factor, Outcome(alive=False, exit_code=1, text=text), same, [])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("source=/srv\n#keep=7\n", "which has only `#keep=7`"),
        ("keep = 7\n", "which has only `keep = 7`"),
        ("KEEP=7\n", "which has only `KEEP=7`"),
        ("source=/srv\nkeeper=9\n", "/etc/app.conf"),
    ],
)
def test_what_grep_sought_in_vain_is_told(text: str, has: str) -> None:
    looks = ran(9, *GREP, status=1).replace("X\t4\t9", f"{OPENS}X\t4\t9")
    found = shown(silent(looks, PIPE, files={"/etc/app.conf": File(text.encode())}), TRACED)

    assert found.cause == "errexit"
    assert "grep finds nothing for `^keep=` in /etc/app.conf" in found.text
    assert found.text.endswith(has)
    assert "/etc/app.conf" in found.fix


def test_what_a_pipe_gives_to_grep_is_named() -> None:
    processes = ran(9, "env"), ran(10, "grep", "^TOKEN=", status=1).replace("N\t2", "N\t3")
    found = shown(silent(*processes), "++ env\n++ grep '^TOKEN='\n+ token=\n")

    assert "grep finds nothing for `^TOKEN=` in what `env` prints" in found.text


def test_another_command_that_fails_is_named_with_its_status() -> None:
    found = shown(silent(ran(9, "expr", "1", "-", "1", status=1)), "++ expr 1 - 1\n+ n=0\n")

    assert "`expr 1 - 1` exits with 1" in found.text


def test_what_the_shell_does_itself_in_a_substitution_is_named() -> None:
    found = shown(silent(), "+ a=1\n++ check\n++ [[ -s /etc/key ]]\n+ key=\n")

    assert "this fails: [[ -s /etc/key ]]" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "+ grep -q x /etc/app.conf\n+ [ -n '' ]\n",
        "+ grep -q x /etc/app.conf\n+ a=1\n+ false\n",
        "++ grep -q x /etc/app.conf\n+ b=\n+ return 3\n",
        "+ grep -q x /etc/app.conf\n+ exit 1\n",
        "+ grep -q x /etc/app.conf\nsays more\n",
    ],
    ids=["goes-on", "goes-on-after-that", "returns", "ends-itself", "says"],
)
def test_a_command_before_the_last_one_is_not_blamed(text: str) -> None:
    looks = ran(9, "grep", "-q", "x", "/etc/app.conf", status=1)

    assert "grep finds" not in shown(silent(looks), text).text


@pytest.mark.parametrize(
    ("argv", "pattern", "files"),
    [
        ("grep x f g", "x", ("f", "g")),
        ("grep -qE -m1 x f", "x", ("f",)),
        ("grep -m 1 -e x f", "x", ("f",)),
        ("grep -qex f", "x", ("f",)),
        ("egrep --regexp=x -- f", "x", ("f",)),
        ("grep x -", "x", ()),
    ],
)
def test_a_call_of_grep_is_read(argv: str, pattern: str, files: tuple[str, ...]) -> None:
    assert grep.parsed(argv.split()) == grep.Grep(pattern, files)


@pytest.mark.parametrize("argv", ["cut x f", "grep -v x f", "grep -e x -e y f", "grep -f", ""])
def test_other_calls_are_not(argv: str) -> None:
    assert grep.parsed(argv.split()) is None


def test_a_script_that_comes_to_its_end_does_not_end_at_its_last_line() -> None:
    of = silent(ends="X\t5\t8\t0\t0\nX\t6\t7\t0\t0\n")
    factor = next(f for f in factors(of) if f.reveals == "errexit")
    same = Outcome(alive=False, exit_code=0, text="")
    ended = Outcome(alive=False, exit_code=0, text="+ set -e\n+ echo done\n")

    assert revealed(of, factor, ended, same, []) is None


@pytest.mark.parametrize("handler", ["on_err", "'exit 70'", "'exit 70; echo'"])
def test_what_a_trap_for_errors_does_is_not_what_failed(handler: str) -> None:
    """bash calls it in a substitution, and once more outside of it."""
    runs = handler.strip("'").partition(";")[0]
    text = (
        f"+ trap {handler} ERR\n++ grep -c worker /etc/passwd\n+++ {runs}\n+ count=0\n++ {runs}\n"
    )
    looks = ran(9, "grep", "-c", "worker", "/etc/passwd", status=1, parent=7)
    found = shown(silent(looks, ends="X\t6\t7\t70\t0\n"), text)

    assert "grep finds nothing for `worker` in /etc/passwd" in found.text


def test_the_trace_of_a_script_that_sends_its_output_elsewhere_is_kept() -> None:
    plain, other = "#!/bin/bash\nexec /app/server\n", "#!/bin/bash\nexec >/run/log 2>&1\nfalse\n"
    told = [
        next(f for f in factors(case(**sh(text))) if f.reveals == "errexit").config.entrypoint
        for text in (plain, other, other.replace("bash", "sh"))
    ]

    assert [words[:2] for words in told] == [("bash", "-x"), ("bash", "-c"), ("sh", "-x")]
    assert "BASH_XTRACEFD" in told[1][2]


def test_a_script_that_becomes_another_program_has_not_failed_itself() -> None:
    of = silent(ends="X\t6\t7\t1\t0\n")
    factor = next(f for f in factors(of) if f.reveals == "errexit")
    same = Outcome(alive=False, exit_code=1, text="")
    ended = replace(same, text="+ mkdir -p /etc/svc\n+ exec svc\n")

    assert revealed(of, factor, ended, same, []) is None
    assert revealed(of, factor, replace(ended, text="+ exec\n+ false\n"), same, []) is not None


def test_a_script_that_returns_from_its_last_function_ends_itself() -> None:
    found = shown(silent(), "+ main\n+ [[ 12052 -ge 65536 ]]\n+ return 1\n")

    assert "`[[ 12052 -ge 65536 ]]` is what decides" in found.text


def test_what_a_traced_script_shows_comes_before_a_variable_that_does_not_help() -> None:
    script = '#!/bin/bash\nset -euo pipefail\nkeep=$(conf keep)\nexec /app/server "$A_TOKEN"\n'
    of = case(**sh(script, trace=f"{SHELL}X\t6\t7\t1\t0\n"))
    rerun = Rerun("errexit", "process", "a script exits with 1 at `keep=`: grep finds nothing")
    vain = replace(rerun, tried=["rerun with the variable A_TOKEN: exits with 1"])

    assert judge(of, vain).text.startswith(rerun.text)
