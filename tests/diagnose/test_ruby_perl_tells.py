"""What Ruby and Perl tell of the exceptions that a program swallows, and what follows from it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from real_parts import require_program
from recorded import File, case

from examples import EXAMPLES
from scaffolder.diagnose.evidence.swallowed import (
    Ending,
    Swallowed,
    chosen_end,
    decisive,
    said_last,
)
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.telling import HOOKS, MEANS, RECORDS, _telling

DONE = {"ruby": "puts 'done'", "perl": "print qq(done\\n);"}


def told(language: str, code: str, tmp_path: Path) -> tuple[int, str]:
    """Run a program with the hook; return how it ended, and the records."""
    require_program(language)
    means = MEANS[language]
    for hook in means.hooks:
        shutil.copy(hook, tmp_path)
    records, program = tmp_path / RECORDS, tmp_path.with_suffix(".app")
    records.touch()
    program.write_text(code, encoding="utf-8")
    env = {**os.environ, means.variable: means.value.format(folder=tmp_path)}
    ran = subprocess.run(
        [language, str(program)], env=env, timeout=60, check=False, capture_output=True
    )
    return ran.returncode, records.read_text(encoding="utf-8")


ENDS = [
    ("perl", "my $ok = eval { die 'bad rate'; 1 };\nexit 3 unless $ok;", 3, "bad rate", "exit(3)"),
    ("perl", "eval { my $x = 1 / 0; };\nif ($@) { exit 4 }", 4, "Illegal division", "exit(4)"),
    ("perl", "close STDERR; die qq(no rate\\n);", None, "no rate", "uncaught"),
    ("perl", "use POSIX; eval { undef->x }; POSIX::_exit(6) if $@;", 6, "Can't call", "POSIX::_exit(6)"),
    ("ruby", "begin; Integer('x'); rescue StandardError; exit 3; end", 3, 'Integer(): "x"', "exit(3)"),
    ("ruby", "begin; {}.fetch(:a); rescue KeyError; exit! 4; end", 4, "key not found", "exit!(4)"),
    ("ruby", "$stderr.reopen('/dev/null'); raise 'no rate'", 1, "no rate", "uncaught"),
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS, ids=[f"{end[0]}-{end[4]}" for end in ENDS])
def test_what_ends_a_program_is_told(
    end: tuple[str, str, int | None, str, str], tmp_path: Path
) -> None:
    language, code, status, words, how = end
    code_of_end, records = told(language, code, tmp_path)
    found = decisive(records)

    assert code_of_end == status or status is None
    assert found
    assert (found.how, words in found.last) == (how, True)


NO_CAUSE = [
    ("perl", "eval { require Not::There; };\nmy $x = 1;\nexit 2;"),
    ("perl", "eval { die 'x' }; eval { 1 };\nexit 2;"),
    ("perl", "eval { die 'x' }; sleep 3; exit 2;"),
    ("perl", "exit 2;"),
    ("ruby", "begin; require 'nothere'; rescue LoadError; end\nexit 2"),
    (
        "ruby",
        "begin; Integer('x'); rescue ArgumentError; end\nFile.open('/dev/null').close\nexit 2",
    ),
    ("ruby", "exit 2"),
]


@pytest.mark.parametrize(("language", "code"), NO_CAUSE)
def test_what_a_program_got_over_is_not_blamed(language: str, code: str, tmp_path: Path) -> None:
    status, records = told(language, code, tmp_path)
    found = decisive(records)

    assert status == 2
    assert found is None or not found.how
    assert chosen_end(records)


@pytest.mark.parametrize("language", sorted(DONE))
def test_a_program_that_works_has_nothing_to_tell(language: str, tmp_path: Path) -> None:
    assert told(language, DONE[language], tmp_path) == (0, "")


def test_what_ruby_says_last_is_told(tmp_path: Path) -> None:
    status, records = told("ruby", "$stderr.reopen('/dev/null'); abort 'no rate'", tmp_path)
    said = said_last(records)

    assert (status, said and said.text) == (1, "no rate")


def test_the_options_that_a_container_has_are_kept() -> None:
    for name, has in (("RUBYOPT", "-W0"), ("PERL5OPT", "-w")):
        language = next(one for one, means in MEANS.items() if means.variable == name)
        factor = _telling(case(config={"env": {name: has}}), MEANS[language])

        assert factor.config.env[name].endswith(f" {has}")
        assert factor.reads == f"{factor.folder}/{RECORDS}"


def test_hooks_are_files_of_the_package() -> None:
    assert all(hook.parent == HOOKS and hook.is_file() for m in MEANS.values() for hook in m.hooks)


def kept(text: str, **more: Any) -> Any:  # noqa: ANN401 - as recorded
    swallowed = Swallowed(text, frozenset(), "/app.pl:9", "exit(3)")
    trace = (
        "P\t0\t7\t/usr/bin/perl\tperl\\x00/app.pl\\x00\n"
        "C\t1\t7\t7\topenat\t3\tp=/app.pl\tx=0\nC\t1\t7\t7\topenat\t3\tp=/etc/limits\tx=0\n"
        "X\t2\t7\t3\t0"
    )
    files = {**EXAMPLES["exception-kept"]["files"], "/app.pl": File(b"die 'ten'"), **more}
    return judge(case("perl /app.pl", files=files, exit_code=3, trace=trace, swallowed=swallowed))


def test_the_line_that_a_program_read_last_is_shown() -> None:
    found = kept(
        "bad rate at /app.pl line 5, <$f> line 2.", **{"/etc/limits": File(b"a=1\nrate=x\n")}
    )

    assert found.cause == "exception-kept"
    assert "/etc/limits has `rate=x`" in found.text


def test_the_value_of_which_an_exception_tells_is_found_in_the_file_that_was_read() -> None:
    limits = b"password=geheim;geheim;geheim;geheim;geheim;rate=ten\n"
    text = "/app.rb:5:in 'Integer': invalid value for Integer(): \"ten\" (ArgumentError)"
    found = kept(text, **{"/etc/limits": File(limits)})
    twice = kept(text, **{"/etc/limits": File(b"a=ten\nb=ten\n")})

    assert "/etc/limits" in found.text
    assert "rate=ten" in found.text
    assert "password" not in found.text
    assert "/etc/limits" not in twice.text


def test_an_end_that_nothing_explains_stays_the_programs_own() -> None:
    ending = Ending("/app.rb:4", "exit(2)", ())
    assert judge(case(exit_code=2, ending=ending)).cause == "ends-itself"
