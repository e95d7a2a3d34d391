"""Released template versions: intact, never reused, and made by `scripts/release`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import Ran, commit, files, git

from scaffolder.templates import releases, template

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Checkout:
    """A copy of the project, whose template can be changed and released."""

    root: Path

    def release(self, *args: str) -> Ran:
        return self._run(self.root, "scripts/release", *args)

    def viscaffold(self, cwd: Path, *args: str) -> Ran:
        return self._run(cwd, "-m", "scaffolder", *args)

    def _run(self, cwd: Path, *args: str) -> Ran:
        done = subprocess.run(
            [sys.executable, *args],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            text=True,
            capture_output=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.root / "template" / path
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    copy = tmp_path / "checkout"
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("scaffolder", "template", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    shutil.copy(ROOT / "copier.yml", copy)
    return Checkout(copy)


@pytest.mark.parametrize("version", releases.digests())
def test_an_archive_holds_what_was_released(version: str) -> None:
    assert releases.digest(releases.unpacked(version)) == releases.digests()[version]


def test_every_archive_is_listed_and_every_version_has_one() -> None:
    archives = {path.name.removesuffix(".tar.gz") for path in releases.HOME.glob("*.tar.gz")}

    assert archives == set(releases.digests())


def test_the_version_of_a_template_is_told_by_its_content(checkout: Checkout) -> None:
    released = checkout.viscaffold(checkout.root, "--version").out
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nMore.\n")
    developed = checkout.viscaffold(checkout.root, "--version").out

    assert template.builtin().version in released
    assert f"{template.newest_release()}+dev." in developed


def test_a_release_is_an_archive_of_the_same_bytes_everywhere(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nMore.\n")
    other = Checkout(tmp_path / "other")
    shutil.copytree(checkout.root, other.root)
    for path in other.root.rglob("*"):
        os.utime(path, (1, 1))
    ran = checkout.release("9.0.0")
    other.release("9.0.0")

    assert ran.code == 0, ran.err
    archive = "scaffolder/releases/9.0.0.tar.gz"
    assert (checkout.root / archive).read_bytes() == (other.root / archive).read_bytes()
    assert checkout.viscaffold(checkout.root, "--version").out.strip().endswith("9.0.0")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (template.newest_release(), "is released with other content: choose a new version"),
        ("0.0.1", "is not newer than"),
        ("1.0+mine", "is not how a version is written"),
        ("next", "is no version"),
    ],
)
def test_a_version_is_never_reused_or_out_of_order(
    checkout: Checkout, version: str, words: str
) -> None:
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nMore.\n")
    before = files(checkout.root)
    ran = checkout.release(version)

    assert ran.code == 1
    assert words in ran.err
    assert files(checkout.root) == before


def test_the_same_content_keeps_its_version(checkout: Checkout, tmp_path: Path) -> None:
    newest = template.newest_release()
    shutil.copytree(releases.unpacked(newest), tmp_path / "template")

    assert "already, with this content" in checkout.release(newest, str(tmp_path / "template")).err
    assert "has not changed" in checkout.release("9.0.0", str(tmp_path / "template")).err


def test_a_damaged_archive_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    oldest = next(iter(releases.digests()))
    root = tmp_path / "orders"
    assert checkout.viscaffold(tmp_path, "new", str(root)).code == 0
    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8").replace(template.builtin().version, oldest)
    answers.write_text(text, encoding="utf-8")
    archive = checkout.root / f"scaffolder/releases/{oldest}.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-1000])
    before = files(root)
    ran = checkout.viscaffold(root, "status")

    assert ran.code == 1
    assert f"the archive of template version {oldest} is damaged" in ran.err
    assert files(root) == before


def test_a_service_of_a_template_under_development_belongs_to_it(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nMore.\n")
    root = tmp_path / "orders"
    checkout.viscaffold(tmp_path, "new", str(root))
    same = checkout.viscaffold(root, "add-stage", "api")
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nAnd more.\n")
    other = checkout.viscaffold(root, "add-stage", "logging")

    assert same.code == 0, same.err
    assert other.code == 5
    assert "template under development" in other.err


def test_stages_are_renamed_and_removed_between_versions(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.edit("shared/runbook.md", lambda text: f"{text}\nMore.\n")
    assert checkout.release("8.0.0").code == 0
    root = tmp_path / "orders"
    checkout.viscaffold(tmp_path, "new", str(root), "--stage", "logging", "--stage", "auth")
    with (root / "docs/stages/logging.md").open("a", encoding="utf-8") as page:
        page.write("Mine.\n")
    commit(root)

    def change(text: str) -> str:
        stages = yaml.safe_load(text)
        stages["journal"] = {**stages.pop("logging"), "formerly": ["logging"]}
        del stages["auth"]
        return yaml.safe_dump(stages, sort_keys=False)

    checkout.edit("stages.yml", change)
    removed = "auth: a gateway does it now; see docs\n"
    (checkout.root / "template/removed.yml").write_text(removed, encoding="utf-8")
    home = checkout.root / "template/python"
    shutil.rmtree(home / "{{stage.auth}}")
    (home / "{{stage.logging}}").rename(home / "{{stage.journal}}")
    for kind in ("src/{{package}}/stages/logging", "docs/stages/logging.md.jinja"):
        old = home / "{{stage.journal}}" / kind
        old.rename(old.with_name(old.name.replace("logging", "journal")))
    (checkout.root / "template/shared/stages/logging.md").rename(
        checkout.root / "template/shared/stages/journal.md"
    )
    module = next((home / "{{stage.journal}}/docs/stages").iterdir())
    include = module.read_text(encoding="utf-8").replace("stages/logging.md", "stages/journal.md")
    module.write_text(include, encoding="utf-8")
    assert checkout.release("9.0.0").code == 0
    ran = checkout.viscaffold(root, "update")

    assert ran.code == 0, ran.err
    assert "the stage logging is called journal now" in ran.err
    assert "the stage auth goes: a gateway does it now; see docs" in ran.err
    assert yaml.safe_load((root / ".copier-answers.yml").read_bytes())["stages"] == [
        "api",
        "journal",
    ]
    assert (root / "docs/stages/journal.md").read_text(encoding="utf-8").endswith("Mine.\n")
    assert not (root / "src/orders/stages/auth").exists()
    assert not (root / "src/orders/stages/logging").exists()
    assert git(root, "diff", "--name-only") == ""
