"""The answer: the judgement as a document."""

from typing import Any

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.redaction import cleaned

from .redaction import of_case


def document(case: Case, judgement: Judgement, seconds: float) -> dict[str, Any]:
    """Return the answer as docs/schemas/diagnosis.json describes it; without secrets or escapes."""
    found = {
        "target": case.target,
        "kind": case.kind,
        "verdict": judgement.verdict,
        "pattern": judgement.pattern,
        "cause": {"id": judgement.cause, "text": judgement.text},
        "fix": {"text": judgement.fix, "commands": list(judgement.commands)},
        "evidence": [
            {"source": e.source, "command": e.command, "found": e.found} for e in judgement.evidence
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
