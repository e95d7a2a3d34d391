"""`fleet status` and `fleet update`: many repositories, each on its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import servers
from conftest import commit, git, state, viscaffold
from teams import MakeRepository, tag

from scaffolder.overlays.fetch import origin

pytestmark = pytest.mark.slow

CHANGED = {"template/python/.github/CODEOWNERS.jinja": "* @acme/all\n"}
BRANCH = "viscaffold/update-acme-1.1"

KILL = """\
#!/bin/sh
process=$PPID
until tr '\\0' ' ' < /proc/$process/cmdline | grep -q spawn_main; do
    process=$(awk '{print $4}' /proc/$process/stat)
done
kill -9 $process
"""

Fleet = Callable[..., list[Path]]


@pytest.fixture
def team_repository(repository: MakeRepository) -> Path:
    return repository()


@pytest.fixture
def fleet(team_repository: Path) -> Fleet:
    """Make services of the team's template 1.0, and release its version 1.1."""

    def make(*names: str) -> list[Path]:
        for name in names:
            source = f"file://{team_repository}@1.0"
            ran = viscaffold("new", name, "-t", source, "--trust")
            assert ran.code == 0, ran.err
        tag(team_repository, "1.1", CHANGED)
        return [Path(name).absolute() for name in names]

    return make


def outcomes(*args: str) -> tuple[int, dict[str, dict[str, object]]]:
    """Run a command with `--json`; return its code, and what became of each repository."""
    ran = viscaffold("fleet", *args, "--json")
    listed = json.loads(ran.out)["repositories"]
    return ran.code, {entry["repository"]: entry for entry in listed}


def test_each_repository_gets_a_branch_with_a_commit_and_is_not_touched_otherwise(
    fleet: Fleet,
) -> None:
    roots = fleet("one", "two")
    (roots[0] / "untracked").touch()
    with (roots[1] / "README.md").open("a", encoding="utf-8") as page:
        page.write("not staged\n")
    before = [(state(root)[:2], git(root, "rev-parse", "HEAD")) for root in roots]
    behind, status = outcomes("status", "one", "two")
    code, updated = outcomes("update", "one", "two")
    current, _ = outcomes("status", "one", "two", "--to", "acme@1.0")

    assert behind == 10
    assert status["one"]["moves"] == ["acme from 1.0 to 1.1"]
    assert code == 0
    assert current == 0
    assert before == [(state(root)[:2], git(root, "rev-parse", "HEAD")) for root in roots]
    for root in roots:
        entry = updated[root.name]
        assert entry["state"] == "updated"
        assert entry["branch"] == BRANCH
        assert entry["commit"] == git(root, "rev-parse", BRANCH).strip()
        assert git(root, "rev-parse", f"{BRANCH}^") == git(root, "rev-parse", "HEAD")
        assert git(root, "show", f"{BRANCH}:.github/CODEOWNERS") == "* @acme/all\n"
        assert git(root, "log", "-1", "--format=%s", BRANCH) == "Update to template acme@1.1\n"
        assert git(root, "worktree", "list").count("\n") == 1
        assert git(root, "branch", "--show-current").strip() != BRANCH


def test_one_that_is_broken_stops_no_other(fleet: Fleet, tmp_path: Path) -> None:
    fleet("good", "edited", "damaged", "foreign")
    (tmp_path / "edited/.github/CODEOWNERS").write_text("* @mine\n", encoding="utf-8")
    commit(tmp_path / "edited")
    (tmp_path / "damaged/.copier-answers.yml").write_text("{", encoding="utf-8")
    commit(tmp_path / "damaged")
    git(tmp_path / "foreign", "rm", "-q", ".copier-answers.yml")
    commit(tmp_path / "foreign")
    for name in ("empty", "plain"):
        (tmp_path / name).mkdir()
    git(tmp_path / "empty", "init", "--quiet")
    names = ("good", "edited", "damaged", "foreign", "empty", "plain", "nowhere")
    before = git(tmp_path / "edited", "for-each-ref")
    code, found = outcomes("update", *names)

    assert code == 1
    assert {name: found[name]["state"] for name in names} == {
        "good": "updated",
        "edited": "conflict",
        **dict.fromkeys(names[2:], "failed"),
    }
    assert found["edited"]["conflicts"] == [".github/CODEOWNERS"]
    assert git(tmp_path / "edited", "for-each-ref") == before
    for name, words in (
        ("damaged", ".copier-answers.yml cannot be read"),
        ("foreign", "it has no service that viscaffold made"),
        ("empty", "it has no commit yet"),
        ("plain", "it is not in a git repository"),
        ("nowhere", "there is no directory 'nowhere'"),
    ):
        assert words in str(found[name]["reason"])
    assert outcomes("update", "edited")[0] == 3


def test_a_table_is_printed_for_a_person(fleet: Fleet) -> None:
    fleet("one")
    ran = viscaffold("fleet", "update", "one", "nowhere")

    assert ran.out.splitlines() == [
        f"one      updated   branch {BRANCH}",
        "nowhere  failed    there is no directory 'nowhere' to take a template from",
        f"                   Try: write {origin.EXAMPLE}",
    ]
    assert ran.err == "1 failed, 1 updated\n"


def test_running_it_again_finds_its_own_branch(fleet: Fleet) -> None:
    (root,) = fleet("one")
    first = outcomes("update", "one")[1]["one"]["commit"]
    again = outcomes("update", "one")[1]["one"]
    git(root, "branch", "--force", BRANCH, "HEAD")
    blocked = outcomes("update", "one")[1]["one"]

    assert again["state"] == "updated"
    assert again["commit"] == first
    assert blocked["state"] == "failed"
    assert f"there is a branch {BRANCH} already, with other content" in str(blocked["reason"])
    assert f"git branch -D {BRANCH}" in str(blocked["hint"])


def test_nothing_is_pushed_unless_it_is_asked_for(fleet: Fleet, tmp_path: Path) -> None:
    (root,) = fleet("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    git(root, "remote", "add", "origin", str(server))
    outcomes("update", "one")
    without = git(server, "branch", "--list")
    code, found = outcomes("update", "one", "--push")

    assert BRANCH not in without
    assert code == 0
    assert found["one"]["pushed"] is True
    assert git(server, "rev-parse", BRANCH) == git(root, "rev-parse", BRANCH)
    git(root, "remote", "remove", "origin")
    assert "there is no remote origin" in str(
        outcomes("update", "one", "--push")[1]["one"]["reason"]
    )


def test_urls_are_fetched_and_pushed_to(fleet: Fleet, tmp_path: Path) -> None:
    (root,) = fleet("one")
    server = servers.bare(root, tmp_path / "srv/one.git")
    before = git(server, "for-each-ref")
    (tmp_path / "fleet.txt").write_text(
        f"# our services\n\nfile://{server}  # the first\nfile://{server}x\n", encoding="utf-8"
    )
    code, found = outcomes("update", "--file", "fleet.txt")
    entry = found[f"file://{server}"]
    kept = git(Path(str(entry["path"])), "rev-parse", BRANCH).strip()
    unchanged = git(server, "for-each-ref")
    pushed = outcomes("update", f"file://{server}", "--push")

    assert code == 1
    assert entry["state"] == "updated"
    assert entry["commit"] == kept
    assert found[f"file://{server}x"]["state"] == "failed"
    assert unchanged == before
    assert pushed[0] == 0
    assert git(server, "rev-parse", BRANCH).strip() == kept


def test_credentials_of_a_url_are_not_shown(fleet: Fleet, tmp_path: Path) -> None:
    (root,) = fleet("one")
    servers.bare(root, tmp_path / "srv/one.git")
    with servers.http(tmp_path / "srv", "ada:s3cr3t") as base:
        url = base.replace("//", "//ada:s3cr3t@")
        ran = viscaffold("fleet", "status", f"{url}/one.git", f"{url}/other.git", "--json")

    assert [entry["state"] for entry in ran.json()["repositories"]] == ["behind", "failed"]
    assert "s3cr3t" not in ran.out + ran.err


def test_services_of_one_repository_are_updated_in_one_commit(
    team_repository: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "mono")
    for name in ("mono/a/orders", "mono/b/bills"):
        ran = viscaffold("new", name, "-t", f"file://{team_repository}@1.0", "--trust")
        assert ran.code == 0, ran.err
    commit(tmp_path / "mono")
    tag(team_repository, "1.1", CHANGED)
    both = outcomes("update", "mono")[1]["mono"]
    changed = git(tmp_path / "mono", "diff", "--name-only", "HEAD", str(both["commit"])).split()
    one = outcomes("update", "mono/a")[1]["mono/a"]

    assert {"a/orders/.github/CODEOWNERS", "b/bills/.github/CODEOWNERS"} < set(changed)
    assert one["branch"] == f"{BRANCH}-a"


def test_a_service_with_nothing_to_do_is_current(fleet: Fleet) -> None:
    (root,) = fleet("one")
    git(root, "switch", "--quiet", "--create", "work")
    viscaffold("fleet", "update", "one")
    git(root, "merge", "--quiet", BRANCH)
    code, found = outcomes("update", "one")

    assert code == 0
    assert found["one"]["state"] == "current"


def test_an_untrusted_template_is_not_used(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fleet("one", "two")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    refused = outcomes("update", "one", "two")
    agreed = outcomes("update", "one", "two", "--trust")

    assert refused[0] == 1
    assert "is not trusted yet" in str(refused[1]["one"]["reason"])
    assert agreed[0] == 0


@pytest.mark.usefixtures("new_user")
@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "no repositories are given"),
        (("--file", "nowhere"), "'nowhere' cannot be read"),
    ],
)
def test_what_is_typed_wrong_is_a_usage_error(args: tuple[str, ...], words: str) -> None:
    ran = viscaffold("fleet", "status", *args)

    assert ran.code == 2
    assert words in ran.err


def test_a_repository_given_twice_is_one(fleet: Fleet) -> None:
    fleet("one")

    assert list(outcomes("update", "one", "./one", str(Path("one").absolute()))[1]) == ["one"]


def test_a_process_that_is_killed_takes_one_repository_with_it(
    fleet: Fleet, tmp_path: Path
) -> None:
    """A smudge filter of the user's kills the process that checks one repository out."""
    fleet("one", "two", "three")
    script = tmp_path / "kill"
    script.write_text(KILL, encoding="utf-8")
    script.chmod(0o755)
    (tmp_path / "two/.gitattributes").write_text("README.md filter=kill\n", encoding="utf-8")
    commit(tmp_path / "two")
    ran = subprocess.run(
        [sys.executable, "-m", "scaffolder", "fleet", "update", "one", "two", "three", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "filter.kill.smudge",
            "GIT_CONFIG_VALUE_0": str(script),
        },
        timeout=120,
    )
    found = {e["repository"]: e for e in json.loads(ran.stdout)["repositories"]}

    assert ran.returncode == 1
    assert found["one"]["state"] == found["three"]["state"] == "updated"
    assert found["two"]["reason"] == "the process that worked on it was killed"


def test_services_of_both_languages_are_brought_up_to_date(team_repository: Path) -> None:
    source = f"file://{team_repository}@1.0"
    for name, language in (("one", "python"), ("two", "rust")):
        ran = viscaffold("new", name, "--language", language, "-t", source, "--trust")
        assert ran.code == 0, ran.err
    tag(team_repository, "1.1", {**CHANGED, "template/rust/OWNERS.jinja": "{{ team }}\n"})
    code, updated = outcomes("update", "one", "two")

    assert code == 0
    assert {entry["state"] for entry in updated.values()} == {"updated"}
    assert git(Path("two"), "show", f"{BRANCH}:OWNERS") == "pay\n"
    assert "OWNERS" not in git(Path("one"), "ls-tree", "--name-only", BRANCH).splitlines()
