"""What the bytes of a native program reveal: its texts, and what it calls."""

import re

from .elf import Elf

VARIABLE = re.compile(rb"(?<![A-Za-z0-9_./-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\0")
PATH = re.compile(rb"(?<![A-Za-z0-9_./-])(/(?:[A-Za-z0-9_.@+-]+/)+[A-Za-z0-9_.@+-]+)\0")
LIBC_VARIABLE = re.compile(
    "^(?:LD_|LC_|GCONV|MALLOC_|GLIBC|GNU_|GCC_|POSIXLY|RES_OPTIONS|LOCPATH|NLSPATH|TZDIR|RUST_|__"
    "|DT_|ITM_|OUTPUT_|ABI_|LINUX_|GODEBUG|GO[A-Z]+$|PTHREAD|GETCONF|MUSL_|LIBC_|SIG(?:[A-Z0-9]*$|_)|HOSTALIASES"
    "|LOCALDOMAIN|LIBUNWIND|.*_(?:H|C)$)"
)
CONSTANT = re.compile(
    "^(?:(?:SO|SOL|SCM|AF|PF|SOCK|CURLOPT|PKCS[0-9]*)_|[A-Z]_[A-Z]$"
    "|(?:TCP|IP|IPV6)_(?!PORT|ADDR|HOST)"
    "|.*_TRAFFIC_SECRET|CLIENT_RANDOM$)"
)
"""Names of options of sockets, and labels of TLS (RFC 8446, 7.1), which are no variables."""
LONGEST = 50
ABORT = re.compile(
    rb"\xf4.{0,24}?\xbf\x09\x00\x00\x00.{0,24}?\xbf\x7f\x00\x00\x00"
    rb"|\xbf\x7f\x00\x00\x00\xe8....\xf4",
    re.DOTALL,
)
"""What the compiled abort() of musl, and of glibc, looks like on amd64: a trap, and _exit(127)."""
SETSID = re.compile(rb"\xb8\x70\x00\x00\x00\x0f\x05")
"""The system call setsid on amd64, which daemons make."""


def own_part(data: bytes, elf: Elf) -> bytes:
    """Return a program without the texts of a C library that is linked into it.

    The linker puts them behind the program's own.
    """
    if elf.interpreter or elf.needed:
        return data
    names = VARIABLE.finditer(data)
    libc = next((m.start() for m in names if LIBC_VARIABLE.match(m[1].decode())), len(data))
    return data[:libc]


def variables(data: bytes) -> list[str]:
    """Return texts of a program that look like names of its environment variables."""
    names = dict.fromkeys(match[1].decode() for match in VARIABLE.finditer(data))
    return [name for name in names if is_variable(name)]


def is_variable(name: str) -> bool:
    """Tell whether a text that is spelled like a variable may be one that the program reads."""
    foreign = LIBC_VARIABLE.match(name) or CONSTANT.match(name)
    return not foreign and len(name) < LONGEST


def paths(data: bytes) -> list[str]:
    """Return texts of a program that look like paths of its own files."""
    found = dict.fromkeys(match[1].decode() for match in PATH.finditer(data))
    foreign = ("/dev/", "/proc/", "/sys/", "/usr/lib", "/usr/share", "/lib", "/rustc/", "/build/")
    ours = [path for path in found if not path.startswith(foreign)]
    return [
        path for path in ours if path not in SYSTEM_FILES and not path.endswith((".c", ".rs", ".h"))
    ]


SYSTEM_FILES = {
    "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf",
    "/etc/localtime", "/etc/services", "/etc/nsswitch.conf", "/etc/ld.so.cache",
    "/etc/shadow", "/etc/protocols", "/usr/bin/env", "/bin/sh",
    "/etc/gai.conf", "/etc/host.conf", "/etc/suid-debug", "/var/tmp",
    "/etc/TZ", "/etc/tcb", "/usr/bin/sh",
}  # fmt: skip


def aborts(data: bytes, elf: Elf) -> bool:
    """Tell whether a program calls abort(), as far as is visible."""
    return "abort" in elf.imports if elf.imports else bool(ABORT.search(data))


def detaches(data: bytes, elf: Elf) -> bool:
    """Tell whether a program makes itself a daemon, as far as is visible."""
    if elf.imports:
        return "daemon" in elf.imports or {"setsid", "fork"} <= elf.imports
    return elf.machine == "amd64" and bool(SETSID.search(data))
