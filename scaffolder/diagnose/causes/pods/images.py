"""Images that a node cannot get."""

import re
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import Pod

from .words import one_line, pod_of, told, waits

PULLS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
         "RegistryUnavailable", "ImageInspectError", "SignatureValidationFailed"}  # fmt: skip
SECRET = "create secret docker-registry NAME --docker-server=... --docker-username=..."  # noqa: S105 - how to make one


@dataclass(frozen=True)
class Pull:
    """A way in which a pull fails."""

    id: str
    title: str
    says: str
    text: str
    fix: str
    command: str = ""
    pattern: str = "image"
    explains: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    """Reasons of the kubelet that are enough by themselves."""

    def find(self, case: Case) -> Found | None:
        """Find it in what the kubelet says, and in the event that has the registry's words."""
        pod = pod_of(case)
        chosen, note = pod.chosen, pod.noted("Failed", "InspectFailed")
        said = f"{chosen.message} {note.message if note else ''}"
        named = chosen.reason in self.reasons
        if chosen.reason not in PULLS or not (named or re.search(self.says, said, re.IGNORECASE)):
            return None
        words = note.message if note and not re.search(self.says, chosen.message) else said
        return Found(
            f"{self.text.format(image=chosen.image)}: {one_line(words)}",
            self.fix,
            (waits(case), *([told(case, note)] if note else []),
             inspected(case, "Config.Image", chosen.image)),
            _commands(pod, self.command),
            proven=chosen.image in said,
        )  # fmt: skip


def _commands(pod: Pod, command: str) -> tuple[str, ...]:
    if command:
        return (pod.typed(*command.split()),)
    return pod.setting("image", f"{pod.chosen.name}=IMAGE:TAG")


PULL = (
    Pull(
        "pod-image-name", "the name of the image is not valid",
        r"invalid reference format|couldn't parse image",
        "{image} is no valid name of an image",
        "correct `image`: lower-case letters, one `:` before the tag, no protocol, no spaces",
        explains=("pod-image-missing",), reasons=("InvalidImageName",),
    ),
    Pull(
        "pod-image-platform", "the image is not built for the platform of the node",
        r"no match(?:ing manifest)? for platform|does not match the specified platform",
        "the image {image} is not built for the platform of the node",
        "build it for that platform, too: docker buildx build --platform linux/amd64,linux/arm64",
        explains=("pod-image-missing",),
    ),
    Pull(
        "pod-image-denied", "the registry does not let the node read the image",
        r"unauthorized|authentication required|pull access denied|\b403\b|forbidden|\b401\b"
        r"|no basic auth credentials",
        "the registry does not let the node read {image}",
        "name a Secret with credentials in `imagePullSecrets`; a registry answers so for an image"
        " that is not there, too: check its name first",
        SECRET, pattern="permissions", explains=("pod-image-missing",),
    ),
    Pull(
        "pod-image-unreachable", "the node cannot reach the registry of the image",
        r"no such host|i/o timeout|connection refused|connection reset|deadline exceeded|x509"
        r"|TLS handshake|no route to host|toomanyrequests|rate limit"
        r"|\b5\d\d\b (?:internal|bad|serv)"
        r"|server misbehaving",
        "the node cannot get {image} from its registry",
        "correct the registry's name in `image`, or let the nodes reach it (names, proxy, CA); a"
        " rate limit ends by itself, and credentials raise it",
        "describe nodes", pattern="network",
    ),
    Pull(
        "pod-image-never", "the image is not on the node, and may not be pulled",
        r"imagePullPolicy of Never|pull policy of Never|is not present with pull policy",
        "the image {image} is not on the node, and imagePullPolicy is Never",
        "load it on every node, or set imagePullPolicy: IfNotPresent and push it to a registry",
        reasons=("ErrImageNeverPull",),
    ),
    Pull(
        "pod-image-missing", "there is no such image in the registry",
        r"not found|manifest unknown|does not exist|name unknown|repository \S+ not",
        "the registry has no image {image}",
        "push it under this name and tag, or correct `image` (in an overlay of the stage"
        " kubernetes: `images` in kustomization.yaml)",
    ),
)  # fmt: skip
for _one in PULL:
    cause(
        _one.id, _one.title, pattern=_one.pattern, reads=["inspect", "events"],
        page="check-status-and-logs", when=Phase.START,
        explains=(*_one.explains, "pod-not-started"),
        module=__name__,
    )(_one.find)  # fmt: skip
