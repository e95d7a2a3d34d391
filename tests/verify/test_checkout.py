"""Exports of trees have the bytes and modes that git has, and lead nowhere else."""

import os
import stat
from pathlib import Path

import pytest
from conftest import git

from scaffolder.engine.git import Git
from scaffolder.errors import RefusedError
from scaffolder.verify import checkout


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    git(root, "init", "--quiet")
    return root


def tree(store: Path, *entries: tuple[str, str, str]) -> str:
    """Write a tree of modes, names and contents; git itself would refuse some of them."""
    lines = ""
    for mode, name, content in entries:
        kind = "commit" if mode == "160000" else "tree" if mode == "40000" else "blob"
        oid = content
        if kind == "blob":
            oid = git(store, "hash-object", "-w", "--stdin", stdin=content).strip()
        lines += f"{mode} {kind} {oid}\t{name}\n"
    return git(store, "mktree", "--missing", stdin=lines).strip()


def exported(store: Path, name: str, place: Path) -> Path:
    place.mkdir()
    checkout.export(Git(store), name, place)
    return place


def test_bytes_and_modes_are_those_of_git(store: Path, tmp_path: Path) -> None:
    (store / ".gitattributes").write_text("* text eol=crlf\n*.x export-ignore\n", encoding="utf-8")
    (store / "a.x").write_bytes(b"a\nb\r\n\0")
    (store / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (store / "run").chmod(0o755)
    (store / "link").symlink_to("a.x")
    git(store, "-c", "core.autocrlf=false", "add", "--all")
    expected = git(store, "cat-file", "blob", ":a.x")
    root = exported(store, git(store, "write-tree").strip(), tmp_path / "out")

    assert (root / "a.x").read_bytes().decode() == expected
    assert stat.S_IMODE((root / "run").stat().st_mode) & 0o111
    assert not stat.S_IMODE((root / "a.x").stat().st_mode) & 0o111
    assert (root / "link").readlink() == Path("a.x")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "..", "a/../../x"])
def test_a_link_that_leads_out_is_a_file(store: Path, tmp_path: Path, target: str) -> None:
    root = exported(store, tree(store, ("120000", "link", target)), tmp_path / "out")

    assert not (root / "link").is_symlink()
    assert (root / "link").read_text(encoding="utf-8") == target


def test_a_link_that_leads_out_through_another_one_is_a_file(store: Path, tmp_path: Path) -> None:
    deep = tree(store, ("120000", "up", "../.."))
    folder = tree(store, ("40000", "b", deep))
    name = tree(store, ("40000", "a", folder), ("120000", "out", "a/b/up/../x"))
    root = exported(store, name, tmp_path / "out")

    assert not (root / "out").is_symlink()
    assert os.path.realpath(root / "a/b/up") == str(root)


@pytest.mark.parametrize("name", [".git", ".GIT", "..", "."])
def test_a_path_that_is_not_safe_is_refused(store: Path, tmp_path: Path, name: str) -> None:
    inner = tree(store, ("100644", "config", "x"))
    with pytest.raises(RefusedError, match="cannot be written"):
        exported(store, tree(store, ("40000", name, inner)), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_submodules_are_left_out(store: Path, tmp_path: Path) -> None:
    name = tree(store, ("160000", "module", "1" * 40), ("100644", "file", "x"))
    root = exported(store, name, tmp_path / "out")

    assert [path.name for path in root.iterdir()] == ["file"]


def test_a_mirror_is_like_the_other_one_and_keeps_what_is_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root in (one, other):
        (root / "same").mkdir(parents=True)
        (root / "same/file").write_text("same", encoding="utf-8")
        (root / "changed").write_text(root.name, encoding="utf-8")
    (one / "new").symlink_to("same")
    (other / "target/debug").mkdir(parents=True)
    (other / "same/left").write_text("x", encoding="utf-8")
    (one / "kind").write_text("x", encoding="utf-8")
    (other / "kind").mkdir()
    before = (other / "same/file").stat()
    checkout.mirror(one, other)

    assert (other / "same/file").stat().st_mtime_ns == before.st_mtime_ns
    assert (other / "changed").read_text(encoding="utf-8") == "one"
    assert sorted(p.relative_to(other).as_posix() for p in other.rglob("*")) == sorted(
        p.relative_to(one).as_posix() for p in one.rglob("*")
    )
