"""The answer: the judgement as a document."""

import re
from collections.abc import Callable
from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.redaction import cleaned

from .redaction import of_case


def document(case: Case, judgement: Judgement, seconds: float) -> dict[str, Any]:
    """Return the answer as docs/schemas/diagnosis.json describes it; without secrets or escapes."""
    typed = _as_typed(case)
    found = {
        "target": case.target,
        "kind": case.kind,
        "verdict": judgement.verdict,
        "pattern": judgement.pattern,
        "cause": {"id": judgement.cause, "text": judgement.text},
        "fix": {"text": typed(judgement.fix), "commands": [*map(typed, judgement.commands)]},
        "evidence": [
            {"source": e.source, "command": typed(e.command), "found": e.found}
            for e in judgement.evidence
        ],
        "ruled_out": list(judgement.ruled_out),
        "other_causes": [{"id": name, "text": text} for name, text in judgement.others],
        "not_read": [*case.sources.unread(), *case.unsought],
        "page": judgement.page,
        "seconds": round(seconds, 2),
    }
    result = cleaned(found, of_case(case))
    assert isinstance(result, dict)  # noqa: S101 - as it went in
    return result


def _as_typed(case: Case) -> Callable[[str], str]:
    """Return a function that names the engine in commands as it is called here."""
    if case.host.engine == "docker":
        return str
    return lambda text: re.sub(
        r"(?<![\w/.-])docker (?!compose)(?=[a-z])", f"{case.host.engine} ", text
    )
