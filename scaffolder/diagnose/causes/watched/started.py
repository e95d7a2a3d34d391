"""Programs that another one starts, which are there, and which cannot run in this image."""

import errno
import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, logged, seen
from scaffolder.diagnose.causes.files.flaws import ABSENT, FORMATS, Said, flaw_of
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs.program import Finder

ANSWERS = {
    errno.ENOENT: {"loader", "crlf", *ABSENT},
    errno.ENOEXEC: {"architecture", "no-shebang", "bom", *FORMATS},
    errno.EACCES: {"mode", "unreachable"},
}
"""What is wrong with a file that is there → how the kernel answers to execve(2) of it."""
FAILED = r"[^\n]*(?:no such file|not found|ENOENT|error=2\b|format error|ENOEXEC|error=8\b)[^\n]*"
PATH = re.compile(r"(?<![\w.:/-])/[\w.+-]+(?:/[\w.+-]+)*")
MOST = 8


@cause(
    "program-broken",
    "the program starts another one that is in the image, and cannot run there",
    pattern="dependencies",
    reads=["rerun", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["program-not-found", "last-call", "file-missing", "unreachable", "output-in-file"],
)
def program_broken(case: Case) -> Found | None:
    """Find a failed exec of a file that is there: its loader, its `#!` or its format is wrong.

    The kernel says of a file whose loader is missing that there is no such file.
    """
    call = case.seen.failed_call
    if call is None or not call.name.startswith("exec"):
        return _by_words(case, is_told=call is not None)
    same = (c for c in case.seen.trace.of(call.process) if c.error and c.name == call.name)
    tried = [c for c in same if basename(c.path) == basename(call.path)]
    return next(filter(None, (_cannot_run(case, each) for each in reversed(tried))), None)


@cause(
    "program-broken-before",
    "the program goes on without another one that is in the image, and cannot run there",
    pattern="dependencies",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["python-exception", "ends-itself", "said-why", "reads-last", "node-error"],
)
def program_broken_before(case: Case) -> Found | None:
    """Find a failed exec of a file that is there, which did not end the program at once.

    Who starts what is there means it, unless the same is found elsewhere.
    """
    calls = [call for call in case.seen.trace.calls if call.name.startswith("exec")]
    ran = {basename(call.path) for call in calls if not call.error}
    failed = [c for c in calls if c.error == errno.ENOENT and basename(c.path) not in ran]
    if case.seen.failed_call in failed:
        return None
    return next(filter(None, (_cannot_run(case, each) for each in reversed(failed))), None)


def _cannot_run(case: Case, call: Call) -> Found | None:
    flaw = _flaw(case, call.path, call.error)
    if flaw is None:
        return None
    process = case.seen.trace.processes.get(call.process)
    who = process.name if process else "the program"
    return Found(
        f"{who} starts {call.path}, which {flaw.words}",
        flaw.fix,
        (seen(case, call), *flaw.evidence, ended(case)),
        flaw.commands,
    )


def _by_words(case: Case, *, is_told: bool) -> Found | None:
    """Find it by the last line that names a file as missing which is there, and broken.

    If another call is known to have failed, the program itself has to have told that line.
    """
    log = "\n".join(line.text for line in case.log.lines)
    told = [m for m in case.every(FAILED) if not is_told or case.line(m) in log]
    if not told:
        return None
    match = told[-1]
    error = errno.ENOEXEC if re.search(r"format|NOEXEC|=8", match[0]) else errno.ENOENT
    for path in _paths(match[0]):
        flaw = _flaw(case, path, error)
        if flaw:
            shown = logged(case, match)
            text = f"the program starts {path}, which {flaw.words}"
            return Found(text, flaw.fix, (shown, *flaw.evidence), flaw.commands)
    return None


def _paths(line: str) -> Iterator[str]:
    yield from list(dict.fromkeys(PATH.findall(line)))[:MOST]


def _flaw(case: Case, path: str, error: int) -> Said | None:
    """Return what keeps a file from running, if the kernel answers like that to it."""
    if not case.has(path):
        return None
    user = case.acting
    program = Finder(case.files, user, case.config, case.host.architecture).find((path,))
    problem = program.first_problem
    if problem is None or problem.kind not in ANSWERS.get(error, ()):
        return None
    is_closed = problem.kind in ANSWERS[errno.EACCES]
    # What is closed is told of the container's user.
    return None if is_closed and user != case.identity else flaw_of(case, program, problem)
