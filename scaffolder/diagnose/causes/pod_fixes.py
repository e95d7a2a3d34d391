"""What to do about causes that a container has anywhere, where a cluster runs it."""

from collections.abc import Callable
from dataclasses import dataclass

from scaffolder.diagnose.evidence.pod import Pod


@dataclass(frozen=True)
class Fix:
    """What to do about a cause in a cluster, in a sentence and as commands."""

    text: str
    commands: Callable[[Pod], tuple[str, ...]]


def _env(*words: str) -> Callable[[Pod], tuple[str, ...]]:
    return lambda pod: pod.setting("env", *words)


def _memory(pod: Pod) -> tuple[str, ...]:
    return pod.setting("resources", "--limits=memory=...")


def _edit(pod: Pod) -> tuple[str, ...]:
    return pod.replaced()


def image(pod: Pod) -> tuple[str, ...]:
    """Return what to type for another image."""
    return pod.setting("image", f"{pod.chosen.name}=IMAGE:TAG")


MEMORY = "raise limits.memory in {manifest}, or reduce the memory that it uses"
WRITABLE = (
    "mount an emptyDir there, as the stage kubernetes does for /tmp, or set"
    " readOnlyRootFilesystem: false in {manifest}"
)
VARIABLE = "correct it in {manifest} (`env`), or in the ConfigMap or Secret that it comes from"
FIXES = {
    "variable-missing": Fix(
        "set it in {manifest} (`env`), or in the ConfigMap or Secret that its variables come from"
        " (stage kubernetes: settings.env of the overlay, or the Secret)",
        _env("NAME=..."),
    ),
    "service-variable": Fix(
        "the cluster sets such a variable for each Service of the namespace: set"
        " enableServiceLinks: false in {manifest} (pod spec), or set the variable itself, or have"
        " the program read one of another name",
        _edit,
    ),
    "own-setting": Fix(
        "correct every variable named, in {manifest} or in the ConfigMap or Secret that they come"
        " from (stage kubernetes: settings.env of the overlay)",
        _env("NAME=..."),
    ),
    "own-port-privileged": Fix(
        "set PORT to 1024 or above; the Service maps the port that clients use (targetPort)",
        _env("PORT=8080"),
    ),
    "own-memory": Fix(MEMORY, _memory),
    "own-killed": Fix(
        "find who kills it: the node's log of that time", lambda pod: (pod.described,)
    ),
    "oom-killed": Fix(MEMORY, _memory),
    "oom-child": Fix(f"{MEMORY}, or run fewer workers", _memory),
    "memory-exhausted": Fix(f"{MEMORY}; a heap of its own has a limit of its own", _memory),
    "node-heap": Fix(f"{MEMORY}; set --max-old-space-size below that", _memory),
    "java-heap": Fix(f"{MEMORY}; set -XX:MaxRAMPercentage below 75", _memory),
    "read-only-root": Fix(WRITABLE, _edit),
    "no-temporary-directory": Fix(WRITABLE, _edit),
    "disk-full": Fix(
        "raise sizeLimit of the volume and limits.ephemeral-storage, or write less", _edit
    ),
    "shared-memory": Fix("mount an emptyDir with medium: Memory at /dev/shm", _edit),
    "pids-limit": Fix(
        "end children that are not needed; the node's kubelet sets the limit (podPidsLimit)",
        lambda pod: (pod.typed("describe", "node", pod.node_name),),
    ),
    "locked-memory-limit": Fix(
        "add IPC_LOCK to securityContext.capabilities.add in {manifest}, or raise the limit of the"
        " node's container runtime",
        _edit,
    ),
    "file-size-limit": Fix("raise the limit of the node's container runtime", lambda _pod: ()),
    "stack-overflow": Fix(
        "stop the recursion; if it must be deep, raise -Xss or RUST_MIN_STACK",
        _env("RUST_MIN_STACK=8388608"),
    ),
    "forbidden-call": Fix("use a seccompProfile that allows the call (type: Localhost)", _edit),
    "seccomp-refuses": Fix("use a seccompProfile that allows the call (type: Localhost)", _edit),
    "capability-missing": Fix(
        "add it in {manifest} (securityContext.capabilities.add), or do without", _edit
    ),
    "privileged-port": Fix(
        "listen on 1024 or above; the Service maps the port that clients use (targetPort)", _edit
    ),
    "file-closed": Fix(
        "let the user of the pod (runAsUser, fsGroup) read and write what it names", _edit
    ),
    "user-unknown": Fix("correct runAsUser in {manifest}", _edit),
    "unreachable": Fix(
        "look at the NetworkPolicy of the namespace (stage kubernetes:"
        " network-policy.yaml), and at the node's network",
        lambda pod: (pod.typed("describe", "networkpolicy"),),
    ),
    "name-unresolved": Fix(
        "correct the name: a Service is called NAME, or NAME.NAMESPACE from elsewhere; a"
        " NetworkPolicy has to let questions to the DNS through",
        lambda pod: (pod.typed("get", "services"), pod.typed("describe", "networkpolicy")),
    ),
    "connection-refused": Fix(
        "start what it connects to, or correct address and port: in a pod, localhost is the pod;"
        " a Service without ready pods refuses, too",
        lambda pod: (pod.typed("get", "services,endpointslices"),),
    ),
    "port-in-use-inside": Fix("containers of a pod share their ports: give each its own", _edit),
    "certificate": Fix("install the CA's certificates in the image, or mount them", image),
    "variable-quoted": Fix(VARIABLE, _env("NAME=...")),
    "variable-not-expanded": Fix(
        "write $(NAME) in `command` and `args` of {manifest}, which the kubelet expands, or run a"
        " shell",
        _edit,
    ),
    "secret-missing": Fix("make the Secret, and mount it where the program looks for it", _edit),
    "file-missing": Fix(
        "COPY it into the image, or mount it from a ConfigMap or Secret; a volume hides what the"
        " image has at its mountPath; a relative path counts from workingDir",
        _edit,
    ),
    "locale-missing": Fix(
        "set LANG=C.UTF-8, or install the locale in the image",
        _env("LANG=C.UTF-8", "LC_ALL=C.UTF-8"),
    ),
    "usage-printed": Fix("pass the missing arguments in `args` of {manifest}", _edit),
    "terminal-missing": Fix(
        "a pod has no input: give it what it asks for in arguments or variables", _edit
    ),
    "rust-panic": Fix(
        "fix the code there; RUST_BACKTRACE=1 shows the call stack", _env("RUST_BACKTRACE=1")
    ),
    "ends-again-and-again": Fix(
        "keep a service in the foreground; work that ends belongs into a Job", _edit
    ),
    "workers-die": Fix(
        "find the request that hangs and give its calls a timeout; only then raise the"
        " server's timeout",
        _edit,
    ),
    "supervised-down": Fix("fix what makes it exit, and run one program in each container", _edit),
    "data-version": Fix(
        "go back to the image of the version that wrote the data, dump it with that,"
        " and load the dump into a new volume",
        image,
    ),
    "licence": Fix("renew the license, and mount it as a Secret", _edit),
}
"""What to do about a cause, where a cluster differs from Docker."""
