"""Stage config in Python: the settings that the application itself declares."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Pristine
from running import Program, python

OWN = """
from dataclasses import dataclass
from .config import setting, text

@dataclass(frozen=True)
class Mine:
    greeting: str = setting("GREETING", text, default="hello")
"""


@pytest.fixture
def shop(pristine: Pristine, tmp_path: Path) -> Program:
    """A service whose application has a setting."""
    shutil.copytree(pristine(("config",)) / "src", tmp_path / "src")
    declare(tmp_path, OWN)
    return python(tmp_path)


def declare(place: Path, code: str) -> None:
    app = place / "src/orders/app.py"
    app.write_text(app.read_text(encoding="utf-8") + code, encoding="utf-8")


def check(shop: Program, file: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "orders", "--check-config"],
        env={**os.environ, **shop.variables, "CONFIG_FILE": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_setting_of_the_application_can_stand_in_the_file(shop: Program, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("GREETING = 'hi'\n", encoding="utf-8")
    checked = check(shop, file)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"GREETING = hi  # from {file}, line 1\n" in checked.stdout
    with shop.start(CONFIG_FILE=str(file)) as run:
        assert f"{file} sets GREETING" in run.log()
    file.write_text("GREETINGS = 'hi'\nMAX_CONNECTIONS = 0\n", encoding="utf-8")
    with shop.start(ready=False, CONFIG_FILE=str(file)) as run:
        assert run.wait() == 78
        assert f"setting GREETINGS is unknown: did you mean GREETING? (from {file}" in run.log()
        assert "setting MAX_CONNECTIONS is '0'" in run.log()


def test_an_application_that_cannot_be_imported_is_what_the_log_names(
    shop: Program, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("LATER = 'hi'\n", encoding="utf-8")
    declare(tmp_path, "\nraise ValueError('no rates')\n")
    with shop.start(ready=False, CONFIG_FILE=str(file)) as run:
        assert run.wait() == 70
        assert "ValueError: no rates" in run.log()
        assert "unknown" not in run.log()
    checked = check(shop, file)
    assert checked.returncode == 78
    lost = "setting names of the application are not known: ValueError: no rates\n"
    assert checked.stderr == lost
