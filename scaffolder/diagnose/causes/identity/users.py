"""The user that the container runs as."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, refused
from scaffolder.diagnose.evidence.phase import Phase


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
