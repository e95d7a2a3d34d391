"""Jobs that end with 0 and say that they have done nothing: what they could not run, or read."""

import errno
import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, logged, runs_as, seen
from scaffolder.diagnose.causes.identity.refusing import culprit
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.gave_up import has_worked
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call

NOTHING = re.compile(
    r"(?<![\w.,:/-])(?:0 (?:of \d+ |new )?(?P<what>[a-z]{3,20})\b"
    r"|(?P<name>[a-z_]{3,20})[:=] ?0\b(?![.:]))",
    re.IGNORECASE,
)
FINE = re.compile(
    r"err(?:or)?s?|fail\w*|warn\w*|problems?|issues?|missing|invalid|skipped|lost|dropped|retries"
    r"|conflicts?|exit|code|status|rc|pid|uid|gid|left|remaining|pending|queued|waiting|stale"
    r"|expired|orphan\w*|seconds?|secs?|ms|minutes?|bytes?|level|verbose|debug",
    re.IGNORECASE,
)
"""Of what it is good, or means nothing, to have none."""
PROBED = re.compile(
    r"gcc|cc|ld|ldconfig|objdump|as|git|uname|file|stty|tput|locale|hostname|nproc|lsb_release|which"
    r"|lsof|ps|less|more|pager|man|sw_vers|systemctl|notify-send|sudo"
)
"""Programs that libraries ask for, and do without."""
OF_SYSTEM = re.compile(r"/(?:etc|usr|lib\w*|s?bin|proc|sys|dev|run|root|home|opt/[^/]+/lib)(?:/|$)")
"""Where a program looks for what may be missing: settings, plugins, libraries."""
LAST = 3
"""How many lines at the end tell what a job has done."""


@cause(
    "nothing-done",
    "a job ends with 0 and has done nothing: it cannot run or read what it works with",
    pattern="process",
    reads=["logs", "rerun", "files"],
    page="ended-without-a-word",
    when=Phase.FINISHED,
    basis=Basis.INFERRED,
    explains=["program-not-found", "file-closed", "last-call", "file-missing", "said-why"],
)
def nothing_done(case: Case) -> Found | None:
    """Find a program, or a file in a mount, that a watched copy asked for in vain."""
    said = says_nothing_done(case)
    if said is None:
        return _did_nothing(case)
    words = f"it says at its end: {said[0].strip()[:150]}"
    if lost := _not_run(case):
        name = basename(lost.path)
        return Found(
            f"the program does without {name}, which it runs and which is not in the image; so it"
            f" has done nothing, and exits with 0 all the same ({words})",
            f"install {name} in the image, or correct the name; let the program exit with another"
            " code when that fails",
            (logged(case, said), seen(case, lost), copied(case, lost.path, "no such file")),
        )
    if absent := _not_listed(case):
        return Found(
            f"the program looks into {absent.path}, which does not exist; so it has done nothing,"
            f" and exits with 0 all the same ({words})",
            f"correct the path, or mount what it is to work on at {absent.path}; let the program"
            " exit with another code when that is not there",
            (logged(case, said), seen(case, absent), copied(case, absent.path, "no such file")),
        )
    if closed := _not_read(case):
        entry = culprit(case, closed.path, 4)
        where = entry.path if entry else closed.path
        shown = f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}" if entry else "closed"
        return Found(
            f"the program may not read {closed.path}, which is mounted for it ({where}: {shown});"
            f" so it has done nothing, and exits with 0 all the same ({words})",
            f"give the user of the container access to {where} on the host (chmod o+rX, or chown)",
            (
                logged(case, said),
                seen(case, closed),
                copied(case, where, shown),
                runs_as(case),
                ended(case),
            ),
        )
    return None


def _did_nothing(case: Case) -> Found | None:
    """Find a program that a silent job gave up over, and without which it did nothing at all."""
    call, trace = case.seen.gave_up, case.seen.trace
    is_sought = call is not None and call.name.startswith("exec") and call.error == errno.ENOENT
    if call is None or not is_sought or not case.is_silent or has_worked(trace):
        return None
    name = basename(call.path)
    return Found(
        f"the program cannot run {name}, which is not in the image, and does nothing else; it exits"
        " with 0 all the same, without a word",
        f"install {name} in the image, or correct the name; let the program exit with another code"
        " when that fails",
        (seen(case, call), copied(case, call.path, "no such file"), ended(case)),
    )


def says_nothing_done(case: Case) -> re.Match[str] | None:
    """Return where one of the last lines says that there were 0 of something it works on."""
    lines = [line.text for line in case.log.lines if line.text.strip()][-LAST:]
    for line in reversed(lines):
        for match in NOTHING.finditer(line[:400]):
            if not FINE.fullmatch(match["what"] or match["name"]):
                return re.search(re.escape(line), case.text)
    return None


def _not_run(case: Case) -> Call | None:
    """Return how a program was started that is in no directory of PATH."""
    calls = [c for c in case.seen.trace.calls if c.name.startswith("exec")]
    ran = {basename(c.path) for c in calls if not c.error}
    lost = (c for c in reversed(calls) if c.error == errno.ENOENT and basename(c.path) not in ran)
    return next((c for c in lost if not PROBED.fullmatch(basename(c.path))), None)


def _not_listed(case: Case) -> Call | None:
    """Return how a directory for data was looked into that does not exist, and is never made."""
    calls = case.seen.trace.calls
    there = {c.made or c.path for c in calls if not c.error}
    lost = (c for c in calls if c.lists and c.error == errno.ENOENT and c.path not in there)
    return next((c for c in lost if not OF_SYSTEM.match(c.path)), None)


def _not_read(case: Case) -> Call | None:
    """Return how a file in a mount was refused, and never read."""
    calls = [c for c in case.seen.trace.calls if c.path]
    there = {c.path for c in calls if not c.error}
    for call in calls:
        is_refused = call.error == errno.EACCES and call.path not in there
        if is_refused and mount_around(call.path, case.config.mounts):
            return call
    return None
