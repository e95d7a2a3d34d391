"""`docker diff`: what the container wrote outside its volumes."""

from scaffolder.docker.client import Engine

SECONDS = 10.0
LIMIT = 1024 * 1024


def changes(engine: Engine, identity: str) -> tuple[tuple[str, str], ...]:
    """Return what was added (A), changed (C) or deleted (D), and the path."""
    ran = engine.run("diff", identity, seconds=SECONDS, limit=LIMIT)
    lines = [line.partition(" ") for line in ran.text.splitlines()]
    return tuple((kind, path) for kind, _, path in lines if kind in ("A", "C", "D"))
