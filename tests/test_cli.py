"""The command line as a whole: help, version, exit codes, color, completion, a terminal."""

import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pexpect
import pytest
from conftest import MakeService, git, viscaffold
from teams import TEAM, MakeTeam
from terminals import on_terminal

from scaffolder import commands, console
from scaffolder.commands import COMMANDS, load
from scaffolder.templates import template

COMMAND = f"{sys.executable} -m scaffolder"
ESCAPE = "\x1b["


def test_the_version_is_the_distributions() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    ran = viscaffold("--version")

    assert (ran.code, ran.out) == (
        0,
        f"viscaffold {project['project']['version']}, template {template.builtin().version}\n",
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(flag: str) -> None:
    ran = viscaffold(flag)

    assert ran.code == 0
    for name in COMMANDS:
        assert f"  {name} " in ran.out
        command = load(name)
        assert not command.get_short_help_str().endswith("...")
        assert viscaffold(name, flag).code == 0


def test_the_table_of_commands_is_what_the_modules_have() -> None:
    found = {}
    for module in pkgutil.iter_modules(commands.__path__):
        attribute = getattr(import_module(f"{commands.__name__}.{module.name}"), module.name, None)
        if isinstance(attribute, click.Command):
            found[attribute.name] = attribute.short_help

    assert found == COMMANDS


def test_every_command_that_changes_something_takes_yes_and_json() -> None:
    for name in ("new", "add-stage"):
        options = {opt for param in load(name).params for opt in param.opts}
        assert {"--yes", "--json"} <= options


def test_an_unknown_command_gets_the_closest_one() -> None:
    ran = viscaffold("add-stag", "auth")

    assert ran.code == 2
    assert "Did you mean" in ran.err
    assert "add-stage" in ran.err


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from scaffolder import cli; cli.run(['--help']);"
        "print([m for m in ('copier', 'yaml', 'jinja2', 'importlib.metadata', 'subprocess')"
        " if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_fault_of_the_tool_says_how_to_report_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(console, "wants_color", fail)
    ran = viscaffold("stages")

    assert ran.code == 70
    assert "Internal error: ZeroDivisionError: by zero" in ran.err
    assert "report it" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str) -> None:
    ran = viscaffold("completion", shell)

    assert ran.code == 0
    assert "_VISCAFFOLD_COMPLETE" in ran.out


def test_stages_are_completed() -> None:
    environment = {
        **os.environ,
        "_VISCAFFOLD_COMPLETE": "bash_complete",
        "COMP_WORDS": "viscaffold add-stage a",
        "COMP_CWORD": "2",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "scaffolder"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert re.findall(r"plain,(\w+)", ran.stdout) == ["api", "auth"]


def dumb() -> dict[str, str]:
    return {**os.environ, "TERM": "dumb"}


def test_on_a_terminal_that_draws_nothing_the_missing_name_is_asked_for(tmp_path: Path) -> None:
    terminal = on_terminal(f"{COMMAND} new", cwd=tmp_path, env=dumb(), encoding="utf-8", timeout=30)
    terminal.expect("Name of the service")
    terminal.sendline("orders")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert git(tmp_path / "orders", "status", "--porcelain") == ""


def test_on_a_terminal_that_draws_nothing_a_missing_answer_is_asked_for(
    team: MakeTeam, tmp_path: Path
) -> None:
    manifest = TEAM["viscaffold.yml"].replace("    default: pay\n", "    choices: [pay, shop]\n")
    source = team({"viscaffold.yml": manifest})
    command = f"{COMMAND} new orders -t {source} --trust"
    terminal = on_terminal(command, cwd=tmp_path, env=dumb(), encoding="utf-8", timeout=60)
    terminal.expect("Team that owns the service")
    terminal.sendline("shop")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert "team: shop" in (tmp_path / "orders/.copier-answers.yml").read_text(encoding="utf-8")


def test_ctrl_c_at_the_prompt_leaves_nothing_behind(tmp_path: Path) -> None:
    terminal = on_terminal(f"{COMMAND} new", cwd=tmp_path, env=dumb(), encoding="utf-8", timeout=30)
    terminal.expect("Name of the service")
    # Python can miss one that comes just before it waits: then a person presses the keys again.
    for _ in range(10):
        terminal.sendintr()
        if terminal.expect(["nothing was changed", pexpect.TIMEOUT], timeout=2) == 0:
            break
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 130
    assert list(tmp_path.iterdir()) == []


def shown_on_terminal(cwd: Path, command: str, **variables: str) -> str:
    environment = {**os.environ, "TERM": "xterm", **variables}
    terminal = on_terminal(command, cwd=cwd, env=environment, encoding="utf-8", timeout=30)
    terminal.expect(pexpect.EOF)
    return str(terminal.before)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_color_is_for_terminals_that_want_it(
    service: MakeService, variables: dict[str, str]
) -> None:
    root = service()

    assert ESCAPE in shown_on_terminal(root, f"{COMMAND} stages")
    assert ESCAPE not in shown_on_terminal(root, f"{COMMAND} stages", **variables)
    assert ESCAPE not in viscaffold("stages").out


def test_what_takes_long_shows_that_it_is_at_work_on_a_terminal_only(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    slow = tmp_path / "slow" / "git"
    slow.parent.mkdir()
    words = f'case " $* " in *" merge-tree "*) sleep 1;; esac\nexec {shutil.which("git")} "$@"\n'
    slow.write_text(f"#!/bin/sh\n{words}", encoding="utf-8")
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}"
    shown = shown_on_terminal(root, f"{COMMAND} add-stage api", PATH=path)
    piped = viscaffold("add-stage", "auth").err

    assert "adding api" in shown
    assert "adding auth" not in piped


def test_an_interruption_that_python_wraps_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def __set_name__(self, _owner: type, _name: str) -> None:
            raise KeyboardInterrupt

    def interrupted() -> None:
        try:
            type("Made", (), {"name": Interrupting()})
        except KeyboardInterrupt as error:  # as Python 3.12 and later have it
            raise RuntimeError from error

    monkeypatch.setattr("scaffolder.commands.load", lambda _name: interrupted())
    ran = viscaffold("stages")

    assert ran.code == 130
    assert "nothing was changed" in ran.err


def test_a_directory_that_was_removed_is_said_so(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -m scaffolder status"
    ran = subprocess.run(["sh", "-c", script], text=True, capture_output=True, check=False)

    assert ran.returncode == 1
    assert "the directory that this is run in was removed" in ran.stderr
    assert "Try: cd to a directory that is there" in ran.stderr
