"""`docker diff`: what the container wrote outside its volumes."""

import re

from scaffolder.diagnose.engine import Engine

SECONDS = 10.0
LIMIT = 1024 * 1024
LOGS = re.compile(r"(?:^/var/log/.+|\.(?:log|err|out)|/(?:hs_err_pid\d+|nohup\.out|npm-debug).*)$")


def changes(engine: Engine, identity: str) -> tuple[tuple[str, str], ...]:
    """Return what was added (A), changed (C) or deleted (D), and the path."""
    ran = engine.run("diff", identity, seconds=SECONDS, limit=LIMIT)
    lines = [line.partition(" ") for line in ran.text.splitlines()]
    return tuple((kind, path) for kind, _, path in lines if kind in ("A", "C", "D"))


def logs_among(found: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the paths of files that look like logs."""
    return [path for kind, path in found if kind != "D" and LOGS.search(path)]
