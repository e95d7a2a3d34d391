"""What a container says is inert in a report, and quoted in commands to type."""

import re
import shlex

import pytest
from recorded import case

from scaffolder.diagnose.evidence.config import HealthCheck, Mount
from scaffolder.diagnose.report import contents, markdown
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import judge

HOSTILE = (
    "FATAL: ![x](https://evil.example/t.png) @acme/security closes #1 <img src=y> `` ` ```` **b**"
)


def outside_code(text: str) -> str:
    """Return what Markdown gives a meaning: all but fenced blocks and code within lines."""
    plain, fence = [], ""
    for line in text.splitlines():
        mark = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif mark:
            fence = mark[0]
        else:
            plain.append(re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert not fence
    return "\n".join(plain)


def test_text_of_the_container_has_no_effect_in_a_report() -> None:
    looked_at = case(
        log=HOSTILE, state={"error": HOSTILE}, config={"env": {HOSTILE: "1"}, "image": HOSTILE}
    )
    parts = contents.report({}, looked_at, document(looked_at, judge(looked_at), 0))
    plain = outside_code(markdown.render(parts))

    assert "evil.example" in markdown.render(parts)
    for part in ("evil.example", "@acme", "#1 <", "<img", "**b**"):
        assert part not in plain


@pytest.mark.parametrize("text", ["a", "`", "``a` b", "```", " x ", "a\nb"])
def test_code_within_a_line_holds_any_text(text: str) -> None:
    code = markdown.coded(text)

    assert "\n" not in code
    assert not outside_code(code).strip()


def test_the_command_to_reproduce_is_quoted() -> None:
    hostile = "/a;touch PASTED;"
    looked_at = case(
        config={
            "env": {"X;touch PASTED": "1"},
            "mounts": (Mount("bind", hostile, f"{hostile}$(id)"),),
            "user": "a b",
        }
    )
    words = shlex.split(contents._reproduce(looked_at))  # noqa: SLF001 - what is pasted

    assert "X;touch PASTED=..." in words
    assert f"{hostile}:{hostile}$(id)" in words
    assert "a b" in words


def test_a_check_to_run_by_hand_is_quoted() -> None:
    check = HealthCheck(("CMD-SHELL", "cat /nope || exit 1; touch PASTED"))

    assert shlex.split(check.typed) == ["sh", "-c", "cat /nope || exit 1; touch PASTED"]
    assert shlex.split(HealthCheck(("CMD", "a;b", "$(c)")).typed) == ["a;b", "$(c)"]
