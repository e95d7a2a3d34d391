"""Several services in one repository: each operation acts on its own, and is in nobody's way."""

import shutil
from pathlib import Path

import pytest
import yaml
from conftest import Pristine, commit, files, git, viscaffold


@pytest.fixture
def top(tmp_path: Path, pristine: Pristine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the services orders and, with the stage api, shop."""
    top = tmp_path / "all"
    git(tmp_path, "init", "--quiet", "all")
    for name, stages in (("orders", ()), ("shop", ("api",))):
        place = top / "services" / name
        shutil.copytree(pristine(stages), place, ignore=shutil.ignore_patterns(".git"))
    commit(top)
    monkeypatch.chdir(top / "services/orders")
    return top


def conflict(shop: Path) -> None:
    """Leave a conflict: a stage goes, and somebody has changed a file of it."""
    with (shop / "src/orders/stages/api/items.py").open("a", encoding="utf-8") as module:
        module.write("# mine\n")
    commit(shop)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shop)
        assert viscaffold("remove-stage", "api").code == 3


def test_an_operation_leaves_a_neighbour_as_it_is(top: Path) -> None:
    shop = top / "services/shop"
    (shop / "README.md").write_text("mine\n", encoding="utf-8")
    (shop / "new.txt").write_text("mine\n", encoding="utf-8")
    before = files(shop)
    assert viscaffold("add-stage", "logging").code == 0

    staged = git(top, "diff", "--staged", "--name-only").splitlines()
    assert staged
    assert all(path.startswith("services/orders/") for path in staged)
    assert files(shop) == before


def test_each_service_takes_back_its_own_operation(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viscaffold("add-stage", "logging").code == 0
    monkeypatch.chdir(top / "services/shop")
    assert viscaffold("add-stage", "logging").code == 0
    monkeypatch.chdir(top / "services/orders")
    assert viscaffold("undo").code == 0

    staged = git(top, "diff", "--staged", "--name-only").splitlines()
    assert all(path.startswith("services/shop/") for path in staged)
    monkeypatch.chdir(top / "services/shop")
    assert viscaffold("undo").code == 0
    assert git(top, "status", "--porcelain") == ""


def test_conflicts_of_a_neighbour_are_no_obstacle_and_stay(top: Path) -> None:
    shop = top / "services/shop"
    conflict(shop)
    before, unmerged = files(shop), git(shop, "ls-files", "--unmerged", ".")
    ran = viscaffold("add-stage", "logging")

    assert ran.code == 0, ran.err
    assert unmerged
    assert (files(shop), git(shop, "ls-files", "--unmerged", ".")) == (before, unmerged)
    assert viscaffold("undo").code == 0
    assert git(shop, "ls-files", "--unmerged", ".") == unmerged


def test_conflicts_of_its_own_are_an_obstacle(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conflict(top / "services/shop")
    monkeypatch.chdir(top / "services/shop")

    assert viscaffold("add-stage", "logging").code == 5


@pytest.mark.usefixtures("top")
def test_a_service_below_the_top_is_told_what_reads_the_top_alone() -> None:
    ran = viscaffold("new", "../pay")

    assert "cp services/pay/.github/workflows/ci.yml .github/workflows/pay.yml" in ran.err
    assert "PORT=8082 in services/pay/.env" in ran.err
    assert "is called" not in ran.err
    gitlab = viscaffold("new", "../bill", "-a", "ci=gitlab", "--dry-run").err
    assert "include: services/bill/.gitlab-ci.yml" in gitlab
    assert "GitLab" not in viscaffold("new", "../post", "-a", "ci=none", "--dry-run").err


def told_of_ci() -> list[str]:
    found = viscaffold("doctor", "--json").json()["checks"]
    return [each["says"] for each in found if each["id"] == "ci" and each["state"] != "fine"]


def test_its_workflow_runs_for_its_files_in_its_directory_when_it_is_copied_to_the_top(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viscaffold("new", "../pay").code == 0
    monkeypatch.chdir("../pay")
    own, copy = Path(".github/workflows/ci.yml"), top / ".github/workflows/pay.yml"
    flow = yaml.load(own.read_text(encoding="utf-8"), yaml.BaseLoader)
    paths = ["services/pay/**", ".github/workflows/pay.yml"]

    assert [flow["on"][event]["paths"] for event in ("push", "pull_request")] == [paths, paths]
    assert flow["defaults"]["run"]["working-directory"] == "services/pay"
    assert flow["name"] == "CI of pay"  # runs of two services are not one concurrency group
    assert told_of_ci() == ["CI does not run: .github/workflows/pay.yml does not have it"]
    copy.parent.mkdir(parents=True)
    shutil.copy(own, copy)
    assert told_of_ci() == []
    own.write_text("name: mine\n", encoding="utf-8")
    (said,) = told_of_ci()
    assert said.endswith("which is not what services/pay/.github/workflows/ci.yml is now")


def test_a_pipeline_of_gitlab_is_a_child_of_the_one_at_the_top(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viscaffold("new", "../bill", "-a", "ci=gitlab").code == 0
    monkeypatch.chdir("../bill")
    flow = yaml.safe_load(Path(".gitlab-ci.yml").read_text(encoding="utf-8"))

    assert flow["workflow"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "parent_pipeline"'}]
    assert flow["default"]["before_script"] == ["cd services/bill"]
    assert flow["verify"]["artifacts"]["paths"] == ["services/bill/evidence.json"]
    (top / ".gitlab-ci.yml").write_text("other: {script: [echo]}\n", encoding="utf-8")
    assert told_of_ci() == ["CI does not run: .gitlab-ci.yml does not have it"]
    pipeline = "bill: {trigger: {include: services/bill/.gitlab-ci.yml}}\n"
    (top / ".gitlab-ci.yml").write_text(pipeline, encoding="utf-8")
    assert told_of_ci() == []


def test_a_service_that_was_moved_is_found_again(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viscaffold("new", "../pay").code == 0
    commit(top)
    git(top, "mv", "services/pay", "pay")
    commit(top)
    monkeypatch.chdir(top / "pay")

    assert told_of_ci() == ["CI looks for the service in services/pay, and it is in pay"]
    ran = viscaffold("update", "--answer", "directory=pay")
    assert ran.code == 0, ran.err
    assert "services/pay" not in Path(".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert not any("looks for" in said for said in told_of_ci())


def test_a_service_that_came_to_the_top_is_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert viscaffold("new", "pay", "-a", "directory=services/pay").code == 0
    monkeypatch.chdir("pay")

    assert told_of_ci() == ["CI looks for the service in services/pay, and it is in the top"]
    assert viscaffold("update", "--answer", "directory=").code == 0
    assert told_of_ci() == []


@pytest.mark.usefixtures("top")
@pytest.mark.parametrize(
    "odd", ["my services/pay", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}/pay", "-x/pay"]
)
def test_a_path_with_a_meaning_in_workflows_is_not_written_into_one(odd: str) -> None:
    ran = viscaffold("new", f"../../{odd}", "--dry-run")

    assert "CI does not find the service in" in ran.err
    assert "\n+directory: ''" in ran.out


def test_a_service_that_is_called_like_a_neighbour_is_told_so(top: Path) -> None:
    ran = viscaffold("new", str(top / "old/orders"), "--dry-run")

    assert "services/orders is called orders, too" in ran.err


def test_a_service_with_a_repository_of_its_own_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = viscaffold("new", "orders")

    assert "!" not in ran.err


def test_answers_of_strangers_are_no_neighbours(top: Path) -> None:
    for place, text in {
        "odd": "name: &a [*a]\n",
        "copied": "_src_path: gh:other/template\nname: pay\n",
        "big": "#" * (2 << 20),
    }.items():
        (top / place).mkdir()
        (top / place / ".copier-answers.yml").write_text(text, encoding="utf-8")
    (top / "link").mkdir()
    (top / "link/.copier-answers.yml").symlink_to("/dev/zero")
    commit(top)
    ran = viscaffold("new", str(top / "pay"), "--dry-run")

    assert ran.code == 0
    assert "PORT=8082" in ran.err
