"""What is left of a program whose event loop became empty, as Node tells it."""

from dataclasses import dataclass

from .swallowed import read

WORDS = {
    "await": "the await at {place} waits for a promise that nothing settles",
    "thread": "a thread of it ends over {text} at {place}, and nobody looks at that",
    "closed": "its server is closed at {place}",
    "server": "its server, made at {place}, is not to keep it (unref)",
    "timer": "its timer, set at {place}, is not to keep it (unref)",
}
"""How it is told, that which says most first."""
UNDONE = ("await", "thread")
"""What is left undone in a job, too."""
MOST = 2


@dataclass(frozen=True)
class Left:
    """Something that was left when nothing kept a program any more."""

    kind: str
    words: str

    @property
    def is_undone(self) -> bool:
        """Tell whether the program has not finished what it began."""
        return self.kind in UNDONE


def left(records: str) -> tuple[Left, ...]:
    """Return what is left, from the records of `hooks`, what says most first."""
    found = [each for kind, each in read(records) if kind == "left" and each.how in WORDS]
    order = list(WORDS)
    found.sort(key=lambda each: order.index(each.how))
    told = (
        Left(each.how, WORDS[each.how].format(place=each.place, text=each.last)) for each in found
    )
    return tuple(dict.fromkeys(told))[:MOST]
