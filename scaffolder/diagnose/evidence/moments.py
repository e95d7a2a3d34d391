"""Times, as Docker and Kubernetes write them."""

from datetime import datetime


def moment(text: object) -> datetime | None:
    """Read a time as Docker writes it; None for its zero."""
    if not isinstance(text, str) or text.startswith("0001"):
        return None
    head, dot, rest = text.partition(".")
    digits = rest[: next((i for i, c in enumerate(rest) if not c.isdigit()), len(rest))]
    zone = rest[len(digits) :]
    try:
        return datetime.fromisoformat(
            f"{head}{dot}{digits[:6].ljust(6, '0')}{zone}" if dot else text
        )
    except ValueError:
        return None
