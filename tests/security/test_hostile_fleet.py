"""A fleet runs nothing that its repositories name, ends in time, and says what it changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from conftest import commit, git, viscaffold
from running import command_lines
from teams import MakeRepository, tag

from scaffolder.errors import RefusedError
from scaffolder.fleet import checkout, pool, repositories
from scaffolder.fleet.work import Job

pytestmark = pytest.mark.slow

BRANCH = "viscaffold/update-acme-1.1"
OLD_FILE = "template/python/.github/CODEOWNERS.jinja"


@pytest.fixture
def behind(repository: MakeRepository) -> Callable[..., list[Path]]:
    """Make services of a team's template that has a newer version."""

    def make(*names: str) -> list[Path]:
        root = repository()
        for name in names:
            assert viscaffold("new", name, "-t", f"file://{root}@1.0", "--trust").code == 0
        tag(root, "1.1", {OLD_FILE: "* @acme/all\n"})
        return [Path(name).absolute() for name in names]

    return make


Behind = Callable[..., list[Path]]


def rows(*args: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = viscaffold("fleet", *args, "--json").json()["repositories"]
    return found


SSH = """\
#!/bin/sh
for last; do :; done
exec sh -c "$last"
"""
"""As ssh, but it runs on this machine what it was to run on another."""


def test_what_the_users_configuration_includes_for_a_place_counts_there(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = behind("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    git(root, "remote", "add", "origin", f"ssh://git.example.com{server}")
    program = tmp_path / "ssh"
    program.write_text(SSH, encoding="utf-8")
    program.chmod(0o755)
    included, user = str(tmp_path / "work.inc"), str(tmp_path / "user.inc")
    git(root, "config", "--file", user, "include.path", "~/.gitconfig")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", user)
    git(root, "config", "--file", included, "core.sshCommand", str(program))
    git(root, "config", "--file", included, "ssh.variant", "simple")
    git(root, "config", "--file", user, f"includeIf.gitdir:{root}/.path", included)

    (found,) = rows("update", "one", "--push")

    assert (found["state"], found["pushed"]) == ("updated", True), found
    assert git(server, "rev-parse", BRANCH).strip() == found["commit"]


@pytest.mark.parametrize("folder", ["my apps", "a~b^c", "x.lock", "x..y", "end."])
def test_a_folder_of_any_name_gets_a_branch(
    repository: MakeRepository, tmp_path: Path, folder: str
) -> None:
    root = repository()
    git(tmp_path, "init", "--quiet", "mono")
    made = viscaffold("new", f"mono/{folder}/orders", "-t", f"file://{root}@1.0", "--trust")
    assert made.code == 0, made.err
    commit(tmp_path / "mono")
    tag(root, "1.1", {OLD_FILE: "* @acme/all\n"})
    (found,) = rows("update", f"mono/{folder}")

    assert found["state"] == "updated", found
    assert git(tmp_path / "mono", "rev-parse", str(found["branch"])).strip() == found["commit"]


@pytest.fixture
def script(tmp_path: Path) -> tuple[Path, Path]:
    """Return a program that leaves a mark, and the mark."""
    mark, program = tmp_path / "mark", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    return program, mark


def test_nothing_that_a_repositorys_configuration_names_is_run(
    behind: Behind, script: tuple[Path, Path], tmp_path: Path
) -> None:
    (root,) = behind("one")
    program, mark = script
    server = servers.bare(root, tmp_path / "srv/one.git")
    git(root, "remote", "add", "origin", str(server))
    (root / ".gitattributes").write_text("docs/* filter=x merge=x\n", encoding="utf-8")
    commit(root)
    for name in ("post-checkout", "reference-transaction", "pre-commit", "pre-push"):
        (root / ".git/hooks").mkdir(exist_ok=True)
        shutil.copy(program, root / ".git/hooks" / name)
    for name in (
        *("core.fsmonitor", "core.sshCommand", "core.editor", "core.pager", "gpg.program"),
        *("diff.external", "filter.x.smudge", "filter.x.clean", "filter.x.process"),
        *("merge.x.driver", "credential.helper", "core.askPass", "gc.recentObjectsHook"),
        *("core.alternateRefsCommand", "remote.origin.receivepack", "remote.origin.uploadpack"),
    ):
        git(root, "config", name, str(program))
    git(root, "config", "protocol.ext.allow", "always")
    mark.unlink(missing_ok=True)
    (found,) = rows("update", "one", "--push")

    assert found["state"] == "updated", found
    assert git(server, "rev-parse", BRANCH).strip() == found["commit"]
    assert not mark.exists()


def test_a_remote_that_is_a_program_is_not_pushed_to(
    behind: Behind, script: tuple[Path, Path]
) -> None:
    (root,) = behind("one")
    git(root, "config", "protocol.ext.allow", "always")
    git(root, "remote", "add", "origin", f"ext::{script[0]}")
    (found,) = rows("update", "one", "--push")

    assert found["state"] == "failed"
    assert not script[1].exists()


def test_filters_of_the_users_own_configuration_are_theirs(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = behind("one")
    (root / ".gitattributes").write_text(".github/* filter=upper\n", encoding="utf-8")
    commit(root)
    (refused,) = rows("update", "one")
    for number, (key, value) in enumerate(
        [("clean", "tr a-z A-Z"), ("smudge", "tr A-Z a-z")], start=0
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"filter.upper.{key}")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    git(root, "add", "--renormalize", ".")
    git(root, "commit", "--quiet", "--message", "as stored")
    (found,) = rows("update", "one")

    assert "is stored through the filter upper" in str(refused["reason"])
    assert found["state"] == "updated", found
    assert git(root, "show", f"{BRANCH}:.github/CODEOWNERS") == "* @ACME/ALL\n"


def test_who_commits_is_the_repositorys_own_choice(behind: Behind) -> None:
    (root,) = behind("one")
    git(root, "config", "user.email", "ada@work.example.com")
    viscaffold("fleet", "update", "one")

    assert git(root, "log", "-1", "--format=%ae", BRANCH) == "ada@work.example.com\n"


def test_a_bare_repository_in_a_folder_is_content(
    behind: Behind, script: tuple[Path, Path]
) -> None:
    (root,) = behind("one")
    program, mark = script
    outer = root.parent / "outer"
    outer.mkdir()
    shutil.copytree(root, outer / "sub")
    for path in (outer / "sub/.git").iterdir():
        shutil.move(path, outer / "sub")
    (outer / "sub/.git").rmdir()
    (outer / "sub/config").write_text(
        f'[core]\nbare = false\nworktree = .\n[filter "x"]\nclean = {program}\n',
        encoding="utf-8",
    )
    (outer / "sub/docs/.gitattributes").write_text("* filter=x\n", encoding="utf-8")
    git(outer, "init", "--quiet")
    git(outer, "add", "--all", "--force")
    git(outer, "commit", "--quiet", "--message", "nothing to see")
    (found,) = rows("update", f"file://{outer}")

    assert found["state"] == "updated", found
    assert not mark.exists()


def test_a_link_for_answers_is_no_service(behind: Behind, tmp_path: Path) -> None:
    (root,) = behind("one")
    (tmp_path / "elsewhere").write_bytes((root / ".copier-answers.yml").read_bytes())
    (root / ".copier-answers.yml").unlink()
    (root / ".copier-answers.yml").symlink_to(tmp_path / "elsewhere")
    commit(root)

    assert "has no service" in str(rows("update", "one")[0]["reason"])


def test_a_repository_that_is_too_large_is_not_checked_out(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = behind("one")
    for name in ("MOST_LISTED", "MOST_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(repositories, name, 1000)
            with pytest.raises(RefusedError, match="too many to list"):
                repositories.services(repositories.find(str(root)))


# --- Time ---


@pytest.fixture
def stuck(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Make two services: git waits for ever when it checks the second one out."""
    good, bad = behind("good", "bad")
    (bad / ".gitattributes").write_text("README.md filter=wait\n", encoding="utf-8")
    commit(bad)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "filter.wait.smudge")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"sleep 1000; : {bad}")
    return [good, bad]


def sleeping(root: Path) -> list[str]:
    return [line for line in command_lines() if f": {root}" in line]


def test_a_job_that_takes_too_long_is_ended_with_all_that_it_started(stuck: list[Path]) -> None:
    _, bad = stuck
    found = {o.repository: o for o in pool.outcomes([Job("bad", update=True)], 1, 8)}

    assert found["bad"].state == "failed"
    assert found["bad"].reason == "it took longer than 8 s"
    assert not sleeping(bad)


def test_the_others_are_done_meanwhile(stuck: list[Path]) -> None:
    assert stuck
    jobs = [Job("bad", update=True), Job("good", update=True)]
    found = [outcome.state for outcome in pool.outcomes(jobs, 2, 60 if os.cpu_count() == 1 else 40)]

    assert found == ["updated", "failed"]


def test_interrupted_it_says_what_was_done(stuck: list[Path]) -> None:
    good, bad = stuck
    command = [sys.executable, "-m", "scaffolder", "fleet", "update", "--jobs", "1", "--json"]
    with subprocess.Popen(
        [*command, "good", "bad", "never"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not sleeping(bad):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    found = {row["repository"]: row for row in json.loads(out)["repositories"]}

    assert process.returncode == 130
    assert "nothing was changed" not in err
    assert {name: row["state"] for name, row in found.items()} == {
        "good": "updated",
        "bad": "interrupted",
        "never": "interrupted",
    }
    assert found["good"]["commit"] == git(good, "rev-parse", BRANCH).strip()
    assert found["bad"]["reason"] == "nothing was changed"
    assert BRANCH not in git(bad, "branch", "--list", "--all")
    assert git(bad, "worktree", "list").count("\n") == 1
    assert not sleeping(bad)


# --- Again ---


def test_by_url_it_finds_its_branch_again_without_a_cache(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root,) = behind("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    commits = []
    for night in range(3):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"night{night}"))
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-01-0{night + 1}T00:00:00")
        (found,) = rows("update", "--push", "--trust", f"file://{server}")
        assert found["state"] == "updated", found
        assert found["pushed"] is True
        commits.append(found["commit"])

    assert commits == [git(server, "rev-parse", BRANCH).strip()] * 3


def test_commits_that_others_added_to_the_branch_stay(behind: Behind, tmp_path: Path) -> None:
    (root,) = behind("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    url = f"file://{server}"
    rows("update", "--push", url)
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, url, "review")
    git(tmp_path / "review", "commit", "--quiet", "--allow-empty", "--message", "reviewed")
    git(tmp_path / "review", "push", "--quiet")
    reviewed = git(server, "rev-parse", BRANCH).strip()
    (again,) = rows("update", "--push", url)

    assert again["state"] == "updated", again
    assert again["commit"] == reviewed == git(server, "rev-parse", BRANCH).strip()


def test_the_reason_is_told_whole(behind: Behind, tmp_path: Path) -> None:
    (root,) = behind("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    hook = server / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'ask the platform team first' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    git(root, "remote", "add", "origin", str(server))
    (found,) = rows("update", "--push", "one")
    table = viscaffold("fleet", "update", "--push", "one").out

    assert found["state"] == "failed"
    assert found["commit"] == git(root, "rev-parse", BRANCH).strip()
    assert "cannot be pushed to: it does not take the branch" in str(found["reason"])
    for words in ("ask the platform team first", "hook declined", "Try: ", f"branch {BRANCH} in"):
        assert words in table


def test_a_branch_that_is_another_is_named_with_its_remedy(behind: Behind, tmp_path: Path) -> None:
    (root,) = behind("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    git(server, "branch", BRANCH, "HEAD")
    before = git(server, "for-each-ref")
    (found,) = rows("update", "--push", f"file://{server}")

    assert found["state"] == "failed"
    assert f"there is a branch {BRANCH} already on file://{server}" in str(found["reason"])
    assert f"git push file://{server} --delete {BRANCH}" in str(found["hint"])
    assert git(server, "for-each-ref") == before


def test_a_place_apart_has_nothing_of_the_repositorys_configuration(behind: Behind) -> None:
    (root,) = behind("one")
    git(root, "config", "filter.x.smudge", "false")
    place = repositories.find(str(root))
    with checkout.checked_out(place.repository, place.commit) as apart:
        listed = apart.git("config", "--list").stdout.decode()

    assert "filter.x" not in listed
