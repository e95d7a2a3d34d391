"""Whatever repository a service lives in: growth works there and goes back, or refuses by name."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeService, Ran, commit, files, git, state, viscaffold

pytestmark = pytest.mark.slow

SEAM = "src/orders/stages/__init__.py"
NOTES = "docs/stages/api.md"
NO_HOOKS = ("-c", "core.hooksPath=/dev/null")

Prepare = Callable[[Path], object]
"""Makes a fact; returns the service's directory if it is another one afterwards."""


def all_of(root: Path) -> tuple[object, ...]:
    """Return all that must not change: `state`, the flags of index entries, what is unstaged."""
    flags = git(root, "ls-files", "-v")
    return (*state(root), flags, git(root, "--no-optional-locks", "diff", "--name-only"))


def tree(root: Path) -> str:
    """Return what the service's part of the index is as a tree."""
    words = " ".join(NO_HOOKS)
    command = f'git {words} write-tree --prefix="$(git rev-parse --show-prefix)"'
    return subprocess.check_output(command, shell=True, cwd=root, text=True).strip()


def operation() -> object:
    """Return what is under way as `status` has it."""
    return viscaffold("status", "--json").json()["operation"]


def there_and_back(root: Path, look: Callable[[list[str]], object] = len) -> None:
    """Abort a removal and undo an addition, in a service with the stage api and notes on it.

    `look` is called with the list of files when the stage was added.
    """
    before = all_of(root)
    ran = viscaffold("remove-stage", "api", "--yes")
    assert ran.code == 3, ran.err
    assert NOTES in git(root, "ls-files", "--unmerged")
    assert operation() == {"command": "remove-stage api", "state": "conflicts"}
    ran = viscaffold("remove-stage", "--abort")
    assert ran.code == 0, ran.err
    assert all_of(root) == before

    added = viscaffold("add-stage", "logging", "--json")
    assert added.code == 0, added.err
    assert all_of(root)[-1] == before[-1]  # all of the change is staged
    assert added.json()["tree"] == tree(root)
    assert operation() == {"command": "add-stage logging", "state": "uncommitted"}
    look([entry["path"] for entry in added.json()["files"]])
    ran = viscaffold("undo", "--yes")
    assert ran.code == 0, ran.err
    assert all_of(root) == before
    assert operation() is None


def refused(root: Path, *args: str, because: str, codes: tuple[int, ...] = (5,)) -> Ran:
    """Run a command that has to refuse for the reason given, and to change nothing."""
    before = all_of(root)
    ran = viscaffold(*args)
    assert ran.code in codes, ran.err
    assert because in ran.err
    assert all_of(root) == before
    return ran


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def script(path: Path, text: str) -> Path:
    write(path, f"#!/bin/sh\n{text}\n").chmod(0o755)
    return path


def run(*commands: str) -> Prepare:
    """Prepare with git commands, words separated by spaces."""
    return lambda root: [git(root, *command.split()) for command in commands] and None


def config(*settings: str) -> Prepare:
    return run(*(f"config {setting}" for setting in settings))


def again(*options: str) -> Prepare:
    """Make the repository anew, with other options of `git init`."""

    def prepare(root: Path) -> None:
        shutil.rmtree(root / ".git")
        git(root, "init", "--quiet", *options)
        commit(root)

    return prepare


def elsewhere(*command: str) -> Prepare:
    """Move the repository away, and have git make this directory from that one."""

    def prepare(root: Path) -> None:
        origin = root.rename(root.with_name("origin"))
        git(origin, *(word.replace("ORIGIN", str(origin)) for word in command), str(root))

    return prepare


def whole(root: Path, below: str = "services/orders") -> Path:
    """Make the service a part of a larger repository; return where it is there."""
    top = root.with_name("whole")
    service = top / below
    shutil.copytree(root, service, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    write(top / "other/deep/README", "of another part\n")
    git(top, "init", "--quiet")
    commit(top)
    return service


def sparse(*words: str) -> Prepare:
    """Make a larger repository of which only the service is checked out."""

    def prepare(root: Path) -> Path:
        service = whole(root)
        git(service.parents[1], "sparse-checkout", "set", *words)
        assert not (service.parents[1] / "other").exists()
        return service

    return prepare


def replaced(root: Path) -> None:
    """Have git show another content for a file that a stage changes, and other parents, twice."""
    other = git(root, "hash-object", "-w", "--stdin", stdin="# another\n").strip()
    git(root, "replace", git(root, "rev-parse", f"HEAD:{SEAM}").strip(), other)
    git(root, "replace", "--graft", "HEAD")
    write(root / ".git/info/grafts", git(root, "rev-parse", "HEAD"))


def submodule(root: Path, path: str) -> None:
    source = root.with_name("source")
    source.mkdir()
    git(source, "init", "--quiet")
    write(source / "file", "of the submodule\n")
    commit(source)
    allow = ("-c", "protocol.file.allow=always")
    git(root, *allow, "submodule", "--quiet", "add", str(source), path)
    commit(root, "submodule")


def no_file_modes(root: Path) -> None:
    git(root, "config", "core.fileMode", "false")
    (root / SEAM).chmod(0o755)


def monitored(root: Path) -> None:
    """Have a monitor say that no file ever changes."""
    monitor = script(root.with_name("monitor"), r"printf 'token\0'")
    git(root, "config", "core.fsmonitor", str(monitor))
    git(root, "update-index", "--fsmonitor")
    git(root, "status")


def ignored(root: Path) -> None:
    append(root / ".gitignore", "docs/\nREADME.md\n/src/orders/stages/\n*.toml\ntest_*\n")
    commit(root)
    git(root, "config", "core.excludesFile", str(write(root.with_name("excludes"), "*\n")))


def overlooked(root: Path) -> None:
    """Have git overlook changes to files that no stage concerns, and change them."""
    for flag, path in (("assume-unchanged", "Dockerfile"), ("skip-worktree", "AGENTS.md")):
        git(root, "update-index", f"--{flag}", path)
        append(root / path, "hidden\n")


UNUSUAL = (
    *("color.ui always", "diff.noprefix true", "diff.external false", "diff.renames copies"),
    *("status.showUntrackedFiles no", "core.quotePath false", "core.abbrev 4", "diff.context 0"),
    *("merge.conflictStyle diff3", "merge.renames false", "merge.directoryRenames true"),
    *("submodule.recurse true", "apply.whitespace error", "core.commentChar %", "core.pager false"),
    *("log.showSignature true", "advice.detachedHead false", "core.preloadIndex false"),
    *("diff.algorithm patience", "diff.ignoreSubmodules all", "gc.auto 1", "core.editor false"),
    *(
        "core.compression 0",
        "core.fsmonitor true",
        "core.ignoreCase true",
        "commit.gpgSign true",
        "gpg.program false",
        "core.checkStat minimal",
        "core.trustctime false",
        "core.bigFileThreshold 1",
    ),
)

FACTS: dict[str, Prepare] = {
    "sha256": again("--object-format=sha256"),
    "unusual-configuration": config(*UNUSUAL),
    "no-file-modes": no_file_modes,
    "split-index": run(
        "config core.splitIndex true",
        "config splitIndex.maxPercentChange 100",
        "update-index --split-index",
        "rm --quiet --cached Dockerfile",
    ),
    "many-files": run(
        "config feature.manyFiles true",
        "config index.skipHash true",
        "update-index --index-version 4",
        "update-index --untracked-cache",
    ),
    "fsmonitor-hook": monitored,
    "no-cached-tree": run("update-index --force-remove Dockerfile", "add Dockerfile"),
    "replaced": replaced,
    "shallow": elsewhere("clone", "--quiet", "--depth=1", "file://ORIGIN"),
    "worktree": elsewhere("worktree", "add", "--quiet"),
    "separate": elsewhere(
        "clone", "--quiet", "--shared", "--separate-git-dir=../separate.git", "ORIGIN"
    ),
    "bisect": run("checkout --quiet --detach", "bisect start", "bisect bad"),
    "unborn": run("update-ref -d HEAD"),
    "submodule-elsewhere": lambda root: submodule(root, "vendor/sub"),
    "intent-to-add": lambda root: (
        write(root / "mine.txt", "mine\n"),
        git(root, "add", "--intent-to-add", "mine.txt"),
    ),
    "ignored": ignored,
    "overlooked": overlooked,
    "overlooked-in-the-way": run(f"update-index --assume-unchanged {SEAM}"),
    "sparse-cone": sparse("--cone", "services/orders"),
    "sparse-index": sparse("--cone", "--sparse-index", "services/orders"),
    "sparse-patterns": sparse("--no-cone", "/services/orders/"),
    "from-git-dir": lambda root: os.chdir(root / ".git"),
}


Arrange = Callable[[Prepare], Path]


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory, pristine: MakeService) -> Path:
    """A service with the stage api and notes on it, which was on the way there and back once."""
    root = tmp_path_factory.mktemp("used") / "orders"
    shutil.copytree(pristine(("api",)), root, symlinks=True)
    append(root / NOTES, "My notes\n")
    commit(root)
    with pytest.MonkeyPatch.context() as inside:
        inside.chdir(root)
        there_and_back(root)
    return root


@pytest.fixture(name="arranged")
def arranged_fixture(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arrange:
    """Copy the service `used`, prepare it, and step into it."""

    def arrange(prepare: Prepare) -> Path:
        root = tmp_path / "orders"
        shutil.copytree(used, root, symlinks=True)
        git(root, "status")
        monkeypatch.chdir(root)
        found = prepare(root)
        place = found if isinstance(found, Path) else root
        if not Path.cwd().is_relative_to(place):  # it is another directory now
            monkeypatch.chdir(place)
        return place

    return arrange


@pytest.mark.parametrize("fact", FACTS)
def test_there_is_a_way_there_and_back_whatever_the_repository_is_like(
    arranged: Arrange, fact: str
) -> None:
    there_and_back(arranged(FACTS[fact]))


@pytest.mark.parametrize("fact", ["overlooked", "sparse-index"])
def test_a_dry_run_says_what_comes_and_writes_nothing(arranged: Arrange, fact: str) -> None:
    root = arranged(FACTS[fact])
    before = all_of(root)
    dry = viscaffold("add-stage", "logging", "--dry-run", "--json")
    assert dry.code == 0, dry.err
    assert all_of(root) == before

    assert viscaffold("add-stage", "logging", "--json").json()["tree"] == dry.json()["tree"]


# --- What git is told to overlook ---

GROWTH = (("add-stage", "api"), ("remove-stage", "logging"))
"""For a service with the stage logging: both change the list of stages, among others."""

BACK = (("undo", "--yes"), ("add-stage", "--abort"))


@pytest.mark.parametrize("how", ["assume-unchanged", "skip-worktree", "fsmonitor"])
def test_an_edit_that_git_overlooks_is_refused_as_any_other(service: MakeService, how: str) -> None:
    root = service("logging")
    if how == "fsmonitor":
        monitored(root)
    else:
        git(root, "update-index", f"--{how}", SEAM)
    append(root / SEAM, "# hidden\n")
    assert git(root, "diff", "--name-only") == ""

    for args in GROWTH:
        refused(root, *args, because=SEAM)


@pytest.mark.parametrize("how", ["assume-unchanged", "skip-worktree"])
def test_undo_and_abort_lose_no_edit_that_git_overlooks(service: MakeService, how: str) -> None:
    root = service()
    write(root / NOTES, "My notes\n")
    commit(root)
    seam = (root / SEAM).read_text(encoding="utf-8")
    viscaffold("add-stage", "api")
    git(root, "update-index", f"--{how}", SEAM)
    append(root / SEAM, "# hidden\n")
    aborted = viscaffold("add-stage", "--abort")
    assert aborted.code == 0, aborted.err
    assert (root / SEAM).read_text(encoding="utf-8") == f"{seam}# hidden\n"

    git(root, "update-index", f"--no-{how}", SEAM)
    git(root, "checkout", SEAM)
    viscaffold("add-stage", "logging")
    git(root, "update-index", f"--{how}", SEAM)
    append(root / SEAM, "# hidden\n")
    undone = viscaffold("undo", "--yes")
    assert undone.code == 0, undone.err
    assert (root / SEAM).read_text(encoding="utf-8") == f"{seam}# hidden\n"


SPARSE = {
    "cone": ("--cone", "src", "tests"),
    "index": ("--cone", "--sparse-index", "src", "tests"),
    "patterns": ("--no-cone", "/*", "!/compose.yaml"),
    "patterns-of-a-directory": ("--no-cone", "/*", "!/docs/"),
}


@pytest.mark.parametrize("how", SPARSE)
def test_a_path_outside_the_sparse_checkout_is_refused(service: MakeService, how: str) -> None:
    root = service("logging")
    git(root, "sparse-checkout", "set", *SPARSE[how])
    add, remove = GROWTH
    refused(root, *remove, because="sparse")
    usage = subprocess.run(["git", "sparse-checkout", "-h"], capture_output=True, check=False)
    if how == "patterns" or b"check-rules" in usage.stdout + usage.stderr:
        refused(root, *add, because="sparse")
    else:  # git before 2.41 does not tell where a path that is new would belong
        assert viscaffold(*add).code == 0
        assert git(root, "diff", "--name-only") == ""


@pytest.mark.parametrize("back", BACK, ids=" ".join)
@pytest.mark.parametrize("how", ["index", "patterns"])
def test_the_way_back_is_right_or_refused_when_paths_became_sparse(
    service: MakeService, how: str, back: tuple[str, ...]
) -> None:
    root = service()
    write(root / NOTES, "My notes\n")
    commit(root)
    original = all_of(root)
    viscaffold("add-stage", "api" if "--abort" in back else "logging")
    git(root, "sparse-checkout", "set", *SPARSE[how])
    before = all_of(root)
    ran = viscaffold(*back)
    assert ran.code in (0, 5), ran.err
    if ran.code:
        assert "sparse" in ran.err
        assert all_of(root) == before
    else:
        assert git(root, "status", "--porcelain") == ""
    git(root, "sparse-checkout", "disable")
    if ran.code:
        assert viscaffold(*back).code == 0

    assert all_of(root) == original


# --- What git would run, and where it is told to look ---

HOOKS = """\
applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit commit-msg
prepare-commit-msg post-commit pre-rebase post-checkout post-merge pre-push pre-receive update
proc-receive post-receive post-update reference-transaction push-to-checkout pre-auto-gc
post-rewrite sendemail-validate fsmonitor-watchman p4-changelist p4-prepare-changelist
p4-post-changelist p4-pre-submit post-index-change"""


@pytest.mark.parametrize("where", ["repository", "global"])
def test_no_hook_is_run(arranged: Arrange, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    root = arranged(run())
    ran = root.with_name("ran")
    hooks = root / ".git/hooks" if where == "repository" else root.with_name("hooks")
    for name in HOOKS.split():
        script(hooks / name, f'echo {name} >>"{ran}"; exit 1')
    if where == "global":
        settings = write(root.with_name("config"), f"[core]\n\thooksPath = {hooks}\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    there_and_back(root)

    assert not ran.exists(), ran.read_text(encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "commit", "--allow-empty", "--message", "the hooks do work")


def test_a_new_service_that_cannot_be_signed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = (
        "[user]\n\tname = A\n\temail = a@b\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(write(tmp_path / "config", sign)))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ran = viscaffold("new", "orders")

    assert ran.code == 1
    assert "gpg failed to sign" in ran.err
    assert list((tmp_path / "here").iterdir()) == []


def other_repository(root: Path) -> Path:
    other = root.with_name("other")
    write(other / "src/theirs.py", "# theirs\n")
    git(other, "init", "--quiet")
    commit(other)
    return other


POINTERS = {
    "GIT_DIR": ".git",
    "GIT_COMMON_DIR": ".git",
    "GIT_INDEX_FILE": ".git/index",
    "GIT_WORK_TREE": ".",
    "GIT_OBJECT_DIRECTORY": ".git/objects",
    "GIT_NAMESPACE": "theirs",
    "GIT_CEILING_DIRECTORIES": "src",
}
ALONE = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY")
PATHSPECS = ("GIT_LITERAL_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_NOGLOB_PATHSPECS")


@pytest.mark.parametrize("names", [*((name,) for name in ALONE), tuple(POINTERS), PATHSPECS])
def test_the_environment_of_a_hook_leads_nowhere_else(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    root = service()
    other = other_repository(root)
    before, theirs = all_of(root), all_of(other)
    outcomes = []
    for args in (("add-stage", "api", "--json"), ("status", "--json"), ("undo", "--yes")):
        with monkeypatch.context() as inside:
            for name in names:
                inside.setenv(name, str(other / POINTERS[name]) if name in POINTERS else "1")
            outcomes.append(viscaffold(*args))
        if args[0] == "add-stage":
            assert outcomes[0].json()["tree"] == tree(root), outcomes[0].err
        assert all_of(other) == theirs

    assert [ran.code for ran in outcomes] == [0, 0, 0]
    assert all_of(root) == before


def untouched(root: Path) -> object:
    """Return what must not change where git itself does not work."""
    index = root / ".git/index"
    return files(root), index.read_bytes() if index.exists() else None


COMMANDS = (("add-stage", "api"), ("remove-stage", "logging"), ("undo",), ("status",))


def test_a_repository_that_git_does_not_trust_is_refused_in_its_words(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service("logging")
    before = untouched(root)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for args in COMMANDS:
        ran = viscaffold(*args)
        assert ran.code == 5, args
        assert "detected dubious ownership" in ran.err
        assert "safe.directory" in ran.err

    assert untouched(root) == before


def test_a_repository_without_a_work_tree_is_refused(service: MakeService) -> None:
    root = service("logging")
    git(root, "config", "core.bare", "true")
    before = untouched(root)
    for args in COMMANDS:
        ran = viscaffold(*args)
        assert ran.code == 5, (args, ran.err)
        assert "must be run in a work tree" in ran.err

    assert untouched(root) == before


def test_in_a_bare_repository_there_is_no_service(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    bare = root.with_name("bare.git")
    git(root, "clone", "--quiet", "--bare", str(root), str(bare))
    monkeypatch.chdir(bare)
    for args in COMMANDS:
        ran = viscaffold(*args)
        assert ran.code == 5, (args, ran.err)
        assert "is not in a service" in ran.err


def test_each_worktree_has_its_own_operation(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    write(root / NOTES, "My notes\n")
    commit(root)
    linked = root.with_name("linked")
    git(root, "worktree", "add", "--quiet", str(linked))
    before = {place: all_of(place) for place in (root, linked)}

    def at(place: Path, *args: str) -> Ran:
        monkeypatch.chdir(place)
        return viscaffold(*args)

    assert at(root, "add-stage", "api").code == 3
    assert at(linked, "status", "--json").json()["operation"] is None
    assert at(linked, "undo", "--yes").code == 5
    assert at(linked, "add-stage", "--abort").code == 5
    assert at(linked, "add-stage", "logging").code == 0
    assert at(root, "status", "--json").json()["operation"]["command"] == "add-stage api"
    assert at(root, "add-stage", "--abort").code == 0
    assert all_of(root) == before[root]
    assert at(linked, "status", "--json").json()["operation"]["command"] == "add-stage logging"
    assert at(linked, "undo", "--yes").code == 0
    assert all_of(linked) == before[linked]


# --- What git is in the middle of, and what is broken ---


def stopped(*args: str) -> Prepare:
    """Have git stop at a conflict between two branches."""

    def prepare(root: Path) -> None:
        git(root, "checkout", "--quiet", "-b", "other")
        for number in range(2):
            write(root / "README.md", f"theirs {number}\n")
            commit(root, f"theirs {number}")
        patch = write(root.with_name("patch"), git(root, "format-patch", "--stdout", "-1"))
        git(root, "checkout", "--quiet", "-")
        write(root / "README.md", "mine\n")
        commit(root)
        words = [word.replace("PATCH", str(patch)) for word in args]
        subprocess.run(["git", *words], cwd=root, check=False, capture_output=True)

    return prepare


def picked_one(root: Path) -> None:
    """Settle the first of two commits that are picked, by hand."""
    stopped("cherry-pick", "other~1", "other")(root)
    commit(root)
    assert not (root / ".git/CHERRY_PICK_HEAD").exists()


def reverted_in_a_reftable(root: Path) -> None:
    """Revert where references are in no files; a git that cannot has them in files."""
    usage = subprocess.run(["git", "init", "-h"], capture_output=True, check=False)
    if b"--ref-format" in usage.stdout + usage.stderr:  # since 2.45
        again("--ref-format=reftable")(root)
    stopped("revert", "--no-commit", "HEAD")(root)


EDIT = ("-c", "sequence.editor=sed -i s/^pick/edit/")
UNDER_WAY: dict[str, tuple[str, Prepare]] = {
    "merge": ("merge", stopped("merge", "other")),
    "rebase": ("rebase", stopped("rebase", "other")),
    "rebase-apply": ("rebase", stopped("rebase", "--apply", "other")),
    "rebase-edit": ("rebase", stopped(*EDIT, "rebase", "-i", "HEAD~1")),
    "cherry-pick": ("cherry-pick", stopped("cherry-pick", "other")),
    "cherry-pick-between": ("cherry-pick", picked_one),
    "revert": ("revert", stopped("revert", "--no-commit", "HEAD")),
    "revert-reftable": ("revert", reverted_in_a_reftable),
    "am": ("am", stopped("am", "PATCH")),
    "squash": ("status", stopped("merge", "--squash", "other")),
}


@pytest.mark.parametrize("what", UNDER_WAY)
def test_what_git_is_in_the_middle_of_is_refused_by_name(service: MakeService, what: str) -> None:
    root = service("logging")
    word, prepare = UNDER_WAY[what]
    prepare(root)
    for args in GROWTH:
        refused(root, *args, because=f"git {word}")

    assert viscaffold("status", "--json").code == 0


def blob(root: Path, path: str) -> Path:
    name = git(root, "rev-parse", f":{path}").strip()
    found = root / ".git/objects" / name[:2] / name[2:]
    found.chmod(0o644)
    return found


DAMAGE: dict[str, Prepare] = {
    "index-garbage": lambda root: (root / ".git/index").write_bytes(b"garbage" * 10),
    "index-cut": lambda root: os.truncate(root / ".git/index", 100),
    "index-empty": lambda root: os.truncate(root / ".git/index", 0),
    "config": lambda root: append(root / ".git/config", "[[\n"),
    "head": lambda root: write(root / ".git/HEAD", "garbage\n"),
    "file-missing": lambda root: blob(root, SEAM).unlink(),
    "file-damaged": lambda root: blob(root, SEAM).write_bytes(b"garbage"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_repository_is_left_alone_with_words(service: MakeService, damage: str) -> None:
    root = service("logging")
    append(root / SEAM, "# mine\n")  # else the template has the same file
    commit(root)
    DAMAGE[damage](root)
    before = untouched(root)
    for args in COMMANDS:
        ran = viscaffold(*args)
        assert ran.code in ((0, 1, 5) if args == ("status",) else (1, 5)), (args, ran)
        assert ran.code == 0 or "Error: " in ran.err

    assert untouched(root) == before


@pytest.mark.parametrize("damage", ["index-garbage", "index-empty", "config", "file-damaged"])
@pytest.mark.parametrize("back", BACK, ids=" ".join)
def test_in_a_damaged_repository_the_way_back_is_taken_wholly_or_not_at_all(
    service: MakeService, damage: str, back: tuple[str, ...]
) -> None:
    root = service()
    write(root / NOTES, "My notes\n")
    commit(root)
    original = files(root)
    viscaffold("add-stage", "api" if "--abort" in back else "logging")
    DAMAGE[damage](root)
    before = untouched(root)
    ran = viscaffold(*back)

    assert ran.code in (0, 1, 5), ran
    if ran.code:
        assert "Error: " in ran.err
        assert untouched(root) == before
    else:
        assert files(root) == original


def test_an_object_that_is_missing_elsewhere_does_not_matter(service: MakeService) -> None:
    root = service()
    write(root / "mine.txt", "mine\n")
    commit(root)
    blob(root, "mine.txt").unlink()
    before = all_of(root)
    added = viscaffold("add-stage", "api", "--json")

    assert added.code == 0, added.err
    assert added.json()["tree"] == git(root, "write-tree", "--missing-ok").strip()
    assert viscaffold("undo", "--yes").code == 0
    assert all_of(root) == before
