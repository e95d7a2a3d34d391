"""Manifests of Poetry: what they declare is taken over, or refused."""

import tomllib

import existing
import pytest
from conftest import viscaffold
from existing import MakeExisting
from packaging.requirements import Requirement

from scaffolder.adopt.python import poetry
from scaffolder.errors import RefusedError

MANIFEST = """\
[tool.poetry]
name = "shop"
version = "2.1.0"
description = ""
authors = ["A <a@example.com>"]

[tool.poetry.dependencies]
python = "^3.12"
fastapi = ">=0.120,<1.0"
uvicorn = {version = "^0.50", extras = ["standard"]}

[tool.poetry.group.dev.dependencies]
pytest = "^9.0"

[build-system]
requires = ["poetry-core>=1.0.0"]
build-backend = "poetry.core.masonry.api"
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("^1.2.3", "x>=1.2.3,<2"),
        ("^0.2.3", "x>=0.2.3,<0.3"),
        ("^0.0.3", "x>=0.0.3,<0.0.4"),
        ("^0", "x>=0,<1"),
        ("~1.2.3", "x>=1.2.3,<1.3"),
        ("~1", "x>=1,<2"),
        ("*", "x"),
        ("1.2", "x==1.2"),
        ("1.2.*", "x==1.2.*"),
        (">=1.0, <2.0,!=1.5", "x>=1.0,<2.0,!=1.5"),
        ({"version": "^1", "extras": ["a", "b"]}, "x[a,b]>=1,<2"),
        ({"version": "*", "markers": 'sys_platform == "linux"'}, "x ; sys_platform == 'linux'"),
    ],
)
def test_a_constraint_is_said_as_everybody_reads_it(given: object, said: str) -> None:
    run, _ = poetry.requirements({"dependencies": {"python": "^3.11", "x": given}})

    assert run == [said]
    assert Requirement(run[0]).name == "x"


@pytest.mark.parametrize(
    "given",
    [
        "^1 || ^3", "^1.0a1", 1, [], {"git": "https://example.com/x"}, {"version": 2},
        {"version": "1", "optional": True}, {"version": "1", "extras": "a"},
        {"version": "1", "markers": "os =="}, {"version": "1", "markers": "'\x1b' == ''"},
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_refused(given: object) -> None:
    with pytest.raises(RefusedError, match=r"declares 'x' in \[tool.poetry\]"):
        poetry.requirements({"dependencies": {"x": given}})


def test_a_service_of_poetry_is_adopted(exists: MakeExisting) -> None:
    root = exists(files={"main.py": existing.FLAT["main.py"], "pyproject.toml": MANIFEST,
                         "poetry.lock": "# locked\n"})  # fmt: skip
    ran = viscaffold("adopt", "--yes")
    assert ran.code == 0, ran.err
    assert "poetry.lock lacks what was added to pyproject.toml: poetry lock" in ran.err

    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    made = tomllib.loads(text)
    assert text.startswith(MANIFEST)
    project = made["project"]
    assert (project["name"], project["version"]) == ("shop", "2.1.0")
    assert project["requires-python"] == ">=3.12,<4"
    assert {"fastapi>=0.120,<1.0", "uvicorn[standard]>=0.50,<0.51"} <= {*project["dependencies"]}
    assert "pytest>=9.0,<10" in made["dependency-groups"]["dev"]
