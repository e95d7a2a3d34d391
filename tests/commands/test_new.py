"""`viscaffold new`: good and bad names, places and environments."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import files, git, viscaffold

# Copier leaves its scan of a directory open when a render fails.
scan_left_open = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def test_a_new_service_is_a_repository_with_one_commit_and_a_clean_status(here: Path) -> None:
    ran = viscaffold("new", "orders")

    root = here / "orders"
    assert ran.code == 0, ran.err
    assert git(root, "rev-list", "--count", "HEAD").strip() == "1"
    assert git(root, "log", "-1", "--format=%an %s").startswith("Test Start orders")
    assert git(root, "status", "--porcelain", "--ignored") == ""
    assert git(root, "branch", "--show-current").strip() == "main"
    assert [path.name for path in here.iterdir()] == ["orders"]


def test_the_next_steps_are_numbered() -> None:
    err = viscaffold("new", "orders").err

    assert "1. cd orders" in err
    assert "2. python3 -m venv .venv && .venv/bin/pip install -r requirements/dev.txt" in err
    assert "3. .venv/bin/python -m orders" in err


def test_json_tells_what_was_made(here: Path) -> None:
    made = viscaffold("new", "orders", "--stage", "auth", "--json", "--yes").json()

    assert made["path"] == str(here / "orders")
    assert made["stages"] == ["api", "auth"]
    assert made["template"]["name"] == "viscaffold"
    assert made["commit"] == git(here / "orders", "rev-parse", "HEAD").strip()


def test_answers_are_recorded_and_used(here: Path) -> None:
    ran = viscaffold("new", "orders", "-a", "ci=none", "-a", "description=All the orders")

    recorded = (here / "orders/.copier-answers.yml").read_text(encoding="utf-8")
    assert ran.code == 0, ran.err
    assert "ci: none\n" in recorded
    assert "description: All the orders\n" in recorded
    assert "/" not in recorded.replace("viscaffold add-stage", "")
    assert not (here / "orders/.github").exists()


def test_a_hyphen_in_the_name_becomes_an_underscore_in_the_package(here: Path) -> None:
    viscaffold("new", "order-api")

    assert (here / "order-api/src/order_api/__main__.py").exists()


@pytest.mark.parametrize("place", ["./orders", "below/deeper/orders", "../beside/orders", "ABS"])
def test_a_path_says_where(here: Path, place: str) -> None:
    target = Path(str(here / "orders") if place == "ABS" else place)
    ran = viscaffold("new", str(target))

    assert ran.code == 0, ran.err
    assert (target / "pyproject.toml").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("", "my orders", 'or"ders', "or'ders", "🚀", "x" * 300, "class", "json", "Orders", "-x"),
        *("or;ders", "$(touch pwned)", "a\nb", "tests"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_is_made(here: Path, name: str) -> None:
    ran = viscaffold("new", "--", name)

    assert ran.code == 2
    assert "cannot be a service's name" in ran.err
    assert "Try: viscaffold new " in ran.err
    assert list(here.iterdir()) == []
    assert list(here.parent.iterdir()) == [here]


def test_an_empty_directory_is_used(here: Path) -> None:
    (here / "orders").mkdir()
    inode = (here / "orders").stat().st_ino
    ran = viscaffold("new", "orders")

    assert ran.code == 0, ran.err
    assert (here / "orders").stat().st_ino == inode
    assert git(here / "orders", "status", "--porcelain") == ""


def test_the_current_directory_is_used_when_it_is_empty(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "orders").mkdir()
    monkeypatch.chdir(here / "orders")
    ran = viscaffold("new", ".")

    assert ran.code == 0, ran.err
    assert (here / "orders/src/orders").exists()
    assert "cd" not in ran.err.split("Next:")[1].splitlines()[1]


@pytest.mark.usefixtures("here")
def test_no_stage_is_suggested_that_is_there() -> None:
    assert "viscaffold add-stage auth" in viscaffold("new", "orders", "--no-git").err
    grown = viscaffold("new", "shop", "--no-git", "--stage", "auth").err

    assert "add-stage" not in grown.split("Next:")[1]
    assert "viscaffold stages" in grown.split("Next:")[1]


def test_a_directory_that_is_not_empty_is_refused(here: Path) -> None:
    (here / "orders").mkdir()
    (here / "orders/mine").write_text("mine", encoding="utf-8")
    ran = viscaffold("new", "orders")

    assert ran.code == 5
    assert "exists and is not empty" in ran.err
    assert files(here) == {"orders/mine": b"mine"}


@pytest.mark.parametrize("place", ["orders", "orders/below"])
def test_a_file_in_the_way_is_refused(here: Path, place: str) -> None:
    (here / "orders").write_text("a file", encoding="utf-8")
    ran = viscaffold("new", place)

    assert ran.code == 5
    assert "is not a directory" in ran.err
    assert files(here) == {"orders": b"a file"}


def test_a_dangling_link_in_the_way_is_refused(here: Path) -> None:
    (here / "orders").symlink_to("nowhere")

    assert viscaffold("new", "orders").code == 5
    assert (here / "orders").is_symlink()


def test_a_parent_that_may_not_be_written_to_is_an_error(
    here: Path, small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:  # whom no permission stops
        place = small_disk("ro")
    else:
        place = here
        here.chmod(0o555)
    monkeypatch.chdir(place)
    ran = viscaffold("new", "orders")
    here.chmod(0o755)

    assert ran.code == 1, ran.err
    assert "Permission denied" in ran.err or "Read-only file system" in ran.err
    assert "nothing was changed" in ran.err
    assert list(place.iterdir()) == []


def test_without_git_the_remedy_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    ran = viscaffold("new", "orders")

    assert ran.code == 1
    assert "git was not found" in ran.err
    assert "install git" in ran.err
    assert list(here.iterdir()) == []


def test_without_git_a_service_can_be_made_without_a_repository(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(here))
    ran = viscaffold("new", "orders", "--no-git")

    assert ran.code == 0, ran.err
    assert not (here / "orders/.git").exists()


def test_a_git_that_is_too_old_to_add_stages_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viscaffold("new", "orders")
    binaries = here.parent / "bin"
    binaries.mkdir()
    (binaries / "git").write_text("#!/bin/sh\necho git version 2.30.2\n", encoding="utf-8")
    (binaries / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(binaries))
    monkeypatch.chdir("orders")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 1
    assert "git version 2.30.2 is too old" in ran.err


@pytest.mark.parametrize("home", ["set", "unset"])
def test_without_a_name_for_the_commit_the_remedy_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    if home == "set":
        monkeypatch.setenv("HOME", str(here.parent))
    else:
        monkeypatch.delenv("HOME")
    ran = viscaffold("new", "orders")

    assert ran.code == 1
    assert "git config --global user.name" in ran.err
    assert list(here.iterdir()) == []


def test_a_commit_that_a_hook_refuses_leaves_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = here.parent / "templates"
    (templates / "hooks").mkdir(parents=True)
    hook = templates / "hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no commits today >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(templates))
    ran = viscaffold("new", "orders")

    assert ran.code == 1
    assert "no commits today" in ran.err
    assert "--no-git" in ran.err
    assert list(here.iterdir()) == []


def test_what_the_user_ignores_everywhere_is_committed_all_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore = here.parent / "ignore"
    ignore.write_text("Dockerfile\n.env*\ndocs\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.excludesFile")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(ignore))
    viscaffold("new", "orders")

    tracked = git(here / "orders", "ls-files").splitlines()
    assert {"Dockerfile", ".env.example", "docs/runbook.md"} <= set(tracked)
    assert git(here / "orders", "status", "--porcelain", "--ignored") == ""


def test_inside_a_repository_no_second_one_is_made_and_all_is_staged(here: Path) -> None:
    git(here, "init", "--quiet")
    ran = viscaffold("new", "services/orders")

    assert ran.code == 0, ran.err
    assert not (here / "services/orders/.git").exists()
    assert "services/orders/pyproject.toml" in git(here, "ls-files")
    assert "git commit" in ran.err


def test_in_an_ignored_directory_of_a_repository_a_new_one_is_made(here: Path) -> None:
    git(here, "init", "--quiet")
    (here / ".gitignore").write_text("scratch/\n", encoding="utf-8")
    viscaffold("new", "scratch/orders")

    assert (here / "scratch/orders/.git").is_dir()
    assert git(here, "ls-files") == ""


def test_an_unknown_stage_is_refused_with_the_closest_one(here: Path) -> None:
    ran = viscaffold("new", "orders", "--stage", "auht")

    assert ran.code == 2
    assert "did you mean auth" in ran.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--language", "cobol"], "language is one of python, rust, not 'cobol'"),
        (["--answer", "ci=x"], "ci is one of github, gitlab, none, not 'x'"),
        (["--answer", 'description=say "hi"'], "without double quotes"),
        (["--answer", "nope=1"], "there is no question 'nope'"),
        (["--langauge", "python"], "Did you mean"),
        (["--like", ""], "--like names no service"),
        (["--preset", ""], "--preset names none"),
        (["--preset", "", "--like", ""], "exclude each other"),
    ],
)
def test_bad_answers_are_refused(here: Path, flags: list[str], message: str) -> None:
    ran = viscaffold("new", "orders", *flags)

    assert ran.code == 2
    assert message in ran.err
    assert list(here.iterdir()) == []


def test_without_a_terminal_a_missing_name_is_an_error_that_says_what_to_type(here: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scaffolder", "new"],
        cwd=here,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert ran.returncode == 2
    assert "NAME_OR_PATH is missing" in ran.stderr
    assert "viscaffold new orders" in ran.stderr


def test_a_pipe_that_closes_early_costs_no_traceback(here: Path) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m scaffolder stages | true",
        shell=True,
        cwd=here,
        text=True,
        capture_output=True,
        check=False,
    )

    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@scan_left_open
def test_a_full_disk_leaves_nothing(
    small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = small_disk("size=100k")
    monkeypatch.chdir(disk)
    ran = viscaffold("new", "orders")

    assert ran.code == 1, ran.err
    assert "No space left" in ran.err
    assert list(disk.iterdir()) == []


@scan_left_open
def test_a_failing_render_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scaffolder.overlays import resolve
    from scaffolder.templates import template

    broken = here.parent / "template"
    shutil.copytree(template.builtin().root / "template", broken / "template")
    shutil.copy(template.builtin().root / "copier.yml", broken)
    (broken / "template/python/broken.jinja").write_text("{{ nothing.here }}", encoding="utf-8")
    monkeypatch.setattr(
        resolve, "builtin", lambda: template.Template(broken, "viscaffold", "1", "")
    )
    ran = viscaffold("new", "orders")

    assert ran.code != 0
    assert "cannot be rendered" in ran.err
    assert list(here.iterdir()) == []


def test_the_base_image_can_be_pinned_by_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = f"sha256:{'0a' * 32}"
    viscaffold("new", "orders", "--answer", f"image_digest={digest}")
    wrong = viscaffold("new", "other", "--answer", "image_digest=latest")
    lines = (tmp_path / "orders/Dockerfile").read_text(encoding="utf-8").splitlines()

    pinned = f"_IMAGE=python:3.13-slim-trixie@{digest}"
    assert [line for line in lines if line.endswith(pinned)] == [
        f"ARG BUILDER{pinned}",
        f"ARG RUNTIME{pinned}",
    ]
    assert wrong.code == 2
    assert "a digest is sha256:" in wrong.err
