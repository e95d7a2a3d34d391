"""Failed calls that mean nothing: what programs, runtimes and C libraries try and do without."""

import errno
import re

from .trace import Call

PROBES = re.compile(r"^(?:stat|lstat|newfstatat|statx|access|faccessat|readlink)")
"""Calls that ask whether something is there."""
REPORTING = re.compile(
    r"^/(?:proc|sys)/|/locale/|\.mo$|/zoneinfo/|^/etc/localtime$|/terminfo/|/gconv/|^/dev/(?:null|tty"
    r"|urandom|random|log)$|/nscd/|^/etc/(?:hosts|services|protocols|(?:nsswitch|host|resolv|gai)\.conf)$|^/etc/ld[.-]|/libgcc_s|\.pyc?$"
    r"|^/etc/default/(?:su|runuser|locale)$|^/etc/environment$|^/etc/security/"
    r"|/selinux|/hsperfdata_|^/etc/(?:passwd|group)$|^/dev/pts/"
    r"|/META-INF/|/(?:java|jvm)[^/]*/(?:[^/]+/)*(?:release$|lib/)"
    r"|-packages/[^/]+-info/|/jvm/[^/]+/conf/|^/etc/java-\d[^/]*/|/net\.properties$|/<[\w ]+>$"
)
"""What a program may read while it ends: to say something, in a language, at a local time."""
OF_THE_MACHINE = (
    "/dev/log", "/run/systemd/journal/socket", "/var/run/nscd/socket", "/run/nscd/socket",
)  # fmt: skip
"""Sockets of services for all of the machine: a C library asks them, and does without."""
KNOWN_EMPTY = ("/etc/passwd", "/etc/group")
"""What matters where it fails, although reading it is no progress."""
HARMLESS = {
    errno.ENOTTY, errno.ESPIPE, errno.ECHILD, errno.ESRCH, errno.EINTR, errno.EALREADY,
    errno.ENODATA, errno.ENOTCONN, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.ERANGE,
}  # fmt: skip
"""Answers that inform and refuse nothing."""
EXPECTED = {
    errno.EINVAL: re.compile(
        r"readlink|prctl|madvise|mremap|rt_sig|sched|ioctl|fsync|membarrier|set(?!rlimit)"
    ),
    errno.ENOSYS: re.compile(r"."),
    errno.EEXIST: re.compile(r"^(?:mkdir|symlink|link|epoll_ctl)"),
    errno.ENOENT: re.compile(r"^(?:unlink|rmdir|readlink|epoll_ctl)"),
    errno.EBADF: re.compile(r"^(?:close|fcntl|fstat|newfstatat|dup|ioctl|epoll_ctl)"),
    errno.EAGAIN: re.compile(r"^(?!clone|fork|vfork|execve|flock|fcntl|set|mlock|mmap|mremap)"),
    errno.EPERM: re.compile(r"^(?:clone3|io_uring|setpgid|setsid|ioprio|set_mempolicy|mbind|keyctl"
                            r"|sched_|setpriority|membarrier|userfaultfd|getxattr|pidfd|memfd"
                            r"|epoll_ctl)"),  # that of a regular file, which Go tries
    errno.EACCES: re.compile(r"^(?:setpgid|sched_)"),
    errno.EPIPE: re.compile(r"."),
    # Rust's library asks so whether the kernel has the call, after the first that failed.
    errno.EFAULT: re.compile(r"statx"),
}  # fmt: skip
"""Errors that are usual for some calls."""


def matters(call: Call) -> bool:
    """Tell whether a failed call may end a program."""
    if call.host:
        return True  # a copy has no network, so nobody answers
    if not call.error or call.error in HARMLESS:
        return False
    expected = EXPECTED.get(call.error)
    if expected and expected.match(call.name):
        return False
    if call.name == "connect" and (call.address in OF_THE_MACHINE or _is_for_order(call)):
        return False
    if call.error == errno.EBADF and call.descriptor < 0:
        return False  # no descriptor at all: what should have given one has failed before
    place = call.path or call.object or call.address
    return not REPORTING.search(place) or place in KNOWN_EMPTY or call.error != errno.ENOENT


def _is_for_order(call: Call) -> bool:
    """Tell whether a C library asks from where an address would be reached, to sort addresses.

    It connects to port 0, which sends nothing (RFC 6724), and takes the next one if it cannot.
    """
    return bool(call.address) and not call.port and not call.address.startswith(("/", "@"))


def insists_in_vain(call: Call) -> bool:
    """Tell whether a call had to make something that is there already, as a lock."""
    makes = call.insists or call.name.startswith(("mkdir", "link", "symlink"))
    return call.error == errno.EEXIST and makes
