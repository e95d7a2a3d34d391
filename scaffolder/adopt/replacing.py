"""Text of the template, changed where it has to differ for code that was there before."""

from collections.abc import Mapping


def replaced(text: str, edits: Mapping[str, str]) -> str:
    """Replace what the template has once; one that has changed is a mistake of ours."""
    for old, new in edits.items():
        if text.count(old) != 1:
            raise AssertionError(f"the template has changed: {old!r}")
        text = text.replace(old, new)
    return text
