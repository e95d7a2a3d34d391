"""`template init`, `check` and `export`."""

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import commit, files, git, viscaffold
from pytest_copie.plugin import Copie
from teams import MakeTeam, tag

from scaffolder.overlays import init
from scaffolder.templates import sandbox_process

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent


def copier(*args: str, cwd: Path) -> str:
    ran = subprocess.run(
        [str(BIN / "copier"), *args, "--defaults", "--quiet"],
        cwd=cwd,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.usefixtures("new_user")
def test_init_writes_a_template_that_works() -> None:
    made = viscaffold("template", "init", "our-team")
    checked = viscaffold("template", "check", "our-team", "--quick")
    service = viscaffold("new", "orders", "-t", "our-team", "--trust", "-s", "greeting")

    assert made.code == 0, made.err
    assert "viscaffold template check our-team" in made.err
    assert checked.code == 0, checked.err
    assert service.code == 0, service.err
    assert Path("orders/tests/stages/test_greeting.py").exists()
    assert yaml.safe_load(Path("our-team/viscaffold.yml").read_bytes())["name"] == "our-team"


@pytest.mark.usefixtures("new_user")
def test_init_writes_nothing_that_was_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `pip install` compiles all that it installs."""
    installed = shutil.copytree(init.STARTER, tmp_path / "starter")
    compileall.compile_dir(installed, quiet=1)
    monkeypatch.setattr(init, "STARTER", installed)

    assert viscaffold("template", "init", "our-team").code == 0
    assert list(installed.rglob("__pycache__"))
    assert not list(Path("our-team").rglob("__pycache__"))


@pytest.mark.usefixtures("new_user")
@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("Our Team", 2, "cannot be a template's name"),
        ("viscaffold", 2, "cannot be a template's name"),
        ("taken", 5, "exists and is not empty"),
    ],
)
def test_init_refuses_what_it_cannot_do(name: str, code: int, words: str) -> None:
    Path("taken").mkdir()
    Path("taken/mine").touch()
    before = files(Path.cwd())
    ran = viscaffold("template", "init", name)

    assert ran.code == code
    assert words in ran.err
    assert files(Path.cwd()) == before


def test_an_exported_template_works_with_copier(
    team: MakeTeam, tmp_path: Path, copie: Copie
) -> None:
    source, exported = team(), tmp_path / "exported"
    ran = viscaffold("template", "export", str(source), "-o", str(exported), "--trust")
    git(exported, "init", "--quiet")
    tag(exported, "1.0")
    viscaffold("new", "ours/orders", "-t", str(source), "--stage", "kafka")
    answers = ("-d", "name=orders", "-d", "stages=[kafka]")
    copier("copy", "--vcs-ref", "1.0", *answers, str(exported), "stock/orders", cwd=tmp_path)
    by_copie = copie.copy(
        extra_answers={"name": "orders", "stages": ["kafka"]}, template_dir=exported
    )

    assert ran.code == 0, ran.err
    ours, stock = files(tmp_path / "ours/orders"), files(tmp_path / "stock/orders")
    recorded = yaml.safe_load(stock.pop(".copier-answers.yml"))
    del ours[".copier-answers.yml"]
    assert stock == ours
    # What Renovate's manager for Copier looks for.
    assert recorded["_commit"] == "1.0"
    assert recorded["_src_path"] == str(exported)
    assert by_copie.exception is None
    assert by_copie.project_dir is not None
    by_plugin = files(by_copie.project_dir)
    del by_plugin[".copier-answers.yml"]
    assert by_plugin == ours


def test_an_exported_template_can_be_updated_with_copier(team: MakeTeam, tmp_path: Path) -> None:
    source, exported = team(), tmp_path / "exported"
    viscaffold("template", "export", str(source), "-o", str(exported), "--trust")
    git(exported, "init", "--quiet")
    (exported / "README.md").write_text("ours\n", encoding="utf-8")
    tag(exported, "1.0")
    copier("copy", "-d", "name=orders", str(exported), "orders", cwd=tmp_path)
    git(tmp_path / "orders", "init", "--quiet")
    commit(tmp_path / "orders")
    (source / "template/python/.github/CODEOWNERS.jinja").write_text("* @all\n", encoding="utf-8")
    again = viscaffold("template", "export", str(source), "-o", str(exported), "--trust")
    ran = viscaffold("template", "export", str(source), "-o", str(exported), "--replace", "--json")
    tag(exported, "1.1")
    copier("update", cwd=tmp_path / "orders")

    assert again.code == 5
    assert "has copier.yml and template already" in again.err
    assert "--replace" in again.err
    assert ran.code == 0, ran.err
    assert ran.json()["overlays"][0]["source"] == str(source)
    assert (exported / "README.md").read_text(encoding="utf-8") == "ours\n"
    assert (tmp_path / "orders/.github/CODEOWNERS").read_text(encoding="utf-8") == "* @all\n"


def test_stages_that_are_always_on_are_so_for_copier_too(team: MakeTeam, tmp_path: Path) -> None:
    source = team()
    with (source / "viscaffold.yml").open("a", encoding="utf-8") as manifest:
        manifest.write("stages: [kafka]\n")
    viscaffold("template", "export", str(source), "-o", "exported", "--trust")
    copier("copy", "-d", "name=orders", "exported", "orders", cwd=tmp_path)
    with pytest.raises(AssertionError, match="kafka is always on"):
        copier("copy", "-d", "name=orders", "-d", "stages=[logging]", "exported", "x", cwd=tmp_path)

    assert (tmp_path / "orders/src/orders/stages/kafka.py").exists()


@pytest.mark.usefixtures("new_user")
def test_exporting_without_a_source_that_is_one_is_refused() -> None:
    ran = viscaffold("template", "export", "./nowhere", "-o", "out")

    assert ran.code == 2
    assert not Path("out").exists()


def test_a_file_in_the_way_of_an_export_stays(team: MakeTeam) -> None:
    Path("out").write_text("mine", encoding="utf-8")
    ran = viscaffold("template", "export", str(team()), "-o", "out", "--trust")

    assert ran.code == 5
    assert Path("out").read_text(encoding="utf-8") == "mine"


def test_check_takes_a_directory(team: MakeTeam) -> None:
    team()
    ran = viscaffold("template", "check", "./nowhere")

    assert ran.code == 2
    assert "there is no directory './nowhere'" in ran.err
    assert [path.name for path in Path().iterdir()] == ["team"]


@pytest.fixture(autouse=True)
def _no_process_is_left() -> None:
    sandbox_process.stop()
