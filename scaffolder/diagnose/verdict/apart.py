"""What a copy ends over that the container did not lack: a neighbour, or a place to write to."""

import errno
import re
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.low_ports import is_powerless
from scaffolder.diagnose.causes.reaching.complaints import UNKNOWN
from scaffolder.diagnose.causes.reaching.peers import known, peers
from scaffolder.diagnose.evidence import decisive
from scaffolder.diagnose.evidence.call_words import LOOPBACK
from scaffolder.diagnose.evidence.files import mount_around
from scaffolder.diagnose.evidence.trace import Call, Trace

READ_ONLY = re.compile(r"read-?only ?file ?system", re.IGNORECASE)
NO_INTERFACE = {errno.ENODEV, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
PATH = re.compile(r"/[\w.@+/-]+")


def only_copies_lack(case: Case) -> Call | None:
    """Return the call that a watched copy ended over only because it is one; None if none is."""
    return asked(case, case.seen.trace) or written(case, case.seen.trace) or _told(case)


def lacked_or_shared(case: Case, trace: Trace) -> Call | None:
    """Return the call that tells why a copy fares otherwise than the container; None if none does.

    The container got further than a copy that cannot reach its neighbour, or may not write to its
    data, or less far than one with a network of its own.
    """
    return asked(case, trace) or bound(case, trace) or written(case, trace)


def asked(case: Case, trace: Trace) -> Call | None:
    """Return how a copy asked for a container that runs on a network of this one, and no more."""
    process = decisive.decider(trace)
    for call in reversed(trace.of(process.number) if process else []):
        if decisive.has_gone_on(call):
            return None
        asks = call.is_network and (call.host or call.port != decisive.DNS)
        if asks and (call.host or call.error):
            return call if known(case, call.host or call.address) else None
    return None


def bound(case: Case, trace: Trace) -> Call | None:
    """Return how a copy listens on a port of a shared network that another one has, or may have.

    The copy has a network of its own, where the port is free, and needs no rights.
    """
    mode = case.config.network
    if mode != "host" and not mode.startswith("container:"):
        return None
    others = () if mode == "host" else case.sources.sockets_of(mode.partition(":")[2]) or ()
    for call in trace.calls:
        if call.name != "bind" or call.error or not call.port:
            continue
        if any(s.port == call.port for s in others) or (
            mode == "host" and case.sources.host_listens(call.port)
        ):
            return replace(call, error=errno.EADDRINUSE)
        if mode == "host" and case.sources.host_restricts(call.port) and is_powerless(case):
            return replace(call, error=errno.EACCES)
    return None


def written(case: Case, trace: Trace) -> Call | None:
    """Return how a copy tried to write to a mount, which copies get read-only."""
    call = decisive.failure(trace)
    if call is None or call.error != errno.EROFS:
        return None
    mount = mount_around(call.made, case.config.mounts)
    return call if mount and mount.writable and mount.kind != "tmpfs" else None


def networkless(case: Case, trace: Trace) -> Call | None:
    """Return the call that a copy ended over as it has no network: an interface, or a way out.

    The container has one. Where the copy asks itself (127.0.0.1), it has all that it takes.
    """
    call = decisive.failure(trace)
    if call is None or case.config.network == "none":
        return None
    is_of_socket = call.object.startswith("socket:") or bool(call.address) or call.is_network
    is_itself = bool(LOOPBACK.match(call.address)) or call.address.startswith(("/", "@"))
    is_out = call.error in NO_INTERFACE or (call.is_network and bool(call.host or call.error))
    return call if is_of_socket and is_out and not is_itself else None


def _told(case: Case) -> Call | None:
    """Return the same where its exception tells it, however much came after: a traceback, cleanup.

    That of a name that is unknown does not say which: it is one that was looked up, or is set.
    """
    told = case.seen.swallowed.text if case.seen.swallowed else ""
    for path in PATH.findall(told) if READ_ONLY.search(told) else ():
        mount = mount_around(path, case.config.mounts)
        if mount and mount.writable and mount.kind != "tmpfs":
            return Call(0, 0, 0, "open", errno.EROFS, path, path)
    if re.search(UNKNOWN, told, re.IGNORECASE):
        calls = (call for call in reversed(case.seen.trace.calls) if call.host)
        named = (Call(0, 0, 0, "resolve", host=peer.host) for peer in peers(case))
        return next((c for c in (*calls, *named) if known(case, c.host)), None)
    return None
