"""What a program might have logged about a call that failed."""

import errno
import re
from posixpath import basename, dirname

from .trace import Call

LIBRARY = re.compile(r"/lib[\w+-]+[\w.+-]*\.so\.[\d.]+$")
"""A shared library with its version, as programs load them; modules of languages have none."""
IN_MEMORY = ("/dev/shm/", "/dev/mqueue/")
"""Places for files below /dev."""
LOOPBACK = re.compile(r"^(?:127\.|::1$|localhost$)")


def in_words(call: Call) -> str:
    """Return the line that the program might have logged about a failed call.

    Causes that know such messages are found by it. What needs to be seen as a call, such as a
    connection that an isolated copy cannot make, has none.
    """
    reason = call.reason
    is_device = call.path.startswith("/dev/") and not call.path.startswith(IN_MEMORY)
    # Of one that has become another user, the tracer may not read the path.
    is_unread = call.name.startswith("open") and not call.given
    if is_device or is_unread or call.name.startswith("exec"):
        return ""
    if call.is_network:
        refused = call.name == "connect" and call.error == errno.ECONNREFUSED
        refused = refused and bool(LOOPBACK.match(call.address))
        return f"connect to {call.where}: {reason}" if refused else ""
    if call.name == "bind":
        refused = call.error == errno.EACCES and call.address.startswith("/")
        return f"bind {call.where}: {reason}" if call.port or refused else ""
    if call.error == errno.ENOENT and call.makes:
        return f"open directory {dirname(call.path)}: {reason}"
    if call.error == errno.ENOENT and call.path:
        what = call.given if call.is_relative else call.path
        library = f"{basename(what)}: cannot open shared object file"
        return f"{library if LIBRARY.search(call.path) else f'open {what}'}: {reason}"
    about = call.path or call.object
    if call.name in ("mmap", "mremap") and call.error == errno.EAGAIN:
        about = "of memory to be locked, as by mlock"  # nothing else refuses it so: mmap(2)
    if call.error == errno.EACCES and not about:  # such as setpriority: no file refuses that
        reason = "operation not permitted"
    return f"{call.name} {about}".strip() + f": {reason}"
