"""Commands whose output cannot be written: what is done is done, and they say so."""

import os
import subprocess
from pathlib import Path

from conftest import STAGES, MakeProgram
from running import Program

FULL = "the output cannot be written: No space left on device\n"
COMMANDS = {
    "db upgrade": 1,  # the others find its tables
    "db status": 1,
    "db export": 1,
    "jobs status": 1,
    "jobs dead --json": 1,
    "jobs retry --all": 1,
    "--check-config": 74,
}
"""Command → exit status."""
OF_RUST = {"--version": 74, "--help": 74, "db --help": 1, "jobs --help": 1}
"""Those that argparse answers in Python, or that are not there."""


def ran(program: Program, words: str, redirection: str, place: Path) -> tuple[int, str]:
    """Run a command with its output somewhere; return the exit status and what it says of it."""
    moved = [str(place / "exported")] if words == "db export" else []
    done = subprocess.run(
        ["bash", "-c", f'"$@" {redirection}', "bash", *program.command, *words.split(), *moved],
        env={
            **os.environ,
            **program.variables,
            "DATABASE_URL": f"sqlite:{place}/orders.db",
        },
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_command_says_that_its_output_was_lost(program: MakeProgram, tmp_path: Path) -> None:
    shop = program(*STAGES)
    expected = COMMANDS | (OF_RUST if shop.language == "rust" else {})
    found = {words: ran(shop, words, "> /dev/full", tmp_path) for words in expected}

    assert found == {words: (status, FULL) for words, status in expected.items()}
    assert (tmp_path / "exported" / "jobs" / "manifest.json").is_file()


def test_a_command_goes_on_where_nobody_reads(program: MakeProgram, tmp_path: Path) -> None:
    shop = program(*STAGES)

    assert ran(shop, "db upgrade", "> >(exec >&-)", tmp_path) == (0, "")
    assert ran(shop, "jobs status", ">&-", tmp_path) == (0, "")
    assert ran(shop, "--check-config", "> >(exec >&-)", tmp_path) == (0, "")
