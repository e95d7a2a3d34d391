"""Sources on real git servers: shallow, by tag, offline afterwards; and all that can be wrong."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import servers
from conftest import files, state, viscaffold
from teams import STAGE, MakeRepository, tag

from scaffolder.overlays import layers
from scaffolder.templates.template import builtin

pytestmark = pytest.mark.slow

Serve = Callable[[Path], AbstractContextManager[str]]
CHANGED = {"template/python/.github/CODEOWNERS.jinja": "* @acme/all\n"}
LOGIN = "ada:s3cr3t-t0ken"


@pytest.fixture
def served(repository: MakeRepository, tmp_path: Path) -> Path:
    """A repository whose copies servers have; `tag` and `servers.bare` renew it."""
    source = repository()
    servers.bare(source, tmp_path / "srv/team.git")
    return source


def renew(served: Path) -> None:
    servers.bare(served, served.parent / "srv/team.git")


def made(source: str, *args: str) -> Path:
    ran = viscaffold("new", "orders", "-t", source, "--trust", *args)
    assert ran.code == 0, ran.err
    os.chdir("orders")
    return Path.cwd()


@pytest.fixture(params=["file", "git", "http"])
def url(request: pytest.FixtureRequest, served: Path, tmp_path: Path) -> Iterator[str]:  # noqa: ARG001 - it is served
    root = tmp_path / "srv"
    if request.param == "file":
        yield f"file://{root}/team.git"
        return
    serve: Serve = {"git": servers.daemon, "http": servers.http}[request.param]
    with serve(root) as base:
        yield f"{base}/team.git"


def test_a_service_is_made_from_a_tag_and_follows_the_next(served: Path, url: str) -> None:
    root = made(f"{url}@1.0")
    before = files(root)
    tag(served, "1.1", CHANGED)
    renew(served)
    ran = viscaffold("update")

    assert ran.code == 0, ran.err
    assert before[".github/CODEOWNERS"] == b"* @acme/pay\n"
    assert files(root)[".github/CODEOWNERS"] == b"* @acme/all\n"


def test_what_is_known_needs_no_server(served: Path, url: str) -> None:
    made(f"{url}@1.0")
    shutil.rmtree(served.parent / "srv/team.git")
    layers.known.clear()

    assert viscaffold("add-stage", "kafka").code == 0
    assert viscaffold("undo").code == 0
    assert viscaffold("status").code == 0
    assert viscaffold("update", "--to", builtin().version).code == 0


def test_a_copy_that_is_damaged_is_fetched_again(served: Path, url: str, tmp_path: Path) -> None:  # noqa: ARG001 - served
    made(f"{url}@1.0")
    (copy,) = (tmp_path / ".user/XDG_CACHE_HOME/viscaffold/overlays/1").iterdir()
    (copy / "stages.yml").write_text("damaged\n", encoding="utf-8")
    layers.known.clear()

    assert viscaffold("add-stage", "kafka").code == 0
    assert "aiokafka" in (copy / "stages.yml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("served")
def test_somebody_else_gets_it_from_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made(f"{url}@1.0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    layers.known.clear()

    assert viscaffold("add-stage", "kafka").code == 0
    assert (tmp_path / "another/viscaffold/overlays").exists()


def without_copies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    layers.known.clear()


def refused(root: Path, *words: str) -> None:
    """Every command that needs the source refuses, and changes nothing."""
    before = state(root)
    for command in ("update", "update --check", "add-stage kafka"):
        ran = viscaffold(*command.split())
        assert ran.code == 5, (command, ran.err)
        for word in words:
            assert word in ran.err, command
    assert state(root) == before


def test_a_source_that_vanished_is_refused(
    served: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = made(f"{url}@1.0")
    without_copies(monkeypatch, tmp_path)
    shutil.rmtree(served.parent / "srv/team.git")

    refused(root, f"{url} cannot be read: the repository does not exist", "it was moved")


def test_a_tag_that_was_moved_is_refused(
    served: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = made(f"{url}@1.0")
    tag(served, "1.0", CHANGED)
    renew(served)
    before = state(root)
    ran = viscaffold("update")
    known = viscaffold("add-stage", "kafka", "--dry-run")
    unchanged = state(root)

    assert ran.code == 5
    assert f"the tag 1.0 of {url} has other content now" in ran.err
    assert known.code == 0, "the content is known, and stays what it was"
    assert unchanged == before
    without_copies(monkeypatch, tmp_path)
    refused(root, f"the tag 1.0 of {url} has other content now")


def test_a_tag_that_moved_to_a_commit_of_the_same_content_is_the_same(
    served: Path, url: str
) -> None:
    made(f"{url}@1.0")
    tag(served, "1.0", {"README.md": "no part of the template\n"})
    renew(served)

    assert viscaffold("update").code == 0


@pytest.mark.usefixtures("served")
def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISCAFFOLD_GIT_SECONDS", "1.5")
    with servers.hanging() as base:
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust")

    assert ran.code == 5
    assert f"{base}/team.git did not answer within 1.5 s" in ran.err
    assert "VISCAFFOLD_GIT_SECONDS=300" in ran.err
    assert not Path("orders").exists()


@pytest.mark.usefixtures("served")
def test_a_limit_that_is_none_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISCAFFOLD_GIT_SECONDS", "soon")
    ran = viscaffold("new", "orders", "-t", "http://127.0.0.1:1/team.git@1.0", "--trust")

    assert ran.code == 2
    assert "VISCAFFOLD_GIT_SECONDS is 'soon': expected seconds" in ran.err


@pytest.mark.usefixtures("served")
def test_a_server_that_is_not_there_is_named() -> None:
    ran = viscaffold("new", "orders", "-t", "http://127.0.0.1:1/team.git@1.0", "--trust")

    assert ran.code == 5
    assert "http://127.0.0.1:1/team.git cannot be read: it cannot be reached" in ran.err


def test_a_server_that_asks_for_a_password_gets_none_and_nobody_is_asked(served: Path) -> None:
    with servers.http(served.parent / "srv", LOGIN) as base:
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust")

    assert ran.code == 5
    assert "it asks for credentials that git does not have here" in ran.err


def everything_written(root: Path) -> bytes:
    found = b""
    for path in root.rglob("*"):
        if path.is_file():
            found += str(path).encode() + path.read_bytes()
    return found


def test_credentials_in_a_url_are_used_and_neither_recorded_nor_printed(
    served: Path, tmp_path: Path
) -> None:
    with servers.http(served.parent / "srv", LOGIN) as base:
        url = f"{base}/team.git".replace("//", f"//{LOGIN}@")
        ran = viscaffold("new", "orders", "-t", f"{url}@1.0", "--trust")
        as_json = viscaffold("new", "other", "-t", f"{url}@1.0", "--json")
        wrong = viscaffold("new", "third", "-t", f"{url.replace('ada', 'bob')}@1.0")
        gone = viscaffold("new", "third", "-t", f"{url}x@1.0")

    assert ran.code == 0, ran.err
    assert f"  from: {base}/team.git\n" in ran.err
    assert wrong.code == gone.code == 5
    for printed in (ran, as_json, wrong, gone):
        assert "s3cr3t" not in printed.out + printed.err
    written = everything_written(tmp_path)
    assert b"s3cr3t" not in written
    assert f"source: {base}/team.git".encode() in written


def test_the_users_credential_helper_is_asked(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, _, password = LOGIN.partition(":")
    helper = f"!f() {{ echo username={user}; echo password={password}; }}; f"
    config = tmp_path / "gitconfig"
    config.write_text(f'[credential]\n\thelper = "{helper}"\n', encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with servers.http(served.parent / "srv", LOGIN) as base:
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
        ran = viscaffold("new", "orders", "-t", f"{base}/team.git@1.0", "--trust", "--no-git")

    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("kind", "words"), [("link", "it is a symbolic link"), ("submodule", "it is a submodule")]
)
def test_what_git_can_hold_and_a_template_cannot_is_refused(
    repository: MakeRepository, kind: str, words: str
) -> None:
    from conftest import git

    source = repository()
    if kind == "link":
        (source / STAGE / "x").symlink_to("/etc/passwd")
        git(source, "add", "--all")
    else:
        oid = git(source, "rev-parse", "HEAD").strip()
        git(source, "update-index", "--add", "--cacheinfo", f"160000,{oid},template/python/x")
    git(source, "commit", "--quiet", "--message", "x")
    git(source, "tag", "2.0")
    ran = viscaffold("new", "orders", "-t", f"file://{source}", "--trust")

    assert ran.code == 5
    assert f"file://{source}@2.0:template/python/" in ran.err
    assert words in ran.err


def test_a_repository_without_versions_says_how_to_make_one(repository: MakeRepository) -> None:
    from conftest import git

    source = repository()
    git(source, "tag", "--delete", "1.0")
    ran = viscaffold("new", "orders", "-t", f"file://{source}", "--trust")

    assert ran.code == 5
    assert f"file://{source} has no tag that is a version" in ran.err
    assert "git tag 1.0 && git push --tags" in ran.err


def test_hooks_and_helpers_of_a_source_do_not_run(
    repository: MakeRepository, tmp_path: Path
) -> None:
    source = repository({".gitattributes": "* filter=x\n"})
    hook = source / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    made(f"file://{source}@1.0")

    assert not (tmp_path / "ran").exists()


def test_a_local_repository_is_a_source_with_a_tag(repository: MakeRepository) -> None:
    source = repository()
    tag(source, "1.1", CHANGED)
    root = made(f"{source}@1.0")

    assert (root / ".github/CODEOWNERS").read_text(encoding="utf-8") == "* @acme/pay\n"
    assert viscaffold("update").code == 0
    assert (root / ".github/CODEOWNERS").read_text(encoding="utf-8") == "* @acme/all\n"
