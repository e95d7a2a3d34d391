"""What a viscaffold service, or its supervisor, reports about its end."""

import re
from dataclasses import dataclass

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, logged
from scaffolder.diagnose.evidence.phase import Phase

SUPERVISOR = (
    r"^(?:\S+ \S+ (?:CRITICAL|ERROR) supervisor: (?P<s>[^:\n]+): "
    r"|\S+ \S+ CRITICAL (?P<r>[\w-]+)(?:\.|::)runtime(?:\.|::)\w+: "
    # With the stage `logging`, its lines are JSON objects as well.
    r'|\{"timestamp":"[^"\n]*","level":"(?:CRITICAL|ERROR)","severity":"[^"\n]*"'
    r',"logger":"supervisor","service":"(?P<j>[^"\n]+)","message":")'
    r"(?P<m>[^\n]*?)(?: \((?P<a>process [^\n)]*)\))?;"
    r' docs/runbook\.md#(?P<p>[\w-]+)(?:"\})?\s*$'
)


ANY = Phase.DIED | Phase.FINISHED


STACK = ("it was in ", "Fatal Python error")
"""How the stack of a crash begins: its innermost frame comes first."""


def _suspect(case: Case, service: str) -> str:
    """Return the command that removes the stage in which a crash happened, if it was in one.

    Middleware of stages is around every request: only the innermost frame of the service counts.
    """
    stack = case.text[max(0, *map(case.text.rfind, STACK)) :]
    package = re.escape(service.replace("-", "_"))
    frame = rf"(?:\bsrc|/{package})/(?:{package}/)?+(?!runtime/)(?P<path>\w+(?:/\w+)*)\.(?:py|rs)\b"
    own = re.search(frame, stack)
    stage = re.match(r"stages/(\w+)", own["path"]) if own else None
    return f"viscaffold remove-stage {stage[1]}" if stage else ""


@dataclass(frozen=True)
class Ending:
    """An end that is reported with a page of the runbook."""

    id: str
    title: str
    pattern: str
    pages: tuple[str, ...]
    fix: str
    command: str = ""
    words: str = ""
    """A pattern for what the line has to say, where the page is not enough."""
    explains: tuple[str, ...] = ()
    suspects_stage: bool = False
    """Suggest removing the stage in whose code it happened."""

    def find(self, case: Case) -> Found | None:
        """Answer with the last such line, if it points to one of the pages."""
        match = case.said(SUPERVISOR, 0)
        if match is None or match["p"] not in self.pages or not re.search(self.words, match["m"]):
            return None
        service = match["s"] or match["r"] or match["j"]
        commands = (
            self.command.format(target=case.target),
            _suspect(case, service) if self.suspects_stage else "",
        )
        return Found(
            f"{service}: {match['m'].strip()}",
            f"{self.fix}; see docs/runbook.md#{match['p']} of the service",
            (logged(case, match), ended(case)),
            tuple(filter(None, commands)),
            proven=True,
        )


ENDINGS = (
    Ending(
        "own-memory", "a viscaffold service ran out of memory and was killed",
        "memory", ("pattern-memory",),
        "raise --memory (mem_limit in compose.yaml), or reduce its memory use",
        "docker update --memory 1g --memory-swap 1g {target}",
    ),
    Ending(
        "own-killed", "a viscaffold service was killed from outside",
        "process", ("killed-from-outside",),
        "find who kills it: docker events --filter event=kill, the host's audit log",
    ),
    Ending(
        "own-stuck", "a viscaffold service hung",
        "process", ("nothing-moves", "stop-hangs"),
        "the stacks in the log say where it hangs: give that call a timeout, or await it",
    ),
    Ending(
        "own-native-crash", "native code of a viscaffold service crashed",
        "dependencies", ("pattern-dependencies",),
        "the stack in the log begins where it crashed: correct that, or replace the library",
        "viscaffold status", suspects_stage=True,
    ),
    Ending(
        "own-deaf", "a viscaffold service lost the socket that it listens on",
        "network", ("answers-nobody",),
        "find what closes files that are not its own: a descriptor closed twice, in native code",
        "viscaffold status", suspects_stage=True,
    ),
    Ending(
        "own-limit", "the system refused a viscaffold service what it needs to start",
        "memory", ("check-resources",),
        "do what the line advises",
    ),
    Ending(
        "own-stack", "a thread of a viscaffold service used up its stack",
        "process", ("ended-without-a-word",),
        "end the recursion that the line names; deep ones need a larger stack (RUST_MIN_STACK)",
        words="has overflowed its stack", explains=("own-ended",),
    ),
    Ending(
        "own-ended", "a viscaffold service ended without giving a reason",
        "process", ("ended-without-a-word",),
        "look for process::exit, sys.exit, os._exit and exit() in the latest changes and libraries",
        "viscaffold status", suspects_stage=True,
    ),
)  # fmt: skip
for _one in ENDINGS:
    cause(
        _one.id, _one.title, pattern=_one.pattern, reads=["logs"], page=_one.pages[0], when=ANY,
        explains=_one.explains, module=__name__,
    )(_one.find)  # fmt: skip
