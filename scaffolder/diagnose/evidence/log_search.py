"""How a log is searched: both ends of long lines, and a pattern once per line if possible.

Lines are cut, so that the time of a pattern that is not linear in a line stays bounded.
"""

import re
from collections.abc import Iterable, Iterator

LONG, KEPT = 1000, 200
"""A line longer than LONG is searched at both ends; KEPT characters of its end are kept."""
FROM_START = re.compile(r"(?:\((?:\?:|\?P<\w+>)?)*(?=(?:\(\?![^()]*\))?(?:\[\^\\n\]|\.)\*)")
"""How a pattern starts that includes the beginning of the line: in groups or not, and perhaps after
what the line must not have."""
FAILURE = re.compile(
    r"\b(?:error|fatal|critical|panic|panicked|exception|failed|failure|cannot|can't|could not"
    "|unable|denied|refused|invalid|expired|missing|not found|no such|unknown|unsupported"
    r"|bad|corrupt\w*|malformed|truncated|abort\w*|crash\w*|\w+Error|\w+Exception|must|required|emerg|usage)\b",
    re.IGNORECASE,
)

NONE = re.compile(
    r"\b(?:errors?|fatal|critical|failed|failures?|missing|invalid|aborted)\b ?[=:] ?0"
    r"(?=\s*(?:[,;|)\]}]|$)|\s+[\w-]+ ?[=:])"
    r"|\b(?:0|no) (?:errors?|failed|failures?|missing|invalid|aborted)\b",
    re.IGNORECASE,
)
"""How a line says that nothing has failed."""

VAGUE = frozenset(
    re.findall(
        r"\S+",
        "a abort aborted aborting an and app application at bad be boot bootstrap by can't cannot"
        " code config configuration could crashed crit critical debug details do down due during"
        " emerg err error errors exception exit exited exiting fail failed fails failure fatal for"
        " giving has in info init initialisation initialise initialised initialization initialize"
        " initialized initializing internal invalid is it its job level load loading log logs main"
        " more msg not nothing now occurred of on or oops panic please process program run running"
        " see service settings setup shutdown shutting sorry something start started starting"
        " startup status stop stopped stopping task terminated terminating the to unable unexpected"
        " unexpectedly unhandled up warn warning was went will with worker wrong",
    )
)
"""Words of which a line may consist that reports a failure, and not what has failed."""
STAMP = re.compile(r"\[[^\]\n]*\]|\b\d{4}-\d\d-\d\dT?|\b\d\d:\d\d:\d\d\S*")
FINAL = re.compile(
    r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)(?:: |$)|^panic: |^thread '[^']*' panicked"
    r"|\bFATAL\b"
)
"""How the message of a fatal error begins."""

TAG = re.compile(r"[\w.]+(?:\(\w\))?: ")
"""Who says a line: a library, or a part of the program."""
DOES_WITHOUT = re.compile(
    r"\b(?:default(?:s|ing) to|fall(?:s|ing) back|continu(?:es|ing) without)\b", re.IGNORECASE
)


def shortened(line: str) -> str:
    """Return the part of a line that is searched."""
    return line if len(line) <= LONG else f"{line[: LONG - KEPT]} ... {line[-KEPT:]}"


def by_line(pattern: str, flags: int = re.IGNORECASE) -> "re.Pattern[str]":
    """Return a pattern for a text of several lines.

    One that includes the beginning of the line is tried once per line, not at each character.
    """
    if found := FROM_START.match(pattern):
        pattern = f"{found[0]}^{pattern[found.end() :]}"
    return re.compile(pattern, flags | re.MULTILINE)


def every(text: str, pattern: str, flags: int = re.IGNORECASE) -> "Iterator[re.Match[str]]":
    """Return every place in a text where a pattern is found."""
    return by_line(pattern, flags).finditer(text)


def line(match: "re.Match[str]") -> str:
    """Return the whole line, or lines, in which a pattern was found."""
    start = match.string.rfind("\n", 0, match.start()) + 1
    end = match.string.find("\n", match.end())
    return match.string[start : end if end >= 0 else None].strip()


def shape(text: str) -> str:
    """Return a line with all numbers alike: what a program says each time has the same shape."""
    return re.sub(r"\d+", "0", text)


def last_words(lines: Iterable[str]) -> str:
    """Return the last line that reports a failure; empty if none does."""
    later = ""
    for line in (line.strip() for line in reversed(list(lines))):
        short = NONE.sub("", shortened(line))
        is_failure = not line.startswith(("at ", "File ")) and FAILURE.search(short)
        if is_failure and not _does_without(line, later):
            return line
        later = line
    return ""


def is_vague(line: str) -> bool:
    """Tell whether a line says that something has failed, and not what: "startup failed"."""
    said = TAG.sub("", STAMP.sub(" ", line).strip(), count=1)
    words = re.findall(r"[^\W\d_][\w'/.=-]*", said)
    return len(line) <= LONG and all(word.rstrip(".").lower() in VAGUE for word in words)


def _does_without(line: str, later: str) -> bool:
    """Tell whether who complains says next what it does instead."""
    tag = TAG.match(line)
    return bool(tag and later.startswith(tag[0]) and DOES_WITHOUT.search(shortened(later)))


def ends_with_failure(lines: Iterable[str]) -> bool:
    """Tell whether the last lines of a log report a fatal error."""
    last = [line for line in lines if line.strip()][-3:]
    return any(FINAL.search(line) for line in last)
