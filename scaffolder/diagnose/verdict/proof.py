"""What counts as proof: rules that hold for every cause, whatever it claims."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Cause, Found
from scaffolder.diagnose.evidence.log_search import FINAL
from scaffolder.diagnose.evidence.phase import Phase

QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`")
ALTERNATIVE = re.compile(r"\b(?:or|either|perhaps|maybe|possibly|probably)\b", re.IGNORECASE)
LIGHT = re.compile(
    r"\b(?:warn(?:ing)?|notice|info|debug|trace|deprecat\w+|default(?:s|ing)?|fall(?:ing|s)? ?back"
    r"|skip\w*|ignor\w*|optional|using|disabled)\b",
    re.IGNORECASE,
)
GRAVE = re.compile(r"\b(?:error|fatal|crit(?:ical)?|panic|emerg|\w+Error|\w+Exception)\b")
IDIOM = re.compile(
    r"\b(?:file or directory|(?:name|node) or service|directory or file|one or more"
    r"|or (?:newer|later|above|greater|higher|more|better|not permitted))\b",
    re.IGNORECASE,
)
"""Phrases that mean one thing although they contain `or`."""
ABOUT = re.compile(r"^\w*Error: \[Errno \d+\] [^'\n]*'([^'\n]+)'", re.MULTILINE)
"""The path in a message of Python about a call."""
NAME = re.compile(r"[\w./-]{5,}")


def holds(case: Case, cause: Cause, found: Found) -> bool:
    """Tell whether what a cause considers proven is a proof.

    Output of a program that has ended counts only if it is about what ended it. A call that failed
    before the end is no proof: only a copy in which it succeeds tells whether that matters.
    """
    ended = bool(case.phase & Phase.ENDED)
    quoted = [e.found for e in found.evidence if ended and e.source == "logs"]
    return (
        found.proven
        and is_certain(cause, found)
        and not any(e.source == "rerun" for e in found.evidence)
        and not any(
            makes_light(words) or is_overtaken(case, words) or leaves_open(words)
            for words in quoted
        )
    )


def is_certain(cause: Cause, found: Found) -> bool:
    """Tell whether a cause, and what was found, claim exactly one thing."""
    claim = found.text.partition(": ")[0]  # what follows quotes the log
    return not is_alternative(cause.title) and not is_alternative(claim)


def is_alternative(text: str) -> bool:
    """Tell whether a text names more than one possibility, or guesses."""
    return bool(ALTERNATIVE.search(QUOTED.sub("", text)))


def leaves_open(words: str) -> bool:
    """Tell whether a program itself names more than one possible reason for its end."""
    return is_alternative(IDIOM.sub("", _last(words)))


def makes_light(words: str) -> bool:
    """Tell whether a program continues after a message: a warning, a default that it uses."""
    last = _last(words)
    return bool(LIGHT.search(last)) and not GRAVE.search(last)


def is_overtaken(case: Case, words: str) -> bool:
    """Tell whether the program continued after a message, and failed for another reason."""
    later = lines_after(case, words)
    if any("above exception" in line for line in later):
        # What was tried instead may have failed over something of its own.
        about = set(ABOUT.findall(words))
        ends = [found for line in later if (found := ABOUT.findall(line))]
        return bool(about and ends and not about & set(ends[-1]))
    names = set(NAME.findall(words))
    return any(FINAL.search(line) and not names & set(NAME.findall(line)) for line in later)


def lines_after(case: Case, words: str) -> list[str]:
    """Return what was written after the last of some lines; nothing if they are not found."""
    lines = [line.text for line in case.lines if line.text.strip()]
    last = _last(words)
    at = next((i for i in reversed(range(len(lines))) if last and last in lines[i]), None)
    return [] if at is None else lines[at + 1 :]


def _last(words: str) -> str:
    return words.strip().rpartition("\n")[2].strip()
