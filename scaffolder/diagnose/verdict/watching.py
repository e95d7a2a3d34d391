"""A copy under the tracer, which reports what the program asks the system for.

The tracer is put into an anonymous volume of the copy: that works on a read-only root, for any
user, and with a daemon on another machine. What it records is read from there.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.docker.copied_files import Copied
from scaffolder.diagnose.evidence.trace import Trace
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.docker.client import Engine, EngineError

TRACERS = Path(__file__).parent.parent / "tracers"
RECORDS = 2 << 20
"""How much is read; the tracer keeps half of that."""
BLIND = 125
"""The status with which the tracer ends where it cannot watch."""
MARGIN = 1.0
"""How much sooner than the copy's time is over the tracer writes what is waited for, in seconds."""


@dataclass(frozen=True)
class Tracer:
    """A tracer, and where it is in the copy."""

    program: bytes
    folder: str

    @property
    def entrypoint(self) -> str:
        """What the copy executes."""
        return f"{self.folder}/tracer"

    def command(self, argv: tuple[str, ...], seconds: float) -> tuple[str, ...]:
        """Return the arguments that make it run a program."""
        return (f"{self.folder}/records", str(round((seconds - MARGIN) * 1000)), *argv)

    @property
    def files(self) -> Mapping[str, tuple[int, bytes]]:
        """What is put into its folder: names → mode and content.

        The user of the container is often not root: the file to write to is there already.
        """
        return {"tracer": (0o755, self.program), "records": (0o666, b"")}

    def trace(self, engine: Engine, name: str) -> Trace:
        """Read what it recorded in a copy."""
        found = Copied(engine, name).content(f"{self.folder}/records", RECORDS)
        trace = read((found or b"").decode("ascii", "replace"))
        return trace if trace.processes or trace.obstacle else Trace(obstacle="it recorded nothing")


def is_unread(trace: Trace) -> bool:
    """Tell whether the tracer could not read which files a program opened.

    The memory of one that has become another user (setuid) is closed to who traces it without
    CAP_SYS_PTRACE (prctl(2), PR_SET_DUMPABLE).
    """
    return any(call.name.startswith("open") and not call.given for call in trace.calls)


def tracer_for(case: Case) -> Tracer:
    """Return the tracer for the machine of a case; raise EngineError if there is none."""
    machine = case.host.architecture
    built = case.image.architecture if case.image else machine
    if built and built != machine:
        raise EngineError(f"the image is for {built}, and runs emulated on {machine}")
    try:
        program = (TRACERS / machine).read_bytes()
    except OSError as error:
        raise EngineError(f"there is no tracer for {machine}") from error
    return Tracer(program, f"/viscaffold-{secrets.token_hex(4)}")
