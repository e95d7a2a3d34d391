"""Shell scripts are read as far as a diagnosis needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder.diagnose.programs import pysource, shell


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("exec /app/server --port 1", [(("exec", "/app/server", "--port", "1"), ";")]),
        ("a & b", [(("a",), "&"), (("b",), ";")]),
        ("a 2>&1 | tee x", [(("a", ">"), "|"), (("tee", "x"), ";")]),
        ("A=1 b 'c d'", [(("b", "c d"), ";")]),
        ("if [ -f x ]; then y; fi", [(("[", "-f", "x", "]"), ";"), (("y",), ";")]),
        ("[ $(id -u) -eq 0 ]", [(("[", "$"), "("), (("id", "-u"), ")")]),
        ("test $(a | wc -l) = 3", [(("test", "$"), "("), (("a",), "|"), (("wc", "-l"), ")")]),
        ("# nothing", []),
        ("echo 'unclosed", [(("echo", "'unclosed"), ";")]),
    ],
)
def test_commands_of_a_line(line: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    assert [(c.words, c.end) for c in shell.commands(line)] == expected


def test_here_documents_are_no_commands() -> None:
    found = shell.commands("cat <<EOF\nrm -rf /\nEOF\necho done\n")

    assert [c.name for c in found] == ["cat", "echo"]


def test_variables_are_expanded_as_far_as_they_are_known() -> None:
    assert shell.expand("$A/${B}/${C:-d}/$E", {"A": "1", "B": "2"}) == "1/2/d/$E"


@given(st.text(max_size=300))
def test_no_text_breaks_the_readers(source: str) -> None:
    shell.commands(source)
    pysource.read(source)


def test_what_a_python_program_says_of_itself() -> None:
    found = pysource.read(
        "import os, flask\nos.environ['A']\nos.getenv('B')\nos.getenv('C', '1')\n"
        "print(f'hello {x}')\nprint('x', flush=True)\nopen('/d/e', 'w')\nos._exit(3)\nraise SystemExit('why')\n"
    )

    assert found
    assert found.required == {"A": 2}
    assert found.asked == {"B"}
    assert found.printed == ["hello ..."]
    assert found.opened == [("/d/e", "w")]
    assert found.said == ["why"]
    assert found.abrupt
    assert "flask" in found.modules


def test_code_that_nests_without_end_is_given_up() -> None:
    assert pysource.read("(" * 5000) is None


@pytest.mark.parametrize(
    ("script", "is_set"),
    [
        ("coproc WORKER { cat; }", True),
        ("mapfile -t WORKER <list", True),
        ("printf -v WORKER %s a", True),
        ("echo $WORKER", False),
        ("echo a >&${WORKER[1]}", False),
    ],
)
def test_what_sets_a_variable(script: str, *, is_set: bool) -> None:
    assert shell.sets(script, "WORKER") is is_set
