"""Files that the kernel cannot execute: a table of what is wrong, and what the runtime says."""

from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import refused
from scaffolder.diagnose.causes.start.refusal import NEVER
from scaffolder.diagnose.evidence.phase import Phase

from .flaws import FORMATS, said
from .problems import problem_of, runtime_says

ABSENT = "no such file|not found"
EXEC_FORMAT = r"exec format error|cannot execute binary|input/output error|segmentation"


@dataclass(frozen=True)
class Refused:
    """A cause that the file of the program shows, where the runtime's words agree."""

    id: str
    title: str
    pattern: str
    kinds: tuple[str, ...]
    says: str
    page: str = "check-program-file"
    reads: tuple[str, ...] = ("files", "logs")
    when: Phase = NEVER

    def find(self, case: Case) -> Found | None:
        """Find one of the kinds of problem in the program or in what runs it."""
        found = problem_of(case, *self.kinds)
        agrees = runtime_says(case, self.says)
        flaw = said(case, *found) if found else None
        if not found or not flaw or not (agrees or self._is_mute(case)):
            return None
        return Found(
            f"{found[0].path} {flaw.words}",
            flaw.fix,
            (refused(case), *flaw.evidence),
            flaw.commands,
            # An emulator may run an image's program for another processor.
            proven=agrees and not ("architecture" in self.kinds and case.phase == Phase.IMAGE),
        )

    def _is_mute(self, case: Case) -> bool:
        """Tell whether the program, not the runtime, had to report it, and reported nothing."""
        return bool(self.when & Phase.DIED) and case.is_silent


REFUSED = (
    Refused(
        "crlf", "Windows line endings: the interpreter's name includes a carriage return",
        "image", ("crlf",), ABSENT,
    ),
    Refused(
        "no-shebang", "a script without a #! line", "image", ("no-shebang", "bom"), EXEC_FORMAT,
    ),
    Refused(
        "wrong-architecture", "the program is for another processor",
        "image", ("architecture",), f"{EXEC_FORMAT}|no such file", reads=("files", "inspect"),
    ),
    Refused(
        "not-a-program", "the file is not a program that Linux can run",
        "image", tuple(FORMATS), EXEC_FORMAT, when=NEVER | Phase.DIED,
    ),
    Refused(
        "loader-missing", "the program's loader (libc) is not in the image",
        "image", ("loader",), ABSENT, page="pattern-dependencies",
    ),
    Refused(
        "not-executable", "the program's file is not executable",
        "permissions", ("mode",), "permission denied", reads=("files", "inspect"),
    ),
    Refused(
        "path-closed", "the user cannot enter a directory on the path to the program",
        "permissions", ("unreachable",), f"permission denied|{ABSENT}", reads=("files", "inspect"),
    ),
)  # fmt: skip
for _one in REFUSED:
    cause(
        _one.id, _one.title, pattern=_one.pattern, reads=_one.reads, page=_one.page, when=_one.when,
        module=__name__,
    )(_one.find)  # fmt: skip
