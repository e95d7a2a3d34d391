"""What a program says to syslog, which no container has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import case

from examples import py, tried
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.verdict import unset
from scaffolder.diagnose.verdict.syslog import is_sought, last

ERR, WARNING, INFO = b"<11>Nov 29 20:07:49 ", b"<28>", b"<30>Nov  9 20:07:49 "


@pytest.mark.parametrize(
    ("messages", "words", "level"),
    [
        ([ERR + b"orders[7]: no licence\0"], "no licence", "err"),
        ([ERR + b"a: cannot open /x", INFO + b"a: bye"], "cannot open /x", "err"),
        ([ERR + b"php: Fatal error: f() in a.php", ERR + b"php: #0 {main}"], "Fatal error: f() in a.php", "err"),
        ([WARNING + b"nothing to do"], "nothing to do", "warning"),
        ([INFO + b"a: started"], "", ""),
        ([b"no priority", b"<999>x", b""], "", ""),
        ([], "", ""),
    ],
    ids=["one", "then-well", "in-parts", "without-a-time", "no-failure", "no-message", "silent"],
)  # fmt: skip
def test_the_last_failure_is_what_counts(messages: list[bytes], words: str, level: str) -> None:
    found = last(messages)

    assert (found.text.partition("\n")[0] if found else "") == words
    assert (found.how if found else "") == level


@given(st.lists(st.binary(max_size=80) | st.binary(max_size=40).map(lambda b: ERR + b), max_size=5))
def test_whatever_comes_is_read(messages: list[bytes]) -> None:
    found = last(messages)

    assert found is None or found.place == "/dev/log"


@pytest.mark.parametrize(
    ("call", "sought"),
    [
        ("connect\t-2\ta=unix:/dev/log\tf=4:socket:[9]", True),
        ("connect\t0\ta=unix:/dev/log\tf=4:socket:[9]", False),
        ("connect\t-2\ta=unix:/run/db.sock\tf=4:socket:[9]", False),
    ],
)
def test_only_a_program_that_looks_for_it_gets_one(call: str, *, sought: bool) -> None:
    assert is_sought(case(**tried(call))) == sought


def test_a_variable_that_the_message_does_not_name_is_no_proof() -> None:
    for words, proves in (("TOKEN_FILE is not set", True), ("call to undefined f()", False)):
        said = Swallowed(words, frozenset(), "/dev/log", "err")
        script = "import os\nos.environ['TOKEN_FILE']\n"
        found = [*unset.variables(case(**py(script, unwritten=said)))]

        assert [factor.cure.proves for factor in found if factor.cure] == [proves]
