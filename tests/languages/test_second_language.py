"""Another language, made up: a module, a folder of the template, entries of stages."""

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from conftest import viscaffold
from teams import MakeTeam

from scaffolder.errors import UsageError
from scaffolder.languages import all as known
from scaffolder.languages import toolchain
from scaffolder.operations import service
from scaffolder.overlays import resolve
from scaffolder.templates import catalogue, template

if TYPE_CHECKING:
    from types import ModuleType

    from scaffolder.languages.base import Language

TOOLS = """\
commands: {setup: make, install: make, run: "./{package}", test: make check}
checks: {tests: {run: [make, check]}}
stage_tests: tests/{stage}*.zz
taken: [zed]
"""

ONLY_PYTHON = """\
kafka:
  title: Kafka
  summary: a consumer of events
  requires: []
  python: {dependencies: [], settings: {}}
"""
BOTH = ONLY_PYTHON + "  zed: {dependencies: [kfk 1], settings: {KAFKA_SERVERS: {about: servers}}}\n"
NO_CODE = "kafka: \n  title: Kafka\n  summary: s\n  requires: []\n  code: false\n"


def name_problem(name: str, taken: Iterable[str]) -> str:
    return "it is a word of Zed" if name in {"end", *taken} else ""


ZED = cast(
    "Language",
    SimpleNamespace(
        NAME="zed",
        TITLE="Zed",
        SUFFIX=".zz",
        LOCAL=frozenset({"zbuild"}),
        FOREIGN=re.compile("from elsewhere"),
        name_problem=name_problem,
        place_note=lambda _: "",
        test_modules=lambda _: [],
        module_of=lambda path: path.removesuffix(".zz"),
        spellings=lambda _: [],
        read=lambda *_: None,
        dependency_problem=lambda text: "" if " " in text else "it has no version",
    ),
)


@pytest.fixture(autouse=True)
def _zed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "NAMES", (*known.NAMES, "zed"))
    monkeypatch.setitem(sys.modules, "scaffolder.languages.zed", cast("ModuleType", ZED))


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built-in template with a second language, for which no stage is there."""
    root, own = tmp_path / "two", template.builtin().root
    shutil.copytree(own / "template", root / "template")
    text = (own / "copier.yml").read_text(encoding="utf-8")
    (root / "copier.yml").write_text(text.replace("[python, ", "[python, zed, "), encoding="utf-8")
    home = root / "template/zed"
    home.mkdir()
    (home / toolchain.FILE).write_text(TOOLS, encoding="utf-8")
    (home / "{{_copier_conf.answers_file}}.jinja").write_text(
        "{{ _copier_answers | to_nice_yaml }}", encoding="utf-8"
    )
    (home / "stages.zz.jinja").write_text(
        "{% for key in catalogue if stage[key] %}\nuse {{ key }}: "
        "{{ catalogue[key][language].dependencies | join }}\n{% endfor %}\n",
        encoding="utf-8",
    )
    made = template.Template(root, template.NAME, template.builtin().version, "0" * 64)
    for module in (resolve, template):
        monkeypatch.setattr(module, "builtin", lambda: made)
    for module in (resolve, service):
        monkeypatch.setattr(module, "carried", lambda _: made)
    return root


def made_in_zed(team: Path, *args: str) -> "tuple[int, str]":
    flags = ("--language", "zed", "--template", str(team), "--trust", "--no-git")
    ran = viscaffold("new", "orders", *flags, *args)
    return ran.code, ran.err


@pytest.fixture
def overlay(team: MakeTeam) -> MakeTeam:
    """Templates of a team with a stage of the text given."""

    def make(stages: str, **files: str) -> Path:
        gone = {"template/python/{{stage.kafka}}/src/{{package}}/stages/kafka.py": None}
        return team({**gone, "viscaffold.yml": "name: acme\n", "stages.yml": stages,
                     "template/python/.github/CODEOWNERS.jinja": "* @a\n", **files})  # fmt: skip

    return make


def test_an_overlay_without_an_entry_for_a_language_serves_the_others(
    two: Path, overlay: MakeTeam
) -> None:
    root = overlay(ONLY_PYTHON)
    code, err = made_in_zed(root)

    assert code == 0, err
    assert Path("orders/stages.zz").read_text(encoding="utf-8") == ""
    assert not Path("orders/.github/CODEOWNERS").exists()
    assert "1. cd orders\n  2. make\n  3. ./orders " in err
    assert two.is_dir()


def test_a_stage_that_lacks_a_language_is_refused_in_words(two: Path, overlay: MakeTeam) -> None:
    root = overlay(ONLY_PYTHON)
    code, err = made_in_zed(root, "--stage", "kafka")

    assert code == 2
    assert "the stage kafka is not available for services in zed, only for those in python" in err
    assert not Path("orders").exists()
    with pytest.raises(UsageError, match="only for those in python"):
        catalogue.load(two, "zed").chosen(["auth"])


def test_a_stage_of_both_languages_brings_what_each_needs(two: Path, overlay: MakeTeam) -> None:
    root = overlay(BOTH, **{"template/zed/{{stage.kafka}}/kafka.zz": "x\n"})
    code, err = made_in_zed(root, "--stage", "kafka")

    assert code == 0, err
    assert Path("orders/stages.zz").read_text(encoding="utf-8") == "use kafka: kfk 1\n"
    assert Path("orders/kafka.zz").exists()
    assert two.is_dir()


def test_a_stage_without_code_is_in_every_language(two: Path, overlay: MakeTeam) -> None:
    root = overlay(NO_CODE, **{"template/zed/{{stage.kafka}}/deploy.yml": "x\n"})
    code, err = made_in_zed(root, "--stage", "kafka")

    assert code == 0, err
    assert Path("orders/deploy.yml").exists()
    assert two.is_dir()


def test_what_a_stage_requires_has_to_be_in_its_languages(two: Path, overlay: MakeTeam) -> None:
    root = overlay(BOTH.replace("requires: []", "requires: [api]"))
    code, err = made_in_zed(root)

    assert code == 5
    assert "stages.yml:4:14: kafka is in zed, and api, which it requires, is not" in err
    assert two.is_dir()


@pytest.mark.parametrize(("name", "words"), [("end", "a word of Zed"), ("zed", "a word of Zed")])
def test_names_are_those_of_the_language(
    two: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("new", name, "--language", "zed", "--no-git")

    assert ran.code == 2
    assert words in ran.err
    assert viscaffold("new", "class", "--language", "zed", "--no-git").code == 0
    assert two.is_dir()


def test_a_service_has_the_commands_of_its_own_template_version() -> None:
    old = template.carried("0.1.0")

    assert not (old.root / "template/python" / toolchain.FILE).exists()
    assert toolchain.load(old.root, "python").command("run", "a_b") == ".venv/bin/python -m a_b"


def test_a_service_in_a_language_that_is_not_known_is_refused(
    two: Path, overlay: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made_in_zed(overlay(ONLY_PYTHON))[0] == 0
    monkeypatch.setattr(known, "NAMES", ("python", "rust"))
    monkeypatch.chdir("orders")
    ran = viscaffold("status")

    assert ran.code == 5
    assert "has a language that this viscaffold does not know: 'zed'" in ran.err
    assert two.is_dir()


def test_every_language_is_called_like_its_module() -> None:
    assert [known.LANGUAGES[name].NAME for name in known.NAMES] == [*known.NAMES]
    with pytest.raises(KeyError):
        known.LANGUAGES["base"]


@pytest.mark.parametrize("version", template.versions())
def test_a_service_of_every_version_can_be_started_to_verify_it(version: str) -> None:
    root = template.carried(version).root
    written = [name for name in ("python", "rust") if (root / "template" / name).is_dir()]

    assert written
    assert all(toolchain.load(root, name).start.run for name in written)
