"""The messages of programs that are denied access, and the paths in them."""

import re

DENIED = r"permission denied|EACCES|AccessDenied(?:Exception)?"


PATHS = re.compile(r"(?<![\w.:/])(/[\w.@%+~-]+(?:/[\w.@%+~-]+)*)")


def paths_in(line: str) -> list[str]:
    """Return the absolute paths in a line, in order."""
    return [] if line.lstrip().startswith('File "') else PATHS.findall(line)
