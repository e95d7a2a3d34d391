"""What a pod is made of and the cluster does not have: settings, secrets, volumes, users."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected
from scaffolder.diagnose.evidence.phase import Phase

from .words import names, one_line, pod_of, shows, told, waits

ABSENT = re.compile(r"(?P<kind>configmap|secret) \"(?P<name>[^\"\n]+)\" not found", re.IGNORECASE)
NO_KEY = re.compile(
    r"couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) (?:\S+/)?(?P<name>[^\s\"]+)"
)
KINDS = {"configmap": "ConfigMap", "secret": "Secret"}
ROOT = re.compile(
    r"runAsNonRoot and image (?:will run as root|has non-numeric user \((?P<user>[^)]*)\)"
    r"|has group permissions|user is root)"
)
MOUNTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
VOLUME = re.compile(r"for volume \"(?P<name>[^\"\n]+)\"")


@cause(
    "pod-configuration-missing",
    "what the container takes its variables from is missing",
    pattern="environment",
    reads=["inspect", "events"],
    page="check-environment",
    when=Phase.START,
    explains=["pod-not-started"],
)
def configuration_missing(case: Case) -> Found | None:
    """Find what the kubelet does not find when it sets the variables of a container."""
    pod = pod_of(case)
    said = pod.chosen.message
    match = NO_KEY.search(said) or ABSENT.search(said)
    if pod.chosen.reason != "CreateContainerConfigError" or match is None:
        return None
    kind, name = KINDS[match["kind"].lower()], match["name"]
    key = match.groupdict().get("key") or ""
    what = f"the {kind} {name} has no key {key}" if key else f"there is no {kind} {name}"
    named = (kind, name) in pod.references
    shown = (inspected(case, "Config.Env", f"from {kind} {name}"),) if named else ()
    return Found(
        f"{what} in the namespace {pod.namespace}, and the container {pod.chosen.name} takes"
        " variables from it",
        f"make it (docs/stages/kubernetes.md has the commands for the stage kubernetes), or correct"
        f" the name in {pod.manifest}; `optional: true` makes do without it",
        (waits(case), *shown),
        _made(case, kind, name, key or "NAME"),
        proven=named,
    )


def _made(case: Case, kind: str, name: str, key: str) -> tuple[str, ...]:
    """Return the command that makes a ConfigMap or a Secret, or that adds a key to it."""
    pod = pod_of(case)
    made = ("create", "secret", "generic") if kind == "Secret" else ("create", "configmap")
    first = pod.typed(*made, name, f"--from-literal={key}=...", "--dry-run=client", "-o", "yaml")
    return (f"{first} | {pod.typed('apply', '-f', '-')}",)


@cause(
    "pod-runs-as-root",
    "the pod may not run as root, and its image does",
    pattern="permissions",
    reads=["inspect", "events"],
    when=Phase.START,
    explains=["pod-not-started"],
)
def runs_as_root(case: Case) -> Found | None:
    """Find `runAsNonRoot` with an image whose user is root, or has only a name."""
    pod = pod_of(case)
    match = ROOT.search(pod.chosen.message)
    if match is None:
        return None
    user = match["user"]
    why = (
        f"its image runs as {user}, a name that the kubelet cannot compare with root"
        if user
        else "its image runs as root"
    )
    return Found(
        f"the pod may not run as root (runAsNonRoot), and {why}",
        f"set runAsUser in {pod.manifest}, or end the Dockerfile with USER and a number, such as"
        " USER 1000",
        (waits(case), inspected(case, "HostConfig.SecurityOpt",
                                f"runAsNonRoot: {str(pod.chosen.run_as_non_root).lower()}")),
        pod.replaced(),
        proven=pod.chosen.run_as_non_root and not user,
    )  # fmt: skip


@cause(
    "pod-volume",
    "a volume of the pod cannot be mounted",
    pattern="environment",
    reads=["inspect", "events"],
    page="check-files-and-dependencies",
    when=Phase.START | Phase.CREATED,
    explains=["pod-not-started"],
)
def volume(case: Case) -> Found | None:
    """Find a volume that is not there, or that another node holds."""
    pod = pod_of(case)
    note = pod.noted(*MOUNTS)
    if note is None or (pod.chosen.status not in {"", "waiting"}):
        return None
    match = VOLUME.search(note.message)
    name = match["name"] if match else next((v for v in pod.volumes if names(note.message, v)), "")
    kind, source = pod.volumes.get(name, ("", ""))
    about = f"the volume {name} ({kind} {source})" if kind else "a volume"
    why, fix = _mount(note.message, kind, source)
    shown = (
        [shows(case, f'.spec.volumes[?(@.name=="{name}")]', f"{kind}: {source}")] if kind else []
    )
    return Found(
        f"{about} cannot be mounted{why}, so the pod does not start: {one_line(note.message)}",
        fix,
        (told(case, note), *shown),
        _search(case, kind, source),
        proven=bool(kind and why),
    )


def _mount(said: str, kind: str, source: str) -> tuple[str, str]:
    if re.search(r"\"?[\w./-]+\"? not found|does not exist", said):
        what = {"secret": "Secret", "configMap": "ConfigMap"}.get(kind, "source")
        return (
            f": there is no {what} {source}".rstrip(),
            (
                "make it (docs/stages/kubernetes.md has the commands for the stage kubernetes), or"
                " correct the name in the manifest"
            ),
        )
    if re.search(r"Multi-Attach|already (?:used|attached|exclusively)", said):
        return (
            ": another node still holds it",
            "let the old pod end first (strategy: Recreate), or delete it where its node is gone",
        )
    if "references non-existent config key" in said:
        return ": a key is missing in it", "add the key, or correct `items` in the manifest"
    return "", "kubectl describe pod has the storage's words: correct what they name"


def _search(case: Case, kind: str, source: str) -> tuple[str, ...]:
    pod = pod_of(case)
    if kind == "secret":
        return (pod.typed("create", "secret", "generic", source, "--from-file=..."),)
    if kind == "configMap":
        return (pod.typed("create", "configmap", source, "--from-file=..."),)
    if kind == "persistentVolumeClaim":
        return (pod.typed("describe", "pvc", source),)
    return (pod.described,)
