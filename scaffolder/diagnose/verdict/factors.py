"""What can be changed in a copy of a container, one thing at a time."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.identity.names import USERS
from scaffolder.diagnose.causes.memory.usage import first_heap, heap
from scaffolder.diagnose.causes.silence.input import names_terminal
from scaffolder.diagnose.causes.silence.readings import natives
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.stdin import asks_for_terminal
from scaffolder.diagnose.programs.usage import USAGE_CODES

from . import cures
from .agreed import agreed
from .closed import closed
from .completed import completed
from .endings import endings
from .factor import Factor
from .in_foreground import in_foreground
from .itself import CRASHED, itself
from .levels import louder
from .limited import limits, ulimits
from .more_time import more_time
from .other_values import other_values
from .own_volumes import not_read_only
from .renamed import other_keys, other_names
from .runtimes import php_settings, plain_runtime
from .security_options import security_options
from .spoken import spoken
from .unset import variables
from .wanted import plain
from .with_rights import with_rights

SENT_ELSEWHERE = re.compile(r"^[^#\n]{0,200}\bexec\b[^\n]{0,200}>", re.MULTILINE)
"""A script that sends all that it prints elsewhere from here on, and its trace with it."""
ROOMY = 1 << 30
"""A heap, in bytes, that is enough for most: the virtual machine takes only what it needs of it."""
KEEPS_TRACE = 'exec 41>&2; BASH_XTRACEFD=41 exec bash -x "$@"'
"""How bash shows its trace where its standard error was in the beginning."""
REDIRECTS = re.compile(
    r"^([ \t]*)exec((?:[ \t]+[\d&]?[<>]{1,2}&?[ \t]*[^\s;&|]{1,200})+)[ \t]*$", re.MULTILINE
)
ERRORS = re.compile(r"[ \t]+[2&]>{1,2}&?[ \t]*\S+")
"""What sends a script's output elsewhere, and of that its errors, which a trace goes with."""
BASH = re.compile(r"#!.*\bbash\b")


def factors(case: Case) -> Iterator[Factor]:
    """Return what can be changed in a container, the likeliest first."""
    if case.seen.outlived:  # it goes on, elsewhere: all else is well
        yield from in_foreground(case)
        return
    yield from agreed(case)
    yield from ulimits(case.config)
    yield from _rights(case)
    yield from limits(case.config)
    yield from _heap(case)
    yield from more_time(case)
    yield from not_read_only(case)
    yield from _mounts(case.config)
    yield from php_settings(case)
    yield from plain_runtime(case)
    yield from other_names(case)
    yield from other_keys(case)
    yield from other_values(case)
    yield from _inputs(case)
    if case.exit_code == CRASHED and not case.config.init:  # it tells how it ends, the others why
        config = replace(case.config, init=True)
        yield Factor("an init as PID 1", config, flags="--init", endings=endings(case))
    yield from closed(case)
    yield from itself(case)
    yield from _words(case)


def _rights(case: Case) -> Iterator[Factor]:
    config = case.config
    if config.read_only:
        yield Factor(
            "a writable root filesystem",
            replace(config, read_only=False),
            without="--read-only",
            cure=cures.WRITABLE,
        )
    who = case.identity
    if who.uid > 0 and not who.name:
        rows = f"some:x:{who.uid}:{who.gid}::/tmp:/bin/sh\n{text(case.files, USERS) or ''}"
        yield Factor(
            f"a name for uid {who.uid}, and the home /tmp",
            config,
            files={USERS: rows.encode()},
            flags=f"-v ./users:{USERS}",
            cure=cures.NAME,
        )
    if config.capabilities_dropped:
        yield Factor(
            "the default capabilities",
            replace(config, capabilities_dropped=()),
            without="--cap-drop",
            cure=cures.CAPABILITIES,
        )
    yield from security_options(config)
    yield from with_rights(case)  # root may do more than what any of the others allows


def _heap(case: Case) -> Iterator[Factor]:
    """Give a JVM a larger heap; its variable comes before the options of the command."""
    allowed = heap(case)
    is_java = any(item.name == "java" for item in case.launched)
    if not (allowed and is_java) or first_heap(case) > allowed:  # which it refuses to begin with
        return
    more = f"-Xmx{max(4 * allowed, ROOMY) >> 20}m"
    yield Factor(
        "a larger heap",
        replace(case.config, env={**case.config.env, "_JAVA_OPTIONS": more}),
        flags=f"-e _JAVA_OPTIONS={more}",
        cure=cures.HEAP,
    )


def _mounts(config: Config) -> Iterator[Factor]:
    for mount in config.mounts[:4]:
        yield Factor(
            f"no mount over {mount.destination}",
            replace(config, mounts=tuple(m for m in config.mounts if m is not mount)),
            without=f"the mount over {mount.destination}",
            cure=cures.MOUNT,
        )


def _inputs(case: Case) -> Iterator[Factor]:
    config = case.config
    yield from plain(case, sought=False)
    reads = (case.exit_code == 0 or case.seen.reads_nothing) and not config.stdin
    if reads or (not config.tty and (asks_for_terminal(case.seen.trace) or names_terminal(case))):
        yield Factor(
            "a terminal and an open input",
            replace(config, tty=True, stdin=True),
            flags="-it",
            cure=cures.INPUT,
        )
    for name in [name for name, value in config.env.items() if not value][:2]:
        yield Factor(
            f"no variable {name}",
            replace(config, env={n: v for n, v in config.env.items() if n != name}),
            without=f"-e {name}=",
            cure=replace(
                cures.VARIABLE,
                text=f"the program exits because the variable {name} is empty",
                fix=f"give {name} a value, or leave it out",
            ),
        )
    yield from variables(case)
    yield from completed(case)


def _words(case: Case) -> Iterator[Factor]:
    """Return what makes a program, a runtime or a shell print more."""
    config = case.config
    started = [item.script.language for item in case.launched if item.script]
    if "python" in started and case.is_silent:
        more = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
        yield Factor(
            "unbuffered output",
            replace(config, env={**config.env, **more}),
            flags="-e PYTHONUNBUFFERED=1 -e PYTHONFAULTHANDLER=1",
            reveals="python-buffered",
        )
    yield from louder(case)
    first = case.launched[0] if case.launched else None
    is_plain = first is not None and (len(first.argv) == 1 or not first.script)
    if is_plain and any(natives(case)) and case.exit_code in USAGE_CODES:
        words = (*config.command, "--help")
        yield Factor(
            "--help",
            replace(config, command=words),
            flags=f"IMAGE {shlex.join(words)}",
            reveals="usage-printed",
        )
    if not first or not first.script or first.script.language != "sh":
        return
    shell = "bash" if BASH.match(first.script.text) else "sh"
    yield from spoken(case, shell)
    if first.script.path:
        arguments = config.command if config.entrypoint else ()
        traces: tuple[str, ...] = (shell, "-x", first.script.path)
        heard = first.script.text
        if SENT_ELSEWHERE.search(heard) and shell == "bash":
            traces = (shell, "-c", KEEPS_TRACE, shell, first.script.path)
        elif SENT_ELSEWHERE.search(heard):
            heard = REDIRECTS.sub(_heard, heard)
        yield Factor(
            "a traced shell",
            replace(config, entrypoint=(*traces, *arguments), command=()),
            files={first.script.path: heard.encode()} if heard != first.script.text else {},
            flags=f"--entrypoint {shell} IMAGE {shlex.join(traces[1:])}",
            reveals="errexit",
        )


def _heard(match: re.Match[str]) -> str:
    """Return how a script sends only its output elsewhere: `sh` has its trace among the errors."""
    left = ERRORS.sub("", match[2])
    return f"{match[1]}exec{left}" if left else f"{match[1]}:"
