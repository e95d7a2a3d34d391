"""The messages of programs that are denied access, and the paths in them."""

import errno
import re
from posixpath import dirname, join, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import is_below, mount_around
from scaffolder.diagnose.evidence.trace import Call

DENIED = r"permission denied|EACCES|AccessDenied(?:Exception)?"
REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
READ_ONLY = r"read-only file ?system|EROFS|ReadOnlyFileSystem|errno 30\b"


PATHS = re.compile(r"(?<![\w.:/])(/[\w.@%+~-]+(?:/[\w.@%+~-]+)*)")
OF_SHELL = re.compile(r"^\s*[^\s:]{1,200}: (?:line )?\d+: ")
"""What a shell's complaint begins with: its script, and the line there."""
RELATIVE = r"(?!/)[\w.@%+~-][\w.@%+~/-]*"
NAMED = re.compile(
    rf"{OF_SHELL.pattern}(?:cannot (?:create|open) )?({RELATIVE}): "
    rf"|\b(?:open|mkdir|chdir|create|remove|unlink|rename|scandir) ['\"]?({RELATIVE})['\"]?(?::|$)"
    rf"|['\"`\u2018]({RELATIVE})['\"\u2019](?::|$)"
)
"""A relative path: in the words of shells, of Go and Node, of Python and coreutils."""


def paths_in(line: str) -> list[str]:
    """Return the absolute paths in a line that it is about, in order: not who says it."""
    return (
        [] if line.lstrip().startswith('File "') else PATHS.findall(OF_SHELL.sub("", line, count=1))
    )


def relative_in(case: Case, line: str) -> str:
    """Return the relative path that a complaint names, from the working directory on; or ""."""
    if match := NAMED.search(line.strip()):
        return normpath(join(case.config.workdir or "/", match[1] or match[2] or match[3]))
    return ""


def is_writable_mount(case: Case, path: str) -> bool:
    """Tell whether a path is in a mount that the container may write to.

    A copy has each mount read-only, so there EROFS says nothing about the container: the kernel
    refuses a read-only mount before it looks at owners and modes.
    """
    mount = mount_around(path, case.config.mounts)
    return mount is not None and mount.writable


def place_for(case: Case, path: str) -> str:
    """Return how to let a program write to a path of a read-only root.

    A tmpfs hides what the image has there: never the program itself, or its working directory.
    """
    folder = dirname(path) or "/tmp"
    call = case.seen.failed_call
    if call and call.name.startswith("mkdir") and call.path == path:
        return f"add --tmpfs {path} (or a volume)"
    programs = (item.program.path for item in case.launched if item.program)
    scripts = (item.script.path for item in case.launched if item.script)
    used = (path for path in (*programs, *scripts, f"{case.config.workdir or '/'}/x") if path)
    if folder == "/" or any(is_below(one, folder) for one in used):
        return "have it write to a directory of its own, and add --tmpfs (or a volume) for that"
    return f"add --tmpfs {folder} (or a volume)"


def is_of_copy(case: Case, call: Call) -> bool:
    """Tell whether a call failed only because a copy has each mount read-only."""
    return call.error == errno.EROFS and is_writable_mount(case, call.path)
