"""The exception that a Java program ended over, from what its virtual machine logs.

Since JDK 9 it logs each exception in each method that this leaves, and in the one that handles it
(`-Xlog:exceptions`), and the operation by which System.exit ends it (`-Xlog:vmoperation`), which a
main method that returns does not have.
"""

import re

from .swallowed import Swallowed

OPTIONS = "-Xlog:exceptions=info,vmoperation=debug:file={file}:um:filecount=0"
"""Each line begins with the milliseconds since the start; the log is one file."""

THROWN = re.compile(
    r"^\[(?P<at>\d+)ms\] Exception <a '(?P<kind>[\w/$]+)'\{(?P<object>0x\w+)\}"
    r"(?:: (?P<text>.*?))?> ?(?:\(0x\w+\) ?)?\n(?:\[\d+ms\])? ?thrown"
    r" in (?:interpreter|compiled) method <[^>\n]*? '(?P<method>[\w$<>]+)' '[^'\n]*'"
    r" in '(?P<holder>[\w/$.]+)'>",
    re.MULTILINE,
)
EXIT = re.compile(r"^\[(?P<at>\d+)ms\] begin VM_Operation \(\w+\): Exit\b", re.MULTILINE)
FOREIGN = re.compile(r"^(?:java|javax|jdk|sun|com/sun)/")
OF_SYSTEM = re.compile(r"^java/(?:io|nio|net)/")
SOON = 2000
"""In milliseconds: what is handled longer before the end did not decide it."""


def decisive(log: str) -> Swallowed | None:
    """Return the last exception that the program's own code handled just before System.exit."""
    end = next(EXIT.finditer(log), None)
    if end is None:
        return None
    before = THROWN.finditer(log, 0, end.start())
    own = [found for found in before if not FOREIGN.match(found["holder"])]
    if not own or int(end["at"]) - int(own[-1]["at"]) > SOON:
        return None
    last = own[-1]
    kind = last["kind"].replace("/", ".")
    message = f": {last['text']}" if last["text"] else ""
    names = {kind.rpartition(".")[2]} | ({"OSError"} if OF_SYSTEM.match(last["kind"]) else set())
    return Swallowed(
        f'Exception in thread "main" {kind}{message}',
        frozenset(names),
        f"{last['holder'].replace('/', '.')}.{last['method']}",
        "System.exit",
        f"System.exit follows {int(end['at']) - int(last['at'])} ms later",
    )
