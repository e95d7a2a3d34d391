"""A repository that came from somewhere else runs nothing, and leads nowhere but to itself."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeService, git, viscaffold

from scaffolder.engine import git as engine_git
from scaffolder.engine import safe_paths
from scaffolder.errors import RefusedError
from scaffolder.operations import service as project

ANSWERS = ".copier-answers.yml"


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a directory of the user's, with a file that nothing may touch."""
    home = tmp_path / "outside"
    home.mkdir()
    (home / "profile").write_text("mine\n", encoding="utf-8")
    return home


# --- Which repository ---


def test_a_bare_repository_that_is_tracked_content_is_not_used(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    for path in (root / ".git").iterdir():
        shutil.move(path, root)
    (root / ".git").rmdir()
    mark = tmp_path / "ran"
    with (root / "config").open("a", encoding="utf-8") as config:
        config.write(f"[core]\nbare = false\nworktree = .\nfsmonitor = touch {mark}\n")
        config.write(f'[filter "x"]\nclean = touch {mark}; cat\nsmudge = touch {mark}; cat\n')
    (root / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    for command in (["status"], ["add-stage", "api"], ["undo"]):
        ran = viscaffold(*command)
        assert ran.code == 5, command
        assert "safe.bareRepository" in ran.err
    assert not mark.exists()


def test_a_work_tree_of_a_bare_clone_works(service: MakeService, tmp_path: Path) -> None:
    root = service()
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "all/.bare")
    git(tmp_path / "all/.bare", "worktree", "add", "--quiet", "-b", "work", str(tmp_path / "all/w"))
    os.chdir(tmp_path / "all/w")

    assert viscaffold("add-stage", "api").code == 0
    assert git(tmp_path / "all/w", "diff", "--staged", "--name-only")


def test_a_submodule_and_a_git_directory_elsewhere_work(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "one")
    git(tmp_path / "one", "commit", "--quiet", "--allow-empty", "--message", "x")
    git(tmp_path, "init", "--quiet", "all")
    command = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../one", "sub")
    git(tmp_path / "all", *command)
    git(tmp_path, "init", "--quiet", "--separate-git-dir", str(tmp_path / "store"), "apart")

    for place in ("all/sub", "apart"):
        found = engine_git.repository(tmp_path / place)
        assert found is not None
        assert found.top == (tmp_path / place).resolve()


def test_nothing_that_the_configuration_of_a_submodule_names_is_run(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    git(tmp_path, "init", "--quiet", "one")
    (tmp_path / "one/.gitattributes").write_text("* filter=x\n", encoding="utf-8")
    git(tmp_path / "one", "add", "--all")
    git(tmp_path / "one", "commit", "--quiet", "--message", "x")
    command = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(root, *command, str(tmp_path / "one"), "sub")
    git(root, "commit", "--quiet", "--message", "x")
    mark = tmp_path / "ran"
    git(root / "sub", "config", "core.fsmonitor", f"touch {mark}; false")
    git(root / "sub", "config", "filter.x.clean", f"touch {mark}; cat")
    os.utime(root / "sub/.gitattributes", (1, 1))  # git has to read it, to see whether it changed
    for typed in (["status"], ["add-stage", "api"], ["status"], ["undo"], ["update", "--check"]):
        assert viscaffold(*typed).code == 0, typed

    assert not mark.exists()


def test_a_work_tree_that_is_set_to_be_elsewhere_is_refused(
    service: MakeService, outside: Path
) -> None:
    root = service()
    git(root, "config", "core.worktree", str(outside))
    before = snapshot(outside)
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert f"has its work tree in {outside}" in ran.err
    assert snapshot(outside) == before


@pytest.mark.parametrize("linked", [False, True])
def test_a_git_file_that_leads_into_another_repository_is_refused(
    service: MakeService, tmp_path: Path, *, linked: bool
) -> None:
    root = service()
    git(tmp_path, "init", "--quiet", "theirs")
    theirs = tmp_path / "theirs"
    git(theirs, "commit", "--quiet", "--allow-empty", "--message", "x")
    target = theirs / ".git"
    if linked:
        git(theirs, "worktree", "add", "--quiet", str(tmp_path / "linked"))
        target = theirs / ".git/worktrees/linked"
    shutil.rmtree(root / ".git")
    (root / ".git").write_text(f"gitdir: {target}\n", encoding="utf-8")
    before = snapshot(theirs / ".git")
    ran = viscaffold("add-stage", "api")

    assert ran.code == 5
    assert "which belongs to" in ran.err
    assert snapshot(theirs / ".git") == before


def test_hooks_and_monitors_of_a_repository_do_not_run(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    mark = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    script.chmod(0o755)
    (root / ".git/hooks").mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "pre-commit", "post-checkout"):
        shutil.copy(script, root / ".git/hooks" / name)
    git(root, "config", "core.fsmonitor", str(script))
    mark.unlink(missing_ok=True)

    assert viscaffold("status").code == 0
    assert viscaffold("add-stage", "api").code == 0
    assert viscaffold("undo").code == 0
    assert not mark.exists()


def test_answers_of_another_user_in_a_folder_above_are_refused(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    below = root / "below"
    below.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)

    assert project.root(below) == root  # git trusts the repository
    shutil.rmtree(root / ".git")
    with pytest.raises(RefusedError, match="belongs to another user"):
        project.root(below)


# --- Paths ---


@pytest.mark.parametrize(
    "path",
    ["", "/x", "../x", "a/../../x", "a//x", "./x", "a/.", ".git/config", "a/.GIT/x", "git~1/x",
     ".git /x", ".git./x", ".git::$INDEX_ALLOCATION/x", ".g\u200cit/x", "a\\.git\\x", "x\0y",
     "x" * 1001, "x\ud800"],
)  # fmt: skip
def test_a_path_that_leads_out_or_into_git_is_none(path: str) -> None:
    assert safe_paths.problem(path)


@pytest.mark.parametrize(
    "path", ["x", "a/b", ".github/x", ".gitignore", "-x", "a b/ñ", "..x", "git", "byte\udcff"]
)
def test_other_paths_are_taken(path: str) -> None:
    assert safe_paths.problem(path) == ""


# --- Records ---

Spoil = Callable[[dict[str, Any]], object]
UP = "../outside/profile"
STOOD = {"before": None, "after": None, "old": None, "new": None}

SPOILT: dict[str, Spoil] = {
    "a file above": lambda r: r["files"].update({UP: STOOD}),
    "an absolute file": lambda r: r["files"].update({"/etc/passwd": STOOD}),
    "a file of git's": lambda r: r["files"].update({".Git/config": STOOD}),
    "a prefix above": lambda r: r.update(prefix="../"),
    "an absolute prefix": lambda r: r.update(prefix="/"),
    "a prefix that is no directory": lambda r: r.update(prefix="a"),
    "half of a character": lambda r: r["files"].update({"\ud800": r["files"]["README.md"]}),
    "a directory above": lambda r: r.update(directories=["../outside"]),
    "a record above": lambda r: r.update(undoes="../../../outside"),
    "no answers": lambda r: r["files"].clear(),
    "a mode": lambda r: r["files"][ANSWERS].update(after={"mode": "100644\n", "oid": "0" * 40}),
    "a fingerprint": lambda r: r["files"][ANSWERS].update(old="file x"),
    "a list of numbers": lambda r: r.update(directories=[1]),
    "text for a list": lambda r: r.update(conflicts="x"),
    "one version": lambda r: r.update(versions=["1"]),
    "a number": lambda r: r.update(head=1),
    "a list for files": lambda r: r.update(files=[]),
    "another key": lambda r: r.update(more=1),
}


def killed(root: Path) -> Path:
    """Make a service as after `add-stage`, and its record one of an operation that was killed."""
    assert viscaffold("add-stage", "api").code == 0
    (record,) = (root / ".git/viscaffold/done").glob("*/1")
    return record.rename(root / ".git/viscaffold/running")


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("state", ["running", "done"])
def test_a_record_that_leads_elsewhere_is_refused(
    service: MakeService, outside: Path, spoil: Spoil, state: str
) -> None:
    root = service()
    running = killed(root)
    record = json.loads((running / "record.json").read_text(encoding="utf-8"))
    spoil(record)
    (running / "record.json").write_text(json.dumps(record), encoding="utf-8")
    if state == "done":
        key = hashlib.sha256(b"").hexdigest()[:16]
        running.rename(root / ".git/viscaffold/done" / key / "1")
    before = snapshot(outside)
    ran = viscaffold("undo")

    assert ran.code == 5, ran.err
    assert "record.json" in ran.err
    assert snapshot(outside) == before
    assert outside.is_dir()


def test_a_record_without_an_end_is_refused(service: MakeService) -> None:
    running = killed(service())
    (running / "record.json").write_text("[" * 100_000, encoding="utf-8")

    assert viscaffold("undo").code == 5


def fingerprint(content: bytes) -> str:
    return f"file {hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize("way", ["work tree", "copy", "content"])
def test_taking_back_follows_no_link_and_trusts_no_copy(
    service: MakeService, outside: Path, way: str
) -> None:
    """A link in the way to a file, one in the way to its copy, and a copy with other content."""
    root = service()
    running = killed(root)
    record = json.loads((running / "record.json").read_text(encoding="utf-8"))
    git(root, "reset", "--quiet")  # halfway: the index has not the operation's answers
    there, kept = root / "docs/profile", running / "old/docs/profile"
    entry = {**STOOD, "old": fingerprint(b"mine\n"), "new": fingerprint(b"theirs\n")}
    record["files"] = {ANSWERS: record["files"][ANSWERS], "docs/profile": entry}
    (running / "record.json").write_text(json.dumps(record), encoding="utf-8")
    there.write_bytes(b"theirs\n")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(b"evil\n")
    if way == "work tree":
        entry["new"], entry["old"] = fingerprint(b"mine\n"), None
        (running / "record.json").write_text(json.dumps(record), encoding="utf-8")
        shutil.rmtree(root / "docs")
        (root / "docs").symlink_to(outside)
    elif way == "copy":
        shutil.rmtree(kept.parent)
        kept.parent.symlink_to(outside)
    before = snapshot(outside)
    viscaffold("status")

    assert snapshot(outside) == before
    assert not (running).exists()
    if way != "work tree":
        assert there.read_bytes() == b"theirs\n"


@pytest.mark.parametrize(
    "name", ["", "lock", "running", "done", "kept", "cache", "done/x", "index"]
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_links_and_pipes_in_the_journal_are_refused(
    service: MakeService, outside: Path, name: str, kind: str
) -> None:
    root = service()
    home = root / ".git/viscaffold"
    place = home / name
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(outside / "profile" if name in ("lock", "index") else outside)
    before = snapshot(outside)
    for command in (["add-stage", "api"], ["undo"], ["status"]):
        ran = viscaffold(*command)
        assert ran.code == 5, command
        assert "so viscaffold did not make it" in ran.err
    assert snapshot(outside) == before
    assert list(outside.iterdir()) == [outside / "profile"]


def test_renders_that_came_with_a_repository_are_not_used(
    service: MakeService, tmp_path: Path
) -> None:
    """They say by themselves that they are intact: what stands beside records is no witness."""
    root = service()
    planted = root / ".git/viscaffold/cache"
    planted.mkdir(parents=True, exist_ok=True)
    cache = tmp_path / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        viscaffold("status")
        for entry in (cache / "viscaffold/renders").iterdir():
            body = json.dumps({ANSWERS: ["100644", ""], "evil.py": ["100755", ""]}).encode()
            digest = hashlib.sha256(body).hexdigest().encode()
            (planted / entry.name).write_bytes(digest + b"\n" + body)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
        ran = viscaffold("status", "--json")

    assert ran.json()["missing"] == []
    assert ran.json()["modified"] == []


def test_git_is_asked_for_no_repository_by_chance(tmp_path: Path) -> None:
    """What every git that the tool starts is told."""
    git(tmp_path, "init", "--quiet", "--bare", "x")
    done = subprocess.run(
        ["git", *engine_git.MEANT, "rev-parse", "--git-dir"],
        cwd=tmp_path / "x", capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 128
