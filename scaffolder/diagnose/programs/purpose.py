"""Whether the image's ports and health check are meant for the command that a container runs."""

import re
from collections.abc import Sequence

from scaffolder.diagnose.evidence.config import Image

INSTRUCTION = re.compile(r"(?:#\(nop\)\s+)?\b(EXPOSE|HEALTHCHECK|CMD|ENTRYPOINT)\b\s*(.*)")
WORD = re.compile(r"[A-Za-z_./][\w./-]*")
MOST = 60


def is_meant(
    argv: Sequence[str], image: Image | None, history: Sequence[str], instruction: str
) -> bool:
    """Tell whether an EXPOSE or HEALTHCHECK was written for the command that runs.

    A worker often runs from the web server's image, or an image built on it: what it inherits says
    nothing about it.
    """
    if image is None:
        return True
    own = (*image.entrypoint, *image.command)
    if own and words(own) != words(argv):
        return False
    return not is_inherited(history, instruction)


def words(argv: Sequence[str]) -> list[str]:
    """Return the words of a command that name what runs: no flags, numbers or addresses."""
    found = [word for argument in argv for word in argument.split()]
    return [word for word in found if WORD.fullmatch(word)][:MOST]


def is_inherited(history: Sequence[str], instruction: str) -> bool:
    """Tell whether an image's last instruction of that name came with a replaced command."""
    found = [match.groups() for line in history if (match := INSTRUCTION.search(line))]
    names = [name for name, _text in found]
    if instruction not in names:
        return False
    at = len(names) - 1 - names[::-1].index(instruction)
    for kind in ("CMD", "ENTRYPOINT"):
        later = [text.strip() for name, text in found[at:] if name == kind]
        if len(later) > 1 and later[0] != later[-1]:
            return True
    return False
