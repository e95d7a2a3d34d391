"""Programs that the node's runtime cannot start, and pods that wait without saying why."""

import re
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, refused
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod_phase import REFUSED

from .words import names, one_line, pod_of, told, waits

PROGRAM = re.compile(r"exec:? \"?(?P<name>/?[^\s\":]+)")


@dataclass(frozen=True)
class Refusal:
    """A way in which the runtime refuses to start a program."""

    id: str
    title: str
    says: str
    text: str
    fix: str
    pattern: str = "image"

    def find(self, case: Case) -> Found | None:
        """Find it in the runtime's words; the command in the manifest agrees, or not."""
        words = said(case)
        if not words or not re.search(self.says, words, re.IGNORECASE):
            return None
        pod = pod_of(case)
        found = PROGRAM.search(words)
        name = found["name"] if found else ""
        argv = case.config.argv
        agrees = bool(name and argv and argv[0] == name)
        where = "in the manifest" if agrees else "in the image"
        machine = pod.node.architecture if pod.node else ""
        text = self.text.format(
            name=name or "the program", where=where, machine=machine or "the node's platform"
        )
        return Found(
            f"{text}: {one_line(words)[-260:]}",
            self.fix,
            (refused(case), *([inspected(case, "Config.Cmd", list(argv))] if argv else [])),
            (*pod.replaced(), f"docker run --rm --entrypoint ls {case.config.image} -l {name}")
            if self.id != "pod-command-format"
            else pod.setting("image", f"{pod.chosen.name}=IMAGE:TAG"),
            proven=agrees and self.id != "pod-command-format",
        )


def said(case: Case) -> str:
    """Return the runtime's words, where the kubelet, an event or the log has them."""
    pod = pod_of(case)
    note = pod.noted("Failed", "BackOff") if pod.chosen.reason in REFUSED else None
    own = pod.chosen.message if pod.chosen.reason in REFUSED else ""
    return case.refusal or own or (note.message if note else "")


REFUSALS = (
    Refusal(
        "pod-command-missing", "the program that the pod starts does not exist",
        r"no such file or directory|executable file not found",
        "{name}, which is named {where}, does not exist there",
        "correct `command` in the manifest, or COPY the program into the image; where it is there,"
        " what its first line or its loader names is missing",
    ),
    Refusal(
        "pod-command-format", "the node cannot execute the program",
        r"exec format error",
        "{name} cannot be executed on {machine}: it is for another platform, or a script without"
        " #!",
        "build the image for the platform of the node: docker buildx build --platform"
        " linux/amd64,linux/arm64; give a script its #! line",
    ),
    Refusal(
        "pod-command-denied", "the program that the pod starts may not be executed",
        r"permission denied|operation not permitted",
        "{name}, which is named {where}, may not be executed",
        "COPY --chmod=755 it, and let the user of the pod (runAsUser) enter its directories",
        "permissions",
    ),
)  # fmt: skip
for _one in REFUSALS:
    cause(
        _one.id, _one.title, pattern=_one.pattern, reads=["inspect", "logs"],
        when=Phase.START | Phase.DIED, explains=["pod-not-started", "said-why"], module=__name__,
    )(_one.find)  # fmt: skip


@cause(
    "pod-not-started",
    "the pod's container does not start",
    pattern="process",
    reads=["inspect", "events"],
    page="check-status-and-logs",
    when=Phase.START,
    basis=Basis.QUOTED,
)
def not_started(case: Case) -> Found | None:
    """Quote why the kubelet does not start a container, where nothing explains it better."""
    pod = pod_of(case)
    note = pod.noted(
        "Failed", "FailedCreatePodSandBox", "FailedCreatePodContainer", "FailedPostStartHook"
    )
    chosen = pod.chosen
    words = said(case) or chosen.message or (note.message if note else "")
    if not words or not pod.name:
        return None
    reason = note.reason if note and names(note.message, words) else chosen.reason
    shown = [waits(case)] if chosen.message else []
    return Found(
        f"the container {chosen.name} does not start ({reason or 'waiting'}): {one_line(words)}",
        "correct what the message names",
        (
            *shown,
            *([told(case, note)] if note else []),
            *([] if shown or note else [refused(case)]),
        ),
        (pod.described,),
    )
