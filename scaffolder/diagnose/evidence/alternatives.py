"""Several places that a program tries for one thing: together they are one failure."""

import errno
import re
from collections.abc import Sequence
from itertools import takewhile

from .decisive import ARCHIVE, decider, failure, has_gone_on
from .trace import Call, Trace

AUTHORITIES = re.compile(
    r"/(?:ssl|pki|certs|cacerts|ca-certificates)(?:/|$)|/(?:ca-bundle|cacert|cert)[\w.-]*$"
)
"""Where systems keep certificates of CAs; programs try the places of all systems in turn."""
LOCALES = "/usr/lib/locale/"
ZONES = "/usr/share/zoneinfo"
ZONE = re.compile(r"/(?:zoneinfo|TZ)/((?!\.)\w[\w+/-]*)$")
STORE = re.compile(r"\.(?:crt|pem|p12|jks)$")


def places(trace: Trace, lost: Call) -> list[Call]:
    """Return the calls that sought the same name as a failed one since the program last got on.

    They sought it in other places, or with other endings; at least the call itself is among them.
    """
    if lost.error != errno.ENOENT or not lost.path or lost.creates or lost.name.startswith("exec"):
        return [lost]
    own = [call for call in trace.of(lost.process) if call.at <= lost.at]
    late = [*takewhile(lambda call: not has_gone_on(call), reversed(own))]
    same = [c for c in reversed(late) if c.error == errno.ENOENT and c.stem == lost.stem]
    return [*{call.path: call for call in same}.values()] or [lost]


def locales_sought(trace: Trace) -> list[Call]:
    """Return the calls that sought a locale in vain, if a process failed right after them.

    Others seek one at their start, too, and do without: those go on. One name has several
    spellings (C.UTF-8, C.utf8), of which one is enough.
    """
    process = decider(trace)
    own = trace.of(process.number) if process and process.failed else []
    late = [*takewhile(lambda call: call.path.startswith(LOCALES), reversed(own))]
    if any(not call.error and "/LC_" in call.path for call in late):
        return []
    return [call for call in reversed(late) if call.error == errno.ENOENT]


def authorities_sought(trace: Trace) -> list[Call]:
    """Return the calls that sought certificates of CAs in several places, and found no store.

    That a directory for them can be opened is no find: it may be empty.
    """
    process = decider(trace)
    if process is None or not process.failed:
        return []
    backwards = reversed(trace.of(process.number))
    late = [*takewhile(lambda c: not has_gone_on(c) or AUTHORITIES.search(c.path), backwards)]
    about = [call for call in reversed(late) if AUTHORITIES.search(call.path)]
    if any(not call.error and STORE.search(call.path) for call in about):
        return []
    lost = failure(trace)
    missing = {call.path: call for call in about if call.error == errno.ENOENT}
    is_last = lost is None or lost.path in missing
    return [*missing.values()] if is_last and len(missing) > 1 else []


def zone_sought(trace: Trace) -> tuple[str, list[Call]] | None:
    """Return the time zone that a process sought in several places before it failed, and how.

    A C library asks for one as well, to write the time of a message: then another call failed.
    """
    process = decider(trace)
    if process is None or not process.failed:
        return None
    backwards = reversed(trace.of(process.number))
    late = [*takewhile(lambda call: not has_gone_on(call), backwards)]
    missing = [call for call in reversed(late) if call.error == errno.ENOENT]
    zones = [(call, match[1]) for call in missing if (match := ZONE.search(call.path))]
    asked, names = [call for call, _ in zones], {name for _, name in zones} - {"tzdata.zi"}
    lost = failure(trace)
    is_alone = bool(asked) and lost is asked[-1]  # nothing is done after it: it is for no message
    if (len({c.path for c in asked}) < 2 and not is_alone) or len(names) != 1:
        return None
    is_last = lost is None or lost.path.endswith(ARCHIVE) or is_alone
    return (names.pop(), asked) if is_last else None


def alike(paths: Sequence[str]) -> str:
    """Return what several different paths end with alike, in whole names; empty if nothing."""
    parts = [path.split("/")[::-1] for path in paths]
    if len({tuple(each) for each in parts}) < 2:
        return ""
    same = takewhile(lambda names: len(set(names)) == 1, zip(*parts, strict=False))
    return "/".join([names[0] for names in same][::-1])
