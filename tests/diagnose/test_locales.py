"""A locale without the characters that a program meets."""

import pytest
from recorded import File, case

from examples import SERVER
from scaffolder.diagnose.case import Case
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
