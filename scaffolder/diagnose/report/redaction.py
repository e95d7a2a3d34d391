"""What is known of a container, made safe to show."""

import json
from typing import TYPE_CHECKING

from scaffolder.redaction import Clean, cleaner

if TYPE_CHECKING:
    from scaffolder.diagnose.case import Case


def of_case(case: "Case") -> Clean:
    """Return a function that makes a text about a container safe to show."""
    config = case.config
    texts = [*config.labels.values(), json.dumps(config.argv), " ".join(config.argv)]
    if config.check:
        texts.append(config.check.words)
    if "log" in case.__dict__:  # it is not fetched for this
        texts.append("\n".join(line.text for line in case.log.lines))
    return cleaner(config.env, texts, f"{case.target} {config.image}")
