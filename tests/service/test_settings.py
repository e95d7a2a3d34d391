"""Settings: which values are accepted, and what is said of the others."""

import dataclasses
from types import ModuleType

import pytest
from conftest import Imported


@pytest.fixture
def config(imported: Imported) -> ModuleType:
    return imported("config")


def test_every_problem_is_reported_at_once(config: ModuleType) -> None:
    wrong = {"HOST": "", "PORT": "eighty", "LOG_LEVEL": "LOUD"}
    with pytest.raises(config.ConfigError) as caught:
        config.check(config.Settings, environ=wrong)

    assert caught.value.args[0].split("; ") == [
        "HOST is empty: expected some text",
        "or unset it for its default",
        "PORT is 'eighty': expected a whole number from 1 to 65535",
        "LOG_LEVEL is 'LOUD': expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
    ]


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "KEY is not set: expected some text"),
        ({"KEY": ""}, "KEY is empty: expected some text"),
        ({"KEY": "hunter2"}, "KEY is wrong (its value is not shown): expected some text"),
    ],
)
def test_a_setting_without_a_default_has_to_be_set(
    config: ModuleType, environ: dict[str, str], problem: str
) -> None:
    def parse(raw: str) -> str:
        if raw == "hunter2":
            raise ValueError("some text")
        return str(config.text(raw))

    key = config.setting("KEY", parse, secret=True)
    required = dataclasses.make_dataclass("Required", [("key", str, key)], kw_only=True)
    with pytest.raises(config.ConfigError) as caught:
        config.read(required, environ)

    assert caught.value.problems == [problem]
