"""Lines of a log, as Docker and Kubernetes write them: a time, and what was said."""

from .facts import Line

LINE = 4000
"""How many characters of a line are read."""


def read(data: bytes) -> list[Line]:
    """Read lines that begin with a time; invalid UTF-8 becomes replacement characters."""
    found = []
    for line in data.split(b"\n"):
        time, _, text = line[: LINE + 40].decode("utf-8", "replace").partition(" ")
        if time:
            found.append(Line(time, text))
    return found
