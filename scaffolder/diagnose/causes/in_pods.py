"""Causes that a container has anywhere, found in a pod: in its terms, and only from what it shows.

The files and processes of a pod are not read. So what a cause infers from them does not count, and
what it proves with them is not proven.
"""

import re
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.log_search import shortened
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import Pod

from .catalogue import Basis, Cause, Found
from .pod_fixes import FIXES, image

BY_STATUS = {
    "oom-killed", "oom-child", "ended-by-signal", "segfault", "aborted", "illegal-instruction",
    "forbidden-call", "shared-memory", "ends-again-and-again", "file-size-limit",
}  # fmt: skip
"""Causes that the status of a container is enough for: no line of its log is needed."""
BUILT = {"command-single-quotes"}
"""Causes that are in a Dockerfile: the manifest has a command of its own."""
VISIBLE = {"inspect", "events", "logs"}
DOCKER = re.compile(
    r"docker|compose|\bCMD\b|HEALTHCHECK|(?<![\w-])--?(?:e|v|p|it|i|t|u|m|init|user|mount|memory"
    r"|env-file|env|network|tmpfs|read-only|cap-add|cap-drop|security-opt|ulimit|pids-limit"
    r"|shm-size|restart|log-driver|add-host|publish|no-healthcheck|cpus|device)(?![\w-])",
    re.IGNORECASE,
)
"""Words that mean nothing in a cluster."""

BUILD = "correct it in the image, build it under a new tag, and let the pod run that"


def is_asked(case: Case, cause: Cause) -> bool:
    """Tell whether a cause can be found in a case: those of pods in pods alone, others anywhere.

    A container that was never started has shown nothing but what the cluster says.
    """
    if cause.family == "pods":
        return case.pod is not None
    if case.pod is None:
        return True
    shown = "logs" in cause.reads or cause.id in BY_STATUS
    return shown and cause.id not in BUILT and case.phase != Phase.START


def in_its_terms(case: Case, cause: Cause, found: Found) -> Found | None:
    """Return what was found as it is in a pod; None if the pod does not show it."""
    if case.pod is None or cause.family == "pods":
        return found
    kept = tuple(e for e in found.evidence if e.source in VISIBLE and not DOCKER.search(e.command))
    basis = cause.basis if found.basis is None else found.basis
    words = [e.found for e in kept if e.source == "logs" and e.found != "(empty)"]
    if cause.id not in BY_STATUS and (basis == Basis.INFERRED or not words):
        return None
    unseen = "files" in cause.reads or len(kept) < len(found.evidence)
    # What the program itself says of its own files needs no second look at them.
    own = not unseen or cause.id == "variable-missing"
    claim = found.text
    if DOCKER.search(claim) or not own:
        claim = f"{cause.title}{_quoted(words)}"
    text, commands = _fix(case.pod, cause, found)
    proven = found.proven and own and not (cause.id == "variable-missing" and case.pod.takes_all)
    return replace(
        found, text=f"{claim}{_where(case.pod)}", fix=text, commands=commands, evidence=kept,
        proven=proven,
    )  # fmt: skip


def _quoted(words: list[str]) -> str:
    last = words[0].strip().rpartition("\n")[2].strip() if words else ""
    return f": {shortened(last)[:260]}" if last else ""


def _fix(pod: Pod, cause: Cause, found: Found) -> tuple[str, tuple[str, ...]]:
    if fix := FIXES.get(cause.id):
        return fix.text.format(manifest=pod.manifest), fix.commands(pod)
    if DOCKER.search(found.fix):
        return f"{BUILD}; or change {pod.manifest}", image(pod)
    return found.fix, tuple(c for c in found.commands if not DOCKER.search(c))


def _where(pod: Pod) -> str:
    """Say which container it is, where that is not plain."""
    if pod.chosen.kind == "init":
        return f" (init container {pod.chosen.name}: until it ends with 0, the others do not start)"
    return f" (container {pod.chosen.name})" if len(pod.containers) > 1 else ""
