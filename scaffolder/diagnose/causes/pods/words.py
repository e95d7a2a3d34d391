"""What the causes of pods share: the pod of a case, and its words as evidence."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, happened, inspected
from scaffolder.diagnose.evidence import pod_fields
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import Note, Pod

ANY = Phase.ALL


def pod_of(case: Case) -> Pod:
    """Return the pod; these causes are sought in no other case."""
    assert case.pod  # noqa: S101 - see the docstring
    return case.pod


def one_line(text: str, most: int = 300) -> str:
    """Return a message of the cluster on one line."""
    return " ".join(text.split())[:most]


def told(case: Case, note: Note) -> Evidence:
    """Show an event."""
    times = f" ({note.count} times)" if note.count > 1 else ""
    return happened(case, f"{note.reason}{times}: {one_line(note.message, 500)}")


def waits(case: Case) -> Evidence:
    """Show why the kubelet does not start the container."""
    chosen = pod_of(case).chosen
    return inspected(case, "State.Status", f"{chosen.reason}: {one_line(chosen.message, 500)}")


def shows(case: Case, path: str, found: object) -> Evidence:
    """Show a part of the pod's document."""
    return Evidence("inspect", pod_fields.shown(pod_of(case), path), str(found))


def names(text: str, name: str) -> bool:
    """Tell whether a message names something, as a whole word."""
    return bool(name and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text))


def node_shown(case: Case, found: str) -> Evidence:
    """Show a condition of the pod's node."""
    pod = pod_of(case)
    return Evidence("inspect", pod.typed("describe", "node", pod.node_name), found)
