"""Permissions, owner and attributes of a user's file survive whatever replaces its content."""

import os
import stat
import struct
from pathlib import Path

import pytest
from conftest import MakeService, commit, git, state, viscaffold

from scaffolder.engine import permissions
from scaffolder.engine.records import Record
from scaffolder.engine.trees import Blob, Change

SEAM = "src/orders/stages/__init__.py"
MODES = {"README.md": 0o600, "compose.yaml": 0o640, "pyproject.toml": 0o440, SEAM: 0o2755}


def modes(root: Path) -> dict[str, int]:
    return {path: stat.S_IMODE((root / path).stat().st_mode) for path in MODES}


def set_modes(root: Path) -> None:
    for path, mode in MODES.items():
        (root / path).chmod(mode)


def contents(root: Path) -> dict[str, str]:
    return {path: (root / path).read_text(encoding="utf-8") for path in MODES}


def test_every_operation_keeps_modes(service: MakeService) -> None:
    root = service("logging")
    set_modes(root)
    commit(root)
    for words in (("add-stage", "auth"), ("remove-stage", "auth"), ("undo",), ("undo",)):
        before = contents(root)
        ran = viscaffold(*words)
        assert ran.code == 0, ran.err
        assert all(text != before[path] for path, text in contents(root).items())
        assert modes(root) == MODES, words
    assert git(root, "status", "--porcelain") == ""


def test_a_mode_set_after_an_operation_is_kept_by_its_undo(service: MakeService) -> None:
    root = service()
    viscaffold("add-stage", "api")
    set_modes(root)
    (root / SEAM).chmod(0o600)
    assert viscaffold("undo").code == 0

    assert modes(root) == {**MODES, SEAM: 0o600}


def test_a_file_that_a_removal_took_comes_back_with_its_mode(service: MakeService) -> None:
    root = service("api")
    private = root / "src/orders/stages/api/items.py"
    private.chmod(0o600)
    viscaffold("remove-stage", "api")
    assert not private.exists()
    assert viscaffold("undo").code == 0

    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_a_conflict_and_abort_keep_modes(service: MakeService) -> None:
    root = service()
    seam = root / SEAM
    seam.write_text(seam.read_text(encoding="utf-8").replace("= []", "= MINE"), encoding="utf-8")
    set_modes(root)
    commit(root)
    before = state(root)
    ran = viscaffold("add-stage", "api")
    conflicted = modes(root)
    assert viscaffold("add-stage", "--abort").code == 0

    assert ran.code == 3
    assert conflicted == modes(root) == MODES
    assert state(root) == before


def readable_by_others(directory: Path) -> list[Path]:
    """Return what others can reach from a directory on: none below one that is closed to them."""
    found = []
    for path in directory.iterdir():
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            found += readable_by_others(path) if mode & 0o077 else []
        elif mode & 0o077:
            found.append(path)
    return found


def test_copies_are_for_the_user_alone(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    seam = root / SEAM
    seam.write_text(seam.read_text(encoding="utf-8").replace("= []", "= MINE"), encoding="utf-8")
    commit(root)
    home = root / ".git/viscaffold"
    while_prepared: list[tuple[int, bool]] = []
    write = Record.write

    def written(record: Record, into: Path) -> None:
        write(record, into)
        mode = stat.S_IMODE(into.stat().st_mode)
        while_prepared.append((mode, (into / "new/README.md").is_file()))

    monkeypatch.setattr(Record, "write", written)
    viscaffold("add-stage", "api")
    record = next(home.glob("done/*/1"))
    old = (record / "old" / SEAM).read_bytes()
    modes = [stat.S_IMODE(record.stat().st_mode)]
    seam.write_text("half settled\n", encoding="utf-8")
    viscaffold("add-stage", "--abort")

    assert while_prepared[0] == (0o700, True)
    assert old.count(b"= MINE") == 1
    assert modes == [0o700]
    assert stat.S_IMODE((home / "kept/1").stat().st_mode) == 0o700
    assert (home / "kept/1" / SEAM).read_bytes() == b"half settled\n"
    assert readable_by_others(home) in ([], [home / "lock"])


def access_list(path: Path) -> bytes:
    """Return a file's access control list; skip where there are none."""
    name = "system.posix_acl_access"
    # Version 2; owner rw, user 4321 r, group -, mask r, others -: acl(5), linux/posix_acl_xattr.h.
    entries = [(1, 6, -1), (2, 4, 4321), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
    packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(path, name, struct.pack("<I", 2) + packed)
    except (OSError, AttributeError) as error:
        pytest.skip(f"this file system has no access control lists: {error}")
    return os.getxattr(path, name)


def test_access_control_lists_stay(service: MakeService) -> None:
    root = service()
    given = access_list(root / "README.md")
    for words in (("add-stage", "api"), ("remove-stage", "api"), ("undo",), ("undo",)):
        before = contents(root)["README.md"]
        assert viscaffold(*words).code == 0
        assert contents(root)["README.md"] != before
        assert os.getxattr(root / "README.md", "system.posix_acl_access") == given, words


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_the_owner_of_a_file_stays(service: MakeService) -> None:
    root = service()
    os.chown(root / "README.md", 1234, 2345)
    owners = []
    for words in (("add-stage", "api"), ("remove-stage", "api"), ("undo",), ("undo",)):
        assert viscaffold(*words).code == 0
        found = (root / "README.md").stat()
        owners.append((found.st_uid, found.st_gid))

    assert owners == [(1234, 2345)] * 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a group that it is not in")
def test_new_files_get_the_group_of_a_shared_directory(service: MakeService) -> None:
    root = service()
    os.chown(root / "docs", -1, 2345)
    (root / "docs").chmod(0o2775)
    assert viscaffold("add-stage", "api").code == 0

    assert (root / "docs/stages/api.md").stat().st_gid == 2345


def test_extended_attributes_stay(service: MakeService) -> None:
    root = service()
    try:
        os.setxattr(root / "README.md", "user.colour", b"red")
    except (OSError, AttributeError) as error:
        pytest.skip(f"this file system has no extended attributes: {error}")
    assert viscaffold("add-stage", "api").code == 0

    assert os.getxattr(root / "README.md", "user.colour") == b"red"


@pytest.mark.parametrize(
    ("old", "new", "mode", "expected"),
    [
        ("100644", "100755", 0o640, 0o750),
        ("100755", "100644", 0o711, 0o600),
        ("100644", "100644", 0o755, 0o755),  # the user's file system tells no exec bit
    ],
)
def test_the_template_decides_on_the_exec_bit_only_where_it_changes_it(
    tmp_path: Path, old: str, new: str, mode: int, expected: int
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).touch()
    (tmp_path / "old").chmod(mode)
    change = Change("run.sh", Blob(old, "1"), Blob(new, "2"))
    permissions.pass_on(change, tmp_path / "old", tmp_path / "new")

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == expected


def test_files_that_are_not_changed_keep_their_times_and_git_need_not_read_them(
    service: MakeService,
) -> None:
    root = service()
    listed = git(root, "ls-files").splitlines()
    before = {path: (root / path).stat() for path in listed}
    assert viscaffold("add-stage", "api").code == 0

    changed = set(git(root, "diff", "--staged", "--name-only").splitlines())
    for path, found in before.items():
        now = (root / path).stat()
        same = (now.st_mtime_ns, now.st_ino) == (found.st_mtime_ns, found.st_ino)
        assert same != (path in changed), path
    # Without refreshing, git goes by the times that the index has.
    assert git(root, "diff-files", "--name-only") == ""


def test_who_may_not_give_a_file_away_drops_what_ran_as_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    def belongs_to_others(path: Path) -> os.stat_result:
        found = path.stat()
        return os.stat_result([*found[:4], 4321, 4321, *found[6:]])

    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o6755)
    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(Path, "lstat", belongs_to_others)
    permissions.copy(old, new)

    assert stat.S_IMODE(new.stat().st_mode) == 0o755
