from pathlib import Path

import pytest

from scaffolder.errors import UsageError
from scaffolder.templates import questions

KNOWN = questions.load(Path(__file__).parents[2])


def test_hidden_questions_are_not_among_them() -> None:
    assert set(KNOWN) == {
        "name",
        "language",
        "description",
        "ci",
        "directory",
        "image_digest",
        "stages",
    }


def test_every_question_has_a_help_text() -> None:
    assert all(question.help for question in KNOWN.values())


def test_answers_are_parsed() -> None:
    given = questions.parsed(["ci=gitlab", "description=a = b"])

    assert given == {"ci": "gitlab", "description": "a = b"}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("ci", "takes QUESTION=VALUE, not 'ci'"),
        ("ci=jenkins", "ci is one of github, gitlab, none, not 'jenkins'"),
        ("sci=github", "did you mean ci"),
        ("catalogue={}", "there is no question 'catalogue'"),
        ("_src_path=x", "there is no question '_src_path'"),
        ("name=orders", "given with NAME"),
        ("stages=api", "given with --stage"),
    ],
)
def test_other_answers_are_refused(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("{", r"\{").replace("}", r"\}")):
        questions.checked(questions.parsed([pair]), KNOWN)
