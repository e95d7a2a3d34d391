"""What is known of a container, made safe to show."""

import json
import re
from typing import TYPE_CHECKING

from scaffolder.redaction import REASONS, Clean, cleaner

if TYPE_CHECKING:
    from scaffolder.diagnose.case import Case


OWN = rf"{REASONS}|exits with \d+|keeps running|it is empty|it looks for|a fresh copy"
"""What answers say after the name of a file or a setting."""


def of_case(case: "Case") -> Clean:
    """Return a function that makes a text about a container safe to show."""
    config = case.config
    texts = [*config.labels.values(), json.dumps(config.argv), " ".join(config.argv)]
    if config.check:
        texts.append(config.check.words)
    if "log" in case.__dict__:  # it is not fetched for this
        texts.append("\n".join(line.text for line in case.log.lines))
    call = case.seen.failed_call
    own = rf"{OWN}|{re.escape(call.path)}" if call and call.path else OWN
    return cleaner(config.env, texts, f"{case.target} {config.image}", own)
