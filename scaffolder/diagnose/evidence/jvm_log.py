"""The exception that a Java program ended over, from what its virtual machine logs.

Since JDK 9 it logs each exception in each method that this leaves, and in the one that handles it
(`-Xlog:exceptions`), and the operation by which System.exit ends it (`-Xlog:vmoperation`), which a
main method that returns does not have. Since JDK 21, its library logs where System.exit is called.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from .swallowed import LOST, UNCAUGHT, Ending, Swallowed

OPTIONS = (
    "-Xlog:exceptions=info,vmoperation=debug:file={folder}/raised:um:filecount=0"
    " -Djava.util.logging.config.file={folder}/logging.properties"
)
"""Each line begins with the milliseconds since the start; the log is one file."""
OF_TASKS = "-Xlog:exceptions=info:file={file}:um:filecount=0"
"""The same of exceptions alone, which a program handles that goes on."""

THROWN = re.compile(
    r"^\[(?P<at>\d+)ms\] Exception <a '(?P<kind>[\w/$]+)'\{(?P<object>0x\w+)\}"
    r"(?:: (?P<text>.*?))?> ?(?:\(0x\w+\) ?)?\n(?:\[\d+ms\])? ?thrown"
    r" in (?:interpreter|compiled) method <[^>\n]*? '(?P<method>[\w$<>]+)' '[^'\n]*'"
    r" in '(?P<holder>[\w/$.+]+)'>(?:\s+at bci \d+ for thread (?P<thread>0x\w+))?",
    re.MULTILINE,
)
FUTURE = "java/util/concurrent/FutureTask"
ASKED = "java/util/concurrent/ExecutionException"
"""What a Future throws when it is asked for what its task came to."""
EXIT = re.compile(r"^\[(?P<at>\d+)ms\] begin VM_Operation \(\w+\): Exit\b", re.MULTILINE)
FOREIGN = re.compile(r"^(?:java|javax|jdk|sun|com[/.]sun)[/.]")
INTERNAL = re.compile(r"^(?:jdk|sun)/")
NO_NUMBER = "java/lang/NumberFormatException"
OF_SYSTEM = re.compile(r"^java/(?:io|nio|net)/")
SOON = 3000
"""In milliseconds: what is handled longer before the end did not decide it."""
WHERE_IT_EXITS = 10_000
"""The same in the method that exits: to log that takes a while on a busy machine."""
EVER = 60_000
"""And of what may be told beside an end that nothing explains."""
MOST_CAUSES = 6

EXITED = re.compile(
    r"Runtime\.exit\(\) called with status: (?P<code>-?\d+)\n[^\n]*: Runtime\.exit\([^\n]*\n"
    r"(?P<stack>(?:\s+at [^\n]+\n?)+)"
)
FRAME = re.compile(r"^\s+at (?:\S*/)?(?P<name>[\w.$<>]+)\((?P<at>[^)\n]*)\)", re.MULTILINE)
Thrown = re.Match[str]


def end(log: str, output: str) -> tuple[Swallowed | None, Ending | None]:
    """Return the exception that a program ended over, or where it chose to end, if that is told."""
    told = decisive(log)
    near = decisive(log, WHERE_IT_EXITS)
    called = EXITED.search(output)
    frames = [*FRAME.finditer(called["stack"])] if called else []
    own = [frame for frame in frames if not FOREIGN.match(frame["name"])]
    if called is None or not own:
        is_chosen = told is None and EXIT.search(log) is not None
        if told is None and not is_chosen:
            lost = kept(log)
            told = lost and replace(lost, how=LOST)
        return told, _ending(log, "", "System.exit") if is_chosen else None
    how = f"System.exit({called['code']})"
    same = next((frame for frame in own if near and frame["name"] == near.place), None)
    if near and same:
        return replace(near, how=how, place=_place(same)), None
    if told is None:
        return None, _ending(log, _place(own[0]), how)
    return replace(told, how=""), None  # another method exits, after this one has handled it


def _ending(log: str, place: str, how: str) -> Ending:
    """Return an end that nothing explains, with what the program handled last, however long ago."""
    ever = decisive(log, EVER)
    return Ending(place, how, (), (ever,) if ever else ())


def _place(frame: Thrown) -> str:
    return f"{frame['at']} ({frame['name']})"


def decisive(log: str, soon: int = SOON) -> Swallowed | None:
    """Return the last exception that the program's own code handled just before System.exit.

    Without such an exit it is the one that nobody handled, which ends a main method with 1.
    """
    exits = next(EXIT.finditer(log), None)
    every = [*THROWN.finditer(log, 0, exits.start() if exits else len(log))]
    own = [found for found in every if not FOREIGN.match(found["holder"])]
    if not own:
        return None
    last = own[-1]
    if exits and int(exits["at"]) - int(last["at"]) > soon:
        return None
    if exits is None and _is_handled(log, last):
        return None
    chain = _causes(every, last)
    # What caused the others stands last, as if it had come alone: it says most.
    *wrapping, root = (_text(found) for found in chain)
    names = {found["kind"].rpartition("/")[2] for found in chain}
    names |= {"OSError"} if any(OF_SYSTEM.match(found["kind"]) for found in chain) else set()
    return Swallowed(
        "\n".join((*wrapping, f'Exception in thread "main" {root}')),
        frozenset(names),
        f"{last['holder'].replace('/', '.')}.{last['method']}" if exits else "its own handler",
        "System.exit" if exits else UNCAUGHT,
    )


def kept(log: str) -> Swallowed | None:
    """Return the last exception that ended a task, if its Future keeps it, and is not asked for it.

    A task that is to run again and again (`runAndReset`) does not then.
    """
    every = [*THROWN.finditer(log)]
    over = [found for found in every if found["holder"] == FUTURE and found["method"] != "report"]
    if not over or any(found["kind"] == ASKED for found in every if found.start() > over[-1].end()):
        return None
    last = over[-1]
    own = [f for f in every if f["object"] == last["object"] and not FOREIGN.match(f["holder"])]
    if not own or not _is_handled(log, last):
        return None
    place = f"{own[0]['holder'].replace('/', '.')}.{own[0]['method']}"
    names = frozenset({last["kind"].rpartition("/")[2]})
    return Swallowed(_text(last), names, place, str(last["method"]))


def _is_handled(log: str, last: Thrown) -> bool:
    kind = re.escape(last["kind"].replace("/", "."))
    handler = re.compile(
        rf'^\[\d+ms\] Found \S+ handler for exception of type "{kind}"', re.MULTILINE
    )
    return handler.search(log, last.end()) is not None


def _text(found: Thrown) -> str:
    message = f": {found['text']}" if found["text"] else ""
    return found["kind"].replace("/", ".") + message


def _says_more(wrapping: Thrown, cause: Thrown) -> bool:
    """Tell whether a library has said in its own words what an exception means that it wraps."""
    own = wrapping["text"] or ""
    return bool(own) and bool(FOREIGN.match(wrapping["holder"])) and _text(cause) not in own


def _is_tried(before: Thrown) -> bool:
    """Tell whether the library has only tried something inside: whether a name is a number."""
    return bool(INTERNAL.match(before["holder"])) and before["kind"] == NO_NUMBER


def _causes(every: Sequence[Thrown], last: Thrown) -> list[Thrown]:
    """Return an exception and what caused it, the root last.

    A method that handles an exception and throws another one wraps it. What the library throws for
    itself says less.
    """
    thread = [found for found in every if found["thread"] == last["thread"]]
    chain = [last]
    while len(chain) < MOST_CAUSES:
        numbers = [i for i, f in enumerate(thread) if f["object"] == chain[-1]["object"]]
        begun = thread[numbers[0]]
        before = thread[numbers[0] - 1] if numbers[0] else None
        wraps = before is not None and all(before[n] == begun[n] for n in ("holder", "method"))
        if (
            before is None
            or not wraps
            or INTERNAL.match(before["kind"])
            or _is_tried(before)
            or _says_more(begun, before)
        ):
            break
        chain.append(before)
    return chain
