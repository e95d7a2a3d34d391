"""What programs say when they are denied something, and the paths that they name."""

import re

DENIED = r"permission denied|EACCES|AccessDenied(?:Exception)?"


PATHS = re.compile(r"(?<![\w.:/])(/[\w.@%+~-]+(?:/[\w.@%+~-]+)*)")


def paths_in(line: str) -> list[str]:
    """Return the absolute paths in a line, those behind the words last."""
    return [] if line.lstrip().startswith('File "') else PATHS.findall(line)
