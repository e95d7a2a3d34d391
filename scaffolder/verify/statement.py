"""Verifications as in-toto Statements with the predicate test-result, and read from them."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .outcome import Level, Outcome, Result, Verification

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"

EXTENSION = "viscaffold"
"""The field of the predicate that has more than every consumer knows; they ignore it (in-toto's
parsing rules)."""

LISTS = {
    Result.PASSED: "passedTests",
    Result.WARNED: "warnedTests",
    Result.FAILED: "failedTests",
}

IMAGE = re.compile("sha256:[0-9a-f]{64}")
ENDLESS = 366 * 24 * 3600
"""Seconds; no step takes a year."""


def statement(verification: Verification) -> dict[str, Any]:
    """Return what a verification saw as a Statement, which `verify --export` writes."""
    found: dict[str, Any] = {
        "_type": STATEMENT,
        "subject": [{"name": "tree", "digest": {"gitTree": verification.tree}}],
        "predicateType": PREDICATE,
        "predicate": {
            "result": verification.result.value,
            "configuration": [_configuration(verification.configuration)],
            **{name: _steps(verification, result) for result, name in LISTS.items()},
            EXTENSION: {
                "level": verification.level.value,
                "began": verification.began.isoformat(),
                "seconds": round(verification.seconds, 3),
                "steps": [_step(outcome) for outcome in verification.outcomes],
            },
        },
    }
    if verification.image:
        digest = {"sha256": verification.image.removeprefix("sha256:")}
        found["subject"].append({"name": "image", "digest": digest})
    return found


def _configuration(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ResourceDescriptor: to be read by people, and with a digest for policies."""
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"))
    digest = {"sha256": hashlib.sha256(canonical.encode()).hexdigest()}
    return {"name": "configuration", "digest": digest, "annotations": dict(configuration)}


def _steps(verification: Verification, result: Result) -> list[str]:
    return [outcome.step for outcome in verification.outcomes if outcome.result is result]


def _step(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.step,
        "result": outcome.result.value,
        "seconds": round(outcome.seconds, 3),
        "expected": outcome.expected,
        "found": outcome.found,
        "log": list(outcome.log),
    }


def verification(found: Any) -> Verification:  # noqa: ANN401 - whatever a file holds
    """Read a Statement that `statement` made; raise ValueError, with the reason, for another."""
    try:
        return _verification(found)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError("it is no statement about a verification") from error


def _verification(found: Mapping[str, Any]) -> Verification:
    if found["_type"] != STATEMENT or found["predicateType"] != PREDICATE:
        raise ValueError("it is a statement of another type")
    predicate = found["predicate"]
    about = predicate[EXTENSION]
    digests = [subject["digest"] for subject in found["subject"]]
    read = Verification(
        tree=_text(digests[0]["gitTree"]),
        level=Level(about["level"]),
        outcomes=tuple(_outcome(step) for step in about["steps"]),
        began=datetime.fromisoformat(about["began"]),
        configuration=dict(predicate["configuration"][0]["annotations"]),
        image=f"sha256:{digests[1]['sha256']}" if len(digests) > 1 else "",
        log=_text(about.get("log", "")),
    )
    if read.result is not Result(predicate["result"]):
        raise ValueError(f"its result is {predicate['result']}, but its steps are {read.result}")
    if read.image and not IMAGE.fullmatch(read.image):
        raise ValueError("its image has no digest")
    if read.began.tzinfo is None:
        raise ValueError("its time has no zone")
    return read


def _outcome(step: Mapping[str, Any]) -> Outcome:
    seconds = float(step["seconds"])
    if not math.isfinite(seconds) or not 0 <= seconds < ENDLESS:
        raise ValueError("a step has no time")
    return Outcome(
        step=_text(step["name"]),
        result=Result(step["result"]),
        seconds=seconds,
        expected=_text(step["expected"]),
        found=_text(step["found"]),
        log=tuple(_text(line) for line in step["log"]),
    )


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found
