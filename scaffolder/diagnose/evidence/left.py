"""What is left of a program whose event loop became empty, as Node tells it."""

from dataclasses import dataclass

from .swallowed import Swallowed, read

WORDS = {
    "main": "the await at {place} waits for a promise{made} that nothing settles",
    "await": "the await at {place} waits for a promise that nothing settles",
    "thread": "a thread of it ends over {text} at {place}, and nobody looks at that",
    "closed": "its server is closed at {place}",
    "server": "its server, made at {place}, is not to keep it (unref)",
    "timer": "its timer, set at {place}, is not to keep it (unref)",
}
"""How it is told, that which says most first."""
MAIN = "main"
"""An await at which all that the program began has stopped, with more to do behind it."""
UNDONE = (MAIN, "await", "thread")
"""What is left undone in a job, too."""
MOST = 2


@dataclass(frozen=True)
class Left:
    """Something that was left when nothing kept a program any more."""

    kind: str
    words: str
    place: str = ""
    made: str = ""
    """Where the promise was made that it waits for, if that is told."""

    @property
    def is_main(self) -> bool:
        """Tell whether the program has stopped there in the middle of its work."""
        return self.kind == MAIN

    @property
    def is_undone(self) -> bool:
        """Tell whether the program has not finished what it began."""
        return self.kind in UNDONE


def left(records: str) -> tuple[Left, ...]:
    """Return what is left, from the records of `hooks`, what says most first."""
    found = [each for kind, each in read(records) if kind == "left" and each.how in WORDS]
    order = list(WORDS)
    found.sort(key=lambda each: order.index(each.how))
    return tuple(dict.fromkeys(map(_told, found)))[:MOST]


def _told(each: Swallowed) -> Left:
    made = each.text if each.how == MAIN else ""
    words = WORDS[each.how].format(
        place=each.place, text=each.last, made=f", made at {made}," if made else ""
    )
    return Left(each.how, words, each.place, made)
