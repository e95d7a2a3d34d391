"""docs/verification.md says what the tests play."""

import verification_page


def test_the_tables_are_as_they_are_written() -> None:
    """Run tests/verify/verification_page.py if this fails."""
    assert verification_page.PAGE.read_text(encoding="utf-8") == verification_page.page()
