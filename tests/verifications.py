"""Verifications to test with."""

from datetime import UTC, datetime

from scaffolder.verify.outcome import Level, Outcome, Result, Verification

BEGAN = datetime(2026, 11, 27, 1, 30, tzinfo=UTC)
TREE = "1234567890abcdef1234567890abcdef12345678"

TESTS = Outcome("tests", Result.PASSED, 2.5, "they pass", "12 passed")
BROKEN = Outcome(
    "start",
    Result.FAILED,
    0.7,
    "a first line within 5 s",
    "it ended with status 70",
    ("ModuleNotFoundError: No module named 'stripe'",),
)
MISSING = Outcome("build", Result.WARNED, 0.0, "an image", "Docker does not answer")


def verification(
    *outcomes: Outcome, tree: str = TREE, level: Level = Level.LOCAL, image: str = ""
) -> Verification:
    """Make one; without outcomes it passed."""
    return Verification(
        tree,
        level,
        outcomes or (TESTS,),
        BEGAN,
        {"template": "0.9.0", "stages": ["api", "auth"], "tools": {"python": "3.13.1"}},
        image,
    )


PASSED = verification()
FAILED = verification(TESTS, BROKEN)
WARNED = verification(TESTS, MISSING)
