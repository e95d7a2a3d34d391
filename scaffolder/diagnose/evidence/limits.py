"""Which ulimit a program raises for itself, further than it may: getrlimit(2)."""

import errno

from .trace import Call

NAMES = (
    "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks",
    "sigpending", "msgqueue", "nice", "rtprio", "rttime",
)  # fmt: skip
"""The limits by their numbers, as `--ulimit` calls them."""
RESOURCE = {"setrlimit": 0, "prlimit64": 1}
"""Which argument names the limit."""
BEYOND = {errno.EINVAL, errno.EPERM}
"""More than the hard limit; a higher hard limit."""


def raised(call: Call) -> str:
    """Return the ulimit that a call would raise, and is refused; empty if it does not."""
    at = RESOURCE.get(call.name, -1)
    if call.error not in BEYOND or not 0 <= at < len(call.numbers):
        return ""
    number = call.numbers[at]
    return NAMES[number] if 0 <= number < len(NAMES) else ""
