"""The check of what tests leave open can fail."""

import os
import subprocess
import sys
from pathlib import Path

import open_files
import pytest

LEAVES = "import os\ndef test_leaves(): [os.open('/dev/null', os.O_RDONLY) for _ in range({})]\n"


@pytest.mark.parametrize(
    ("modules", "each", "named"),
    [
        (1, open_files.MOST, ""),
        (1, open_files.MOST + 1, "test_00.py left 17 files open"),
        (16, open_files.MOST, "test_15.py left 16 files open, of 2"),
    ],
)
def test_a_module_that_leaves_files_open_is_named(
    modules: int, each: int, named: str, tmp_path: Path
) -> None:
    for number in range(modules):
        module = tmp_path / f"test_{number:02}.py"
        module.write_text(LEAVES.format(each), encoding="utf-8")
    tests = Path(open_files.__file__).parent
    variables = {"PYTHONPATH": str(tests), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "open_files", "--rootdir", tmp_path, tmp_path],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == bool(named), ran.stdout
    assert named in ran.stdout
