"""What services work with, for the tests that take the real one: `scripts/services` installs it."""

import os
import shutil

import pytest


def require_program(name: str) -> str:
    """Return where a program is; skip without it, with the reason, or fail where it has to be."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"{name} was not found; scripts/services installs it"
    if os.environ.get("REQUIRE_SERVICES"):
        pytest.fail(reason)
    pytest.skip(reason)
