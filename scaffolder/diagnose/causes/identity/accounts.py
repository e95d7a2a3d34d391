"""Accounts that a program looks up, and that the image does not have."""

import re
from itertools import chain
from posixpath import basename
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, inspected, logged, seen
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.harmless import KNOWN_EMPTY
from scaffolder.diagnose.evidence.phase import Phase

OF_ACCOUNT = re.compile(r"USER|GROUP|ACCOUNT|OWNER|RUN_?AS")
ACCOUNT = re.compile(r"[a-z_][a-z\d_-]*\$?")
"""How accounts are called (useradd(8))."""
OF_ACCOUNTS = {
    "id", "getent", "su", "runuser", "chown", "chgrp", "install", "setpriv", "gosu", "su-exec",
    "chpst", "start-stop-daemon", "groups",
}  # fmt: skip
"""Commands that are given the name of an account."""
READS_TEXT = {
    "grep", "egrep", "fgrep", "awk", "gawk", "mawk", "sed", "cut", "cat", "head", "tail", "sort",
    "wc", "diff", "cmp", "tr", "busybox",
}  # fmt: skip
"""Programs to which a file of accounts is a text such as any other."""
SHOWN = 100
DATABASES = {"passwd", "group", "shadow"}
SAYS = (
    r"[^\n]*(?:\bget(?:pw|gr)nam\(\"?(?P<of_call>[\w.-]+)\"?\) failed"
    r"|(?:unknown|invalid|no such) (?:user|group)(?: name)?(?:: ?|:? [`'\"\u2018])"
    r"(?P<name>[a-z_][\w.-]*)[`'\"\u2019]?\s*$"
    r"|\b(?:su|runuser|gosu|su-exec|chown): unknown user (?P<of_tool>[a-z_][\w.-]*)\s*$)[^\n]*"
)
"""How servers and coreutils complain of an account."""


@cause(
    "account-missing",
    "an account that the program looks up does not exist in the image",
    pattern="environment",
    reads=["rerun", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["last-call", "config-malformed", "said-why", "errexit"],
)
def account_missing(case: Case) -> Found | None:
    """Find an account that a program names as unknown, or for which it reads all that there are."""
    if found := _named_unknown(case):
        return found
    call = case.seen.opened_last
    process = case.seen.decider
    is_text = process is not None and process.name in READS_TEXT
    if call is None or call.path not in KNOWN_EMPTY or is_text or not quiet(case):
        return None
    kind, tool = ("group", "groupadd") if call.path == "/etc/group" else ("user", "useradd")
    by, name = _unknown_account(case, call.path)
    named = f"{name}, which {by} names" if name else "one that does not exist"
    change = f"correct {by}" if name else "name one that exists in the program's settings"
    return Found(
        f"the last thing that the program reads before it ends is {call.path}: it looks for a"
        f" {kind}, {named}{', and there is none' if name else ''}",
        f"create the {kind} in the Dockerfile ({tool} --system {name or 'NAME'}), or {change}",
        (
            seen(case, call),
            *((inspected(case, "Config.Env", f"{by}={name}"),) if by in case.config.env else ()),
            ended(case),
        ),
    )


def _named_unknown(case: Case) -> Found | None:
    """Find the name in a complaint, where the image has no such account."""
    says = case.said(SAYS)
    name = says and (says["of_call"] or says["name"] or says["of_tool"])
    if says is None or not name:
        return None
    is_group = "grp" in says[0] or "getgr" in says[0] or "group" in says[0].lower()
    kind, path, tool = (
        ("group", "/etc/group", "groupadd") if is_group else ("user", "/etc/passwd", "useradd")
    )
    if name in _accounts(case, path):
        return None
    return Found(
        f"the program looks for the {kind} {name}, which is not in the image's {path}:"
        f" {case.line(says)[:200]}",
        f"create the {kind} in the Dockerfile ({tool} --system {name}), or name one that exists in"
        " the program's settings",
        (logged(case, says), copied(case, path, f"no line for {name}")),
        basis=Basis.NAMED,
        proven=True,
    )


def _accounts(case: Case, path: str) -> set[str]:
    return {line.partition(":")[0] for line in (text(case.files, path) or "").splitlines()}


def _unknown_account(case: Case, path: str) -> tuple[str, str]:
    """Return what names an account which a file of accounts has not, and that account.

    That is a variable, or the command that looks for it.
    """
    known = _accounts(case, path)
    named = ((n, v) for n, v in case.config.env.items() if OF_ACCOUNT.search(n))
    process = case.seen.decider
    argv = process.argv if process else ()
    argv = argv if argv and basename(argv[0]) in OF_ACCOUNTS else ()
    words = (part for word in argv[1:] for part in word.split(":"))
    asked = ((f"`{join(argv)[:SHOWN]}`", word) for word in words)
    both = ((by, name) for by, name in chain(named, asked) if ACCOUNT.fullmatch(name))
    unknown = ((by, name) for by, name in both if name not in known | DATABASES)
    return next(unknown, ("", ""))
