"""What a user lacks besides permissions: a name, a home, and files that are its own."""

import re
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, copied, inspected, logged, seen
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence import log_search
from scaffolder.diagnose.evidence.decisive import REFUSALS
from scaffolder.diagnose.evidence.phase import Phase

USERS = "/etc/passwd"
LACKS = r"\b(?:no|not|unknown|cannot|could not|couldn't|unable|KeyError)\b"
LOOKED_UP = (
    r"\bgetpw(?:uid|nam)\b|uv_os_get_passwd|\bI have no name\b|\bno username set\b"
    r"|\b(?:determine|look(?:ing)? up|get|find) (?:the )?(?:current|effective|real|login) user\b"
)
"""How programs say that they do not know who they are, whether they tell the number or not."""
IN_ROOT = r"(?<![\w./~-])/{1,2}\.[\w-]+[\w./-]*"
"""A hidden file of the root directory, which is the home of who has none (passwd(5), $HOME)."""
DENIED = r"permission denied|\bEACCES\b|not permitted|\bEPERM\b|read-only file system|\bEROFS\b"
NAME_SOUGHT = re.compile(
    r"\bgetpwuid\b|\bgetpass\.getuser\b|\bos\.(?:getlogin|userInfo)\(|\bwhoami\b|\bid -u?nu?\b"
)
"""How code asks for the name, which fails without one."""
HOME_USED = re.compile(
    r"\b(?:mkdir|touch|cp|mv|tee|install|git config --global)\b[^\n]*(?:~|\$HOME|\$\{HOME\})/"
    r"|>>?\s*(?:~|\$HOME|\$\{HOME\})/|\bPath\.home\(|\bexpanduser\(|\bos\.homedir\("
)
"""How code writes to the home, or asks for it."""
UNKNOWN_HOME = r"(?:^|[\s'\"(=:])\?/[.\w]"
"""Java's user.home, where nothing tells it."""


@cause(
    "uid-without-name",
    "the container's uid has no entry in /etc/passwd: no name, and no home",
    pattern="permissions",
    reads=["inspect", "files", "logs", "rerun"],
    when=Phase.DIED,
    explains=[
        "account-missing",
        "file-closed",
        "file-missing",
        "last-call",
        "said-why",
        "errexit",
        "python-quiet-exit",
        "node-error",
        "python-exception",
    ],
    cured_by=["name"],
)
def uid_without_name(case: Case) -> Found | None:
    """Find a program that asks for the name or home of a uid that the image does not know."""
    who = case.identity
    if not who.uid or who.name or who.unknown or not case.config.user:
        return None
    shown, named = _asks(case, who.uid)
    if shown is None:
        return None
    words = shown.found.strip().partition("\n")[0][:200]
    return Found(
        f"uid {who.uid} has no entry in the image's {USERS}, and {_needs(shown)}: {words}",
        f"make the user in the Dockerfile (useradd --uid {who.uid} --create-home app), and name it"
        " with USER; where the uid is given by the platform, set HOME to a directory that it may"
        " write to, and USER or LOGNAME",
        (
            shown,
            inspected(case, "Config.User", case.config.user),
            copied(case, USERS, f"no line for uid {who.uid}"),
        ),
        proven=named,
        basis=_basis(shown),
    )


def _needs(shown: Evidence) -> str:
    """Say what the program needs of its user."""
    if re.search(IN_ROOT, shown.found) or _is_of_home(shown):
        return "so the home of its user is /, which only root may write to; the program does"
    return "the program needs the name of its user, and its home"


def _is_of_home(shown: Evidence) -> bool:
    return shown.source == "files" and not NAME_SOUGHT.search(shown.found)


def _basis(shown: Evidence) -> Basis | None:
    if shown.source == "logs":
        return None
    return Basis.HINT if _is_of_home(shown) else Basis.INFERRED


def _asks(case: Case, uid: int) -> tuple[Evidence | None, bool]:
    """Return what shows that the program wants a name or a home, and whether it tells the uid."""
    says = case.said(rf"[^\n]*\b(?:uid|user ?id)\b[^\n]{{0,30}}\b{uid}\b[^\n]*")
    if says and re.search(LACKS, case.line(says), re.IGNORECASE):
        return logged(case, says), True
    other = case.said(rf"[^\n]*(?:{LOOKED_UP}|{UNKNOWN_HOME})[^\n]*")
    if other:
        return logged(case, other), False
    has_home = case.config.env.get("HOME", "/") != "/"
    denied = None if has_home else case.said(rf"[^\n]*(?:{DENIED})[^\n]*")
    place = re.search(IN_ROOT, case.line(denied)) if denied else None
    if denied and place and case.has(place[0]) is None:
        return logged(case, denied), False
    last, failed = case.seen.opened_last, case.seen.failed_call
    if last and last.path == USERS and quiet(case):
        return seen(case, last), False
    in_root = failed and dirname(failed.path) == "/" and basename(failed.path).startswith(".")
    if failed and in_root and failed.error in REFUSALS and not has_home:
        return seen(case, failed), False
    return (_in_source(case, has_home=has_home), False)


def _in_source(case: Case, *, has_home: bool) -> Evidence | None:
    """Return the line of a silent script that asks for the name or home, if no copy tells more."""
    if not quiet(case) or not case.exit_code or case.seen.trace.processes:
        return None
    scripts = [item.script for item in case.launched if item.script and item.script.path]
    for sought in (NAME_SOUGHT, *(() if has_home else (HOME_USED,))):
        for script in scripts:
            if match := sought.search(script.text):
                return content(case, script.path, log_search.line(match))
    return None


SIGNATURES = table(__name__, (
    Signature(
        id="owner-refused",
        title="a program refuses files because of their owner or mode, for safety",
        pattern="permissions", page="check-program-file", when=Phase.DIED, shows=("user",),
        explains=("said-why", "file-missing", "errexit", "last-call", "ends-itself"),
        cured_by=("mode",),
        rows=(
            Row(
                r"detected dubious ownership in repository at '(?P<path>[^']+)'",
                "git does not read the repository {path}, because it belongs to another user than"
                " the one that the container runs as",
                "git config --system --add safe.directory {path} in the Dockerfile, or COPY"
                " --chown for that user",
            ),
            Row(
                r"data directory \"(?P<path>[^\"]+)\" has (?:wrong ownership|invalid permissions)",
                "the server does not use its data directory {path}, because of its owner and mode:"
                " {line:.200}",
                "chown it to the user that the server runs as, and chmod 0700",
            ),
            Row(
                r"permissions \d+ for '(?P<path>[^']+)' are too open"
                r"|bad owner or permissions on (?P<of>\S+)",
                "ssh does not use a file that others may read or write: {line:.200}",
                "chmod 0600, and chown to the user that ssh runs as; of a secret that is mounted,"
                " make a copy at the start",
            ),
        ),
    ),
))  # fmt: skip
