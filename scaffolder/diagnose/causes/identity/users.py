"""The user that the container runs as, or becomes."""

import re
from collections.abc import Sequence
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, ended, inspected, refused
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase

SHELL = 6
"""Which field of a line of /etc/passwd is the shell: passwd(5)."""
CLOSED = ("nologin", "false", "true", "sync")
"""Shells of accounts that nobody is to log in with."""
OTHER_SHELL = ("-s", "--shell")
WITH_VALUE = ("-c", "--command", "--session-command", "-g", "--group", "-G", "--supp-group", "-w")


@cause(
    "user-unknown",
    "the container's user does not exist in the image",
    pattern="permissions",
    reads=["inspect", "files"],
    when=Phase.START | Phase.IMAGE,
)
def user_unknown(case: Case) -> Found | None:
    """Find a USER, or a group, that /etc/passwd or /etc/group lacks."""
    says = re.search(
        r"unable to find (user|group) (\S+?):|no matching entries in (passwd|group)", case.refusal
    )
    unknown = case.identity.unknown
    if not (says or case.phase == Phase.IMAGE) or not (unknown or says):
        return None
    who = unknown or (f"{says[1]} {says[2]}" if says and says[1] else f"user {case.config.user}")
    where = "/etc/group" if who.startswith("group") else "/etc/passwd"
    return Found(
        f"USER names the {who}, which does not exist in the image's {where}",
        "create it in the final stage (useradd or adduser), or use a numeric ID: USER 1000:1000",
        (
            refused(case),
            inspected(case, "Config.User", case.config.user),
            copied(case, where, f"no {who}" if case.has(where) else "no such file"),
        ),
        proven=bool(unknown),
    )


@cause(
    "account-closed",
    "su starts the shell of an account that nobody may log in with",
    pattern="permissions",
    reads=["files", "inspect"],
    when=Phase.DIED,
    explains=["said-why", "last-call", "errexit"],
)
def account_closed(case: Case) -> Found | None:
    """Find su with an account whose shell ends at once."""
    for item in case.launched:
        name = _account(item.argv[1:]) if item.name == "su" else ""
        lines = (line.split(":") for line in (text(case.files, "/etc/passwd") or "").splitlines())
        row = next((r for r in lines if len(r) > SHELL and r[0] == name), None)
        if row is None or basename(row[SHELL]) not in CLOSED:
            continue
        return Found(
            f"su starts the shell of the account {name}, {row[SHELL]}, which runs no"
            " command and ends at once",
            f"setpriv --reuid={name} --regid={name} --init-groups COMMAND needs no shell; or give"
            " su one: -s /bin/sh",
            (
                inspected(case, "Config.Cmd", list(case.config.argv)),
                copied(case, "/etc/passwd", f"{name}: its shell is {row[SHELL]}"),
                ended(case),
            ),
        )
    return None


def _account(words: Sequence[str]) -> str:
    """Return the account whose shell is started; empty if another program is."""
    left = iter(words)
    for word in left:
        if word.startswith(OTHER_SHELL):
            return ""
        if word in WITH_VALUE:
            next(left, None)
        elif not word.startswith("-"):
            return "" if any(later.startswith(OTHER_SHELL) for later in left) else word
    return ""
