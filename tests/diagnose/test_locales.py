"""A locale without the characters that a program meets."""

import pytest
from recorded import File, case

from examples import SERVER
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.characters import lacks_locale
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.wanted import wanted

JAVA = 'Exception in thread "main" java.nio.file.InvalidPathException: Malformed input or input contains unmappable characters: M?rz.csv'
PYTHON = "UnicodeEncodeError: 'ascii' codec can't encode character '\\xe4' in position 1"
RUBY = 'app.rb:3:in `read\': "\\xC3" on US-ASCII (Encoding::InvalidByteSequenceError)'


def told(log: str, /, *made: str, **env: str) -> Case:
    files = {path: File(b"x") for path in made}
    return case(files={**SERVER, **files}, log=log, config={"env": env})


def is_given(of: Case) -> bool:
    return any(factor.name == "the locale C.UTF-8" for factor in wanted(of))


@pytest.mark.parametrize("log", [JAVA, PYTHON, RUBY])
@pytest.mark.parametrize("env", [{}, {"LANG": "C"}, {"LC_ALL": "POSIX", "LANG": "C.UTF-8"}])
def test_a_copy_gets_a_locale_with_all_characters(log: str, env: dict[str, str]) -> None:
    of = told(log, **env)

    assert judge(of).cause == "locale-missing"
    assert "LC_ALL=C.UTF-8" in judge(of).fix
    assert is_given(of)


def test_java_says_it_of_names_that_ascii_does_not_have() -> None:
    found = judge(told(JAVA))

    assert (found.verdict, found.cause) == ("likely", "locale-missing")
    assert "(LANG is not set) has no characters beyond ASCII" in found.text


@pytest.mark.parametrize("value", ["C.UTF-8", "C.utf8", "de_DE.UTF-8"])
def test_with_all_characters_it_is_the_name_that_is_wrong(value: str) -> None:
    of = told(JAVA, "/usr/lib/locale/locale-archive", LANG=value)

    assert judge(of).cause != "locale-missing"
    assert not is_given(of)


def test_a_locale_that_is_not_in_the_image_is_as_good_as_none() -> None:
    assert is_given(told(JAVA, "/usr/lib/locale/C.utf8/LC_CTYPE", LANG="de_DE.UTF-8"))


def test_a_text_that_is_not_in_utf_8_is_no_matter_of_the_locale() -> None:
    of = told("A.java:3: error: unmappable character (0xE4) for encoding UTF-8")

    assert judge(of).cause != "locale-missing"


SOUGHT = "C\t1\t7\t7\topenat\t{}\tp=/usr/lib/locale/{}/LC_CTYPE\tx=0\n"


@pytest.mark.parametrize(
    ("env", "call", "is_lacked"),
    [
        ({"LC_ALL": "de_DE.UTF-8"}, SOUGHT.format(-2, "de_DE.utf8"), True),
        ({"LANG": "de_DE.UTF-8"}, SOUGHT.format(-2, "de_DE.UTF-8"), True),
        ({"LC_ALL": "de_DE.UTF-8"}, SOUGHT.format(3, "de_DE.utf8"), False),
        ({"LC_ALL": "C.UTF-8"}, SOUGHT.format(-2, "C.utf8"), False),
        ({}, SOUGHT.format(-2, "de_DE.utf8"), False),
        ({"LC_ALL": "de_DE.UTF-8"}, "", False),
    ],
)
def test_a_locale_that_is_sought_in_vain_is_tried_whatever_comes_after(
    env: dict[str, str], call: str, *, is_lacked: bool
) -> None:
    """A program goes on without it, and fails over its first letter beyond ASCII."""
    works = "C\t2\t7\t7\topenat\t3\tp=/data/rows.csv\tx=0\nC\t3\t7\t7\topenat\t4\tp=/tmp/a\tx=241\n"
    trace = f"P\t0\t7\t/app/server\tserver\n{call}{works}X\t9\t7\t65\t0"
    of = case(files=SERVER, trace=trace, exit_code=65, config={"env": env})

    assert lacks_locale(of) == is_lacked
    assert any("LC_ALL" in f.flags for f in wanted(of)) == is_lacked
