"""Devices, sockets and left-over files that a program asks for."""

import errno
import re
from itertools import chain
from posixpath import basename, dirname
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, ended, inspected, logged, seen
from scaffolder.diagnose.causes.identity.denials import DENIED, paths_in
from scaffolder.diagnose.causes.mounts.shared import called, users
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.causes.variables.files import missing
from scaffolder.diagnose.evidence.files import is_below, is_device, mount_around, resolved, text
from scaffolder.diagnose.evidence.harmless import KNOWN_EMPTY
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.text import quoted

OF_ACCOUNT = re.compile(r"USER|GROUP|ACCOUNT|OWNER|RUN_?AS")
ACCOUNT = re.compile(r"[a-z_][a-z\d_-]*\$?")
"""How accounts are called (useradd(8))."""
OF_ACCOUNTS = {
    "id", "getent", "su", "runuser", "chown", "chgrp", "install", "setpriv", "gosu", "su-exec",
    "chpst", "start-stop-daemon", "groups",
}  # fmt: skip
"""Commands that are given the name of an account."""
SHOWN = 100
DATABASES = {"passwd", "group", "shadow"}
LOCKED = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK}


@cause(
    "device-not-given",
    "the program needs a device that the container was not given",
    pattern="environment",
    reads=["logs", "rerun", "inspect"],
    page="check-resources",
    when=Phase.ENDED,
    explains=["last-call", "file-missing", "file-closed", "secret-missing"],
)
def device_not_given(case: Case) -> Found | None:
    """Find /dev/... that is missing or refused, by a call or by what is said of it."""
    call, lost = case.seen.failed_call, missing(case)
    if call and is_device(call.path):
        path, reason, shown, is_sure = call.path, call.reason, seen(case, call), False
    elif lost and is_device(lost.path):
        path, reason, shown, is_sure = lost.path, "no such device", lost.shown, lost.is_sure
    elif match := case.said(rf"[^\n]*(?:{DENIED})[^\n]*"):
        path = next((p for p in reversed(paths_in(case.line(match))) if is_device(p)), "")
        reason, shown, is_sure = "permission denied", logged(case, match), False
    else:
        return None
    if not path:
        return None
    option = f"--device={quoted(path)}"
    group = f"--group-add $(stat -c %g {quoted(path)})"
    is_given = any(is_below(path, device) for device in case.config.devices)
    return Found(
        f"the program needs the device {path}: {reason}",
        f"it has the device: let the user open it, by its group on the host ({group})"
        if is_given
        else f"give it: {option} (and its group, {group}, where the user is not root), or switch"
        " off what needs it",
        (shown, inspected(case, "HostConfig.Devices", list(case.config.devices))),
        (f"docker run {group if is_given else option} ... {case.config.image}",),
        proven=is_sure and not is_given,
    )


@cause(
    "socket-missing",
    "a Unix socket that the program connects to is not there",
    pattern="network",
    reads=["rerun", "files"],
    when=Phase.ENDED,
    explains=["last-call", "file-missing", "file-closed"],
)
def socket_missing(case: Case) -> Found | None:
    """Find a failed connection to a Unix socket, such as Docker's or a database's."""
    call = case.seen.failed_call
    if call is None or call.name != "connect" or call.port or not call.address:
        return None
    if found := _in_shared(case, call):
        return found
    return Found(
        f"the program connects to the Unix socket {call.address}: {call.reason}; what should listen"
        " there does not run in this container",
        f"mount the directory of the socket (-v), or use the service's host and port instead of"
        f" {call.address}",
        (seen(case, call), copied(case, call.address, call.reason)),
        basis=None if call.address.startswith("/") else Basis.INFERRED,
    )


def _in_shared(case: Case, call: Call) -> Found | None:
    """Answer for a socket in a mount that a neighbour has as well: copies do not get sockets."""
    mount = mount_around(call.address, case.config.mounts)
    other = next(users(case, mount), None) if mount and call.error == errno.ENOENT else None
    if mount is None or other is None:
        return None
    look = f"docker exec {quoted(other.name)} ls -ln {quoted(dirname(call.address))}"
    return Found(
        f"the program ends over the Unix socket {call.address}, in {called(mount)} that the"
        f" container {other.name} has mounted as well and runs: nobody listens there, or"
        f" {case.identity.words} may not connect (permission denied: that takes the right to write"
        " to the socket)",
        f"see who owns it, and its mode ({look}); give both the same user or group, and the socket"
        " a mode that lets it write (unixsocketperm 770, UMask)",
        (
            seen(case, call),
            inspected(case, "Mounts", f"{mount.name or mount.source} -> {mount.destination}"),
            Evidence("neighbours", f"docker inspect {quoted(other.name)}", other.status),
        ),
        (look,),
        basis=Basis.INFERRED,
    )


@cause(
    "account-missing",
    "a user or group that the program looks up does not exist in the image",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["last-call"],
)
def account_missing(case: Case) -> Found | None:
    """Find a program that reads /etc/passwd or /etc/group to its end, and fails."""
    call = case.seen.opened_last
    if call is None or call.path not in KNOWN_EMPTY or not quiet(case):
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


def _unknown_account(case: Case, path: str) -> tuple[str, str]:
    """Return what names an account which a file of accounts has not, and that account.

    That is a variable, or the command that looks for it.
    """
    known = {line.partition(":")[0] for line in (text(case.files, path) or "").splitlines()}
    named = ((n, v) for n, v in case.config.env.items() if OF_ACCOUNT.search(n))
    process = case.seen.decider
    argv = process.argv if process else ()
    argv = argv if argv and basename(argv[0]) in OF_ACCOUNTS else ()
    words = (part for word in argv[1:] for part in word.split(":"))
    asked = ((f"`{join(argv)[:SHOWN]}`", word) for word in words)
    both = ((by, name) for by, name in chain(named, asked) if ACCOUNT.fullmatch(name))
    unknown = ((by, name) for by, name in both if name not in known | DATABASES)
    return next(unknown, ("", ""))


@cause(
    "left-over",
    "a lock, such as a pid file, is left over from before",
    pattern="environment",
    reads=["rerun", "files", "changes"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["last-call"],
    cured_by=["left-over"],
)
def left_over(case: Case) -> Found | None:
    """Find a file that must not exist, or a lock that somebody else holds."""
    call = case.seen.failed_call
    if call is None:
        return None
    if call.error == errno.EEXIST and call.insists:
        there = resolved(case.image_files, call.path)
        where = "in the image" if there else "not in the image: made since"
        return Found(
            f"{call.path} exists already ({where}), and the program insists on making it: it"
            " takes it for that of a running instance",
            f"remove it at the start (rm -f {quoted(call.path)} before exec), keep it out of the"
            " image (.dockerignore), or put it on a --tmpfs",
            (seen(case, call), copied(case, call.path, "exists")),
        )
    if call.error in LOCKED and call.name in ("flock", "fcntl"):
        return Found(
            f"another process holds the lock of {call.object or 'a file'}",
            "start it only once for each volume, or give each its own directory",
            (seen(case, call),),
            basis=Basis.INFERRED,
        )
    return None
