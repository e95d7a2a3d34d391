"""Line endings: git would call every line changed where no more than its ending has.

A file that the user, or the template, turned from LF to CRLF or back is merged as if nobody had;
what comes of it ends its lines as the side wants that changed them, and the user's if both did.
"""

from collections.abc import Mapping

LF, CRLF = b"\n", b"\r\n"

Fitted = tuple[bytes, bytes, bytes | None]
"""Both renders with the user's line endings, and those that the result is to have."""


def of(content: bytes) -> bytes | None:
    """Return how the lines of a text end; None for a binary, a mixture, or no line at all."""
    if is_binary(content) or LF not in content:
        return None
    windows = content.count(CRLF)
    if windows and windows != content.count(LF):
        return None
    return CRLF if windows else LF


def is_binary(content: bytes) -> bool:
    """Tell if git would not merge it line by line."""
    return b"\0" in content


def converted(content: bytes, ending: bytes) -> bytes:
    """Return a text with all of its lines ending so."""
    return content.replace(CRLF, LF).replace(LF, ending)


def fit(mine: bytes, base: bytes, theirs: bytes) -> Fitted:
    """Fit both renders of a file to the user's version."""
    own = of(mine)
    if own is None or is_binary(base) or is_binary(theirs):
        return base, theirs, None
    before, after = of(base), of(theirs)
    wanted = after if before == own and after else own
    return converted(base, own), converted(theirs, own), wanted if wanted != own else None


def stored_with_lf(content: bytes, about: Mapping[str, str], *, autocrlf: bool) -> bool:
    """Tell if git turns CRLF into LF when it stores a file with these attributes.

    See gitattributes(5), `text`. Where it guesses, a CR on its own speaks against a text.
    """
    if CRLF not in content or about.get("text") == "unset":
        return False
    if about.get("text") == "set" or ("eol" in about and "text" not in about):
        return True
    guesses = about.get("text") == "auto" or ("text" not in about and autocrlf)
    lone = content.count(b"\r") != content.count(CRLF)
    return guesses and not is_binary(content) and not lone
