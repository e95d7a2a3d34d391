"""docs/commands.md: every command, as Click declares it, with an example that was really run."""

import os
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import click
from conftest import git, viscaffold

from scaffolder import commands
from scaffolder.cli import cli
from scaffolder.errors import MEANINGS, ExitCode
from scaffolder.templates import template

PAGE = Path(__file__).parent.parent / "docs/commands.md"
COLUMNS = 80
MOST_LINES = 14
"""An example that prints more is cut in the middle."""
HEAD = """\
# Commands

What `--help` says of each command, how it may end, and an example. `scripts/commands` generates
this page from the declarations in `scaffolder/commands/` and runs the examples.
[Errors](errors.md) lists what a command may refuse or fail with; [what `--json` prints](json.md)
has the schemas.

Every command may also end with {codes}.

"""
EXAMPLES = {
    "new": ("new orders",),
    "stages": ("stages",),
    "add-stage": ("add-stage logging",),
    "status": ("status",),
    "undo": ("undo",),
    "remove-stage": ("add-stage api", "remove-stage api"),
    "add-resource": ("add-stage api", "add-resource pen color:string price:int?", "undo", "undo"),
    "explain": ("explain 78", "explain LOG_LEVEL"),
    "update": ("update --check",),
    "rollback": ("rollback HEAD",),
    "doctor": ("doctor",),
    "fleet status": ("fleet status . --json",),
    "fleet update": ("fleet update .",),
    "template init": ("template init acme",),
    "template export": ("template export acme -o plain --trust",),
    "completion": ("completion fish",),
}
"""Lines that are run, in this order: from the second on in the service that the first makes."""
READ = {
    "adopt": "adopt.md",
    "bisect": "recovery.md#bisect",
    "diagnose": "diagnosis.md#the-log-says-why",
    "lock": "changes.md#template-versions",
    "minimal": "recovery.md#minimal",
    "report": "diagnosis.md#the-report",
    "template check": "team-template.md",
    "verify": "verification.md",
}
"""Where there is an example of what needs Docker, a registry or minutes."""
ONLY = {
    "completion": r"^function .*",
    "doctor": r"^x secrets.*(?:\n +.*)*",
    "template export": r"^Next:(?:\n.+)*",
}
"""What is shown of an output that tells of the machine, counts files, or is Click's."""


def render(place: Path) -> str:
    """Return the page; the examples are run in `place`, which is empty."""
    printed = dict(_printed(place))
    always = [code for code in MEANINGS if code not in _special()]
    codes = "; ".join(f"{code.value} ({_short(code)})" for code in always)
    sections = [_section(name, command, printed) for name, command in leaves(cli)]
    return HEAD.format(codes=codes) + "\n".join(sections)


def leaves(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Return every command that does something, by the words that name it."""
    for name in sorted(group.commands):
        found = group.commands[name] if above else commands.load(name)
        if isinstance(found, click.Group):
            yield from leaves(found, f"{above}{name} ")
        else:
            yield above + name, found


def _section(name: str, command: click.Command, printed: dict[str, str]) -> str:
    context = click.Context(
        command, info_name=f"viscaffold {name}", terminal_width=COLUMNS,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    text = f"## {name}\n\n```\n{command.get_help(context)}\n```\n\n"
    ends = commands.ENDS.get(name, ())
    if ends:
        text += "".join(f"- ends with {code.value}: {MEANINGS[code]}\n" for code in ends) + "\n"
    if name in READ:
        return f"{text}Example: [{READ[name].partition('#')[0]}]({READ[name]})\n"
    return f"{text}```console\n{printed[name]}```\n"


def _special() -> set[ExitCode]:
    return {code for codes in commands.ENDS.values() for code in codes}


def _short(code: ExitCode) -> str:
    return re.split(r"[:;,]", MEANINGS[code])[0]


def _printed(place: Path) -> Iterator[tuple[str, str]]:
    """Return the session of each example."""
    root = place / "orders"
    for name, lines in EXAMPLES.items():
        with chdir(root if root.exists() else place):
            _prepare(name, Path.cwd())
            ran = [f"$ viscaffold {line}\n{_shown(name, line, place)}" for line in lines]
        yield name, "".join(ran)


def _prepare(name: str, root: Path) -> None:
    """Do by hand what an example begins with."""
    if name == "rollback":
        with (root / "README.md").open("a", encoding="utf-8") as readme:
            readme.write("Mine.\n")
    elif name == "doctor":
        (root / ".env").write_text("SECRET=1\n", encoding="utf-8")
        git(root, "add", "--force", ".env")
    elif name == "fleet status":
        git(root, "commit", "--quiet", "--all", "--message", "Mine")


def _shown(name: str, line: str, place: Path) -> str:
    ran = viscaffold(*line.split())
    assert ran.code in (ExitCode.DONE, *commands.ENDS.get(name, ()), ExitCode.FAILED), ran.err
    text = normal(ran.err + ran.out, place)
    if name in ONLY:
        found = re.search(ONLY[name], text, re.MULTILINE)
        assert found, text
        return f"...\n{found[0]}\n...\n"
    return _cut(text.splitlines())


def _cut(lines: list[str]) -> str:
    half = MOST_LINES // 2
    kept = [*lines[:half], "...", *lines[-half:]] if len(lines) > MOST_LINES else lines
    return "".join(f"{line.rstrip()}\n" for line in kept)


def normal(text: str, place: Path) -> str:
    """Return what a command printed without what differs from run to run."""
    text = text.replace(os.path.realpath(place), "/home/ada").replace(str(place), "/home/ada")
    text = text.replace(template.builtin().version, "1.4.0")
    text = re.sub(r"\b[0-9a-f]{40}\b", "8c1f0e2d9a4b7c3e5f60718293a4b5c6d7e8f901", text)
    text = re.sub(r"\b(?=[a-f]*[0-9])[0-9a-f]{12}\b", "8c1f0e2d9a4b", text)
    return re.sub(r"\b\d{8}-\d{6}\b", "20261124-092040", text)
