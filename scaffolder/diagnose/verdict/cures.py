"""What a cured copy means: which cause a change points to, and whether the cure is a proof."""

from dataclasses import dataclass

from scaffolder.diagnose.causes.catalogue import causes


@dataclass(frozen=True)
class Cure:
    """What follows when a copy with one factor changed does not fail."""

    factor: str
    """One of the catalogue's FACTORS: it proves the causes that name it in `cured_by`."""
    cause: str
    pattern: str
    text: str
    fix: str
    proves: bool
    """The change touches one mechanism and nothing else.

    A volume, a mount or the user stands for data, files and permissions at once. A copy that runs
    without it proves nothing alone, only together with a cause that saw the mechanism.
    """
    is_exact: bool = False
    """The fix is the change itself, which was tried: it is better than what the cause advises."""


WRITABLE = Cure(
    "writable",
    "read-only-root",
    "permissions",
    "the root filesystem is read-only, and the program has to write to it",
    "add a --tmpfs or volume where it writes, or drop --read-only",
    proves=True,
)
ROOT = Cure(
    "root",
    "file-closed",
    "permissions",
    "the container's user lacks a permission that root has",
    "give the user what it needs: chown in the Dockerfile, a port above 1023",
    proves=False,
)
NAME = Cure(
    "name",
    "uid-without-name",
    "permissions",
    "the container's uid has no entry in /etc/passwd, and the program needs its name and its home",
    "make the user in the Dockerfile (useradd --uid ... --create-home), and name it with USER",
    proves=True,
)
CAPABILITIES = Cure(
    "capabilities",
    "capability-missing",
    "permissions",
    "the program needs a capability that was dropped",
    "add back only the capability that it needs (--cap-add)",
    proves=True,
)
SECCOMP = Cure(
    "seccomp",
    "seccomp-refuses",
    "permissions",
    "the seccomp profile blocks a system call that the program makes",
    "allow the call in the profile, or remove the option to use Docker's default profile",
    proves=True,
)
SECURITY = Cure(
    "security",
    "capability-missing",
    "permissions",
    "a security option forbids what the program does",
    "remove the --security-opt that forbids it",
    proves=False,
)
MEMORY = Cure(
    "memory",
    "oom-killed",
    "memory",
    "the memory limit is too small",
    "raise --memory",
    proves=True,
)
PROCESSES = Cure(
    "processes",
    "pids-limit",
    "memory",
    "the process limit is too small",
    "raise --pids-limit",
    proves=True,
)
INPUT = Cure(
    "input",
    "input-closed",
    "process",
    "the program needs an open input",
    "use docker run -it, or give it a program to run",
    proves=True,
)
VARIABLE = Cure(
    "variable",
    "variable-missing",
    "environment",
    "the program exits because a variable is not set",
    "pass it (-e, --env-file)",
    proves=True,
)
MOUNT = Cure(
    "mount",
    "mount-hides-files",
    "environment",
    "the mount causes it: its data, its owner, or what it hides",
    "check what is in it, and fix that; keep the data",
    proves=False,
)
FILE = Cure(
    "file",
    "file-missing",
    "environment",
    "the program ends because a file is missing",
    "COPY it into the image, or mount it",
    proves=True,
)
PLACE = Cure(
    "file",
    "file-missing",
    "environment",
    "the program ends because a directory is missing",
    "make it in the Dockerfile (RUN mkdir -p), or mount a volume there",
    proves=True,
)
WORKDIR = Cure(
    "workdir",
    "workdir-wrong",
    "image",
    "the program looks for its files in the wrong working directory",
    "set WORKDIR in the Dockerfile to the directory of the files",
    proves=True,
)
SPACE = Cure(
    "space",
    "disk-full",
    "memory",
    "no space is left where the program writes",
    "give it a larger tmpfs, or a larger --shm-size",
    proves=True,
)
SHARED = Cure(
    "shm",
    "shared-memory",
    "memory",
    "shared memory (/dev/shm) is too small for what the program maps there",
    "give it more (--shm-size)",
    proves=True,
)
LEFT_OVER = Cure(
    "left-over",
    "left-over",
    "environment",
    "left over from an earlier run, and the program does not start with it",
    "put it on a --tmpfs; docker rm and docker run instead of docker start",
    proves=True,
)
HEAP = Cure(
    "heap",
    "java-heap",
    "memory",
    "the heap of the JVM is used up, and the program does not report it",
    "raise -Xmx (or -XX:MaxRAMPercentage=75), and --memory with it",
    proves=True,
)
VALUE = Cure(
    "value",
    "variable-quoted",
    "environment",
    "the program takes the value as it is",
    "write the value without them in the env file",
    proves=True,
)
AS_BUILT = Cure("as-built", "not-built-in", "environment", "", "", proves=True)
"""A value that is the same but for what the program was built without."""
OTHER_VALUE = Cure("other-value", "config-malformed", "environment", "", "", proves=True)
TIME_ZONE = Cure(
    "time-zone",
    "timezone-missing",
    "environment",
    "the program needs data about a time zone that the image does not have",
    "install tzdata in the runtime stage, or embed it (Go: import time/tzdata)",
    proves=True,
)


def ulimit(name: str) -> Cure:
    """Return what it means if a copy without one ulimit does not fail."""
    known = (cause.id for cause in causes() if f"ulimit {name}" in cause.cured_by)
    cause = next(known, "")
    return Cure(
        f"ulimit {name}" if cause else "ulimit",
        cause or "memory-exhausted",
        "memory",
        f"the ulimit {name} is too small",
        f"raise it: --ulimit {name}=...",
        proves=True,
    )
