"""What is known of a container, made safe to show."""

import json
import re
from collections.abc import Iterable
from posixpath import basename
from typing import TYPE_CHECKING

from scaffolder.redaction import REASONS, Clean, cleaner
from scaffolder.redaction_rules import is_secret

if TYPE_CHECKING:
    from scaffolder.diagnose.case import Case


OWN = rf"{REASONS}|exits with \d+|keeps running|it is empty|it looks for|a fresh copy"
"""What answers say after the name of a file or a setting."""
PLACE = re.compile(r"(?<![\w:=/.@])(?<![:=][ \"'])/(?:[\w.-]+/)+[\w.-]+(?![\w/])")
MOST = 50


def of_case(case: "Case") -> Clean:
    """Return a function that makes a text about a container safe to show."""
    config = case.config
    texts = [*config.labels.values(), json.dumps(config.argv), " ".join(config.argv)]
    if config.check:
        texts.append(config.check.words)
    if "log" in case.__dict__:  # it is not fetched for this
        texts.append("\n".join(line.text for line in case.log.lines))
    texts += case.seen.traced  # `+ TOKEN=...`, and later `+ [ ... = x ]`
    inside = (rf"(?<={re.escape(name)}:)/[\w./-]+" for name in _containers(case) if is_secret(name))
    own = "|".join((OWN, *inside, *map(re.escape, _places(case, texts))))
    return cleaner(config.env, texts, f"{case.target} {config.image}", own)


def _containers(case: "Case") -> set[str]:
    """Return the names that stand before a path in it: `docker cp tokens:/etc/app.crt -`."""
    others = case.neighbours if "neighbours" in case.__dict__ else ()
    return {case.target, *(other.name for other in others)}


def _places(case: "Case", texts: Iterable[str]) -> list[str]:
    """Return paths that are called like a secret, as those of mounted ones are; the longest first.

    A command that mounts one has it behind that name and a colon: `-v ./key:/run/secrets/key`.
    """
    named = [call.path for call in case.seen.trace.calls]
    named += [mount.destination for mount in case.config.mounts]
    named += [v for n, v in case.config.env.items() if PLACE.fullmatch(v) and not is_secret(n)]
    kept = case.seen.swallowed.text if case.seen.swallowed else ""
    named += [path for text in (*texts, kept) for path in PLACE.findall(text)]
    call = case.seen.failed_call
    found = {path for path in named if is_secret(basename(path))} | {call.path if call else ""}
    return sorted(found - {""}, key=len, reverse=True)[:MOST]
