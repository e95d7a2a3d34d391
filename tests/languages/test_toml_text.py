"""What is wrong with a manifest is said with its line, in words of who edits it."""

import pytest

from scaffolder.languages import toml_text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'[dependencies]\nhmac = "1"\nweb = "1"\nhmac = "2"\n', "line 4 has hmac for a second"),
        (b"a = 1\na = 2\nb = 3\nb = 4\n", "line 2 has a for a second time; line 4 has b for a"),
        (b"a = 1\na = 2\nb =\n", "line 2 has a for a second time; it is no longer valid: Inv"),
        (b"[tool.mine]\n[x]\n[tool.mine]\n", "line 3 has [tool.mine] for a second time"),
        (b"a = {b = 1}\na.c = 1\n", "line 2"),
        (b"a =\n", "it is no longer valid: Invalid value"),
        (b"\xff", "it is no text in UTF-8"),
        (b"a = " + b"[" * 9000, "it is no longer valid"),
        (b"a = 1\n", ""),
    ],
)
def test_a_problem_is_named(content: bytes, problem: str) -> None:
    found = toml_text.problem(content)

    assert problem in found
    assert bool(found) == bool(problem)
