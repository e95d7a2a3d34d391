"""`docker diff`: what the container wrote outside its volumes."""

from scaffolder.docker.client import Engine

SECONDS = 20.0
LIMIT = 1024 * 1024


def changes(engine: Engine, identity: str) -> tuple[tuple[str, str], ...] | None:
    """Return what was added (A), changed (C) or deleted (D), and the path; None if it takes long.

    Storage drivers that compare whole trees take longer with each file of the image.
    """
    ran = engine.run("diff", identity, seconds=SECONDS, limit=LIMIT)
    if ran.slow:
        return None
    lines = [line.partition(" ") for line in ran.text.splitlines()]
    return tuple((kind, path) for kind, _, path in lines if kind in ("A", "C", "D"))
