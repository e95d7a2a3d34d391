"""A key or an option that a program has beside those that it was given, and that nothing gives."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.java.literals import launched_literals
from scaffolder.diagnose.causes.silence.readings import LARGE, natives
from scaffolder.diagnose.causes.silence.vocabulary import own_sources
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.diagnose.evidence.settings import LINE, Setting, settings
from scaffolder.diagnose.evidence.wrapped import MISTAKES
from scaffolder.diagnose.programs import own_arguments
from scaffolder.diagnose.programs.companions import beside
from scaffolder.diagnose.programs.native.binary import own_part

from . import cures
from .factor import Factor, mounted
from .read_settings import MOST_FILES, files_read
from .spellings import NUMBERED, sample
from .unset import given

MOST = 4
OPTION = re.compile(r"--([a-z][\w-]+)(?:=.*)?")
VARIABLE = re.compile(r"[A-Z][A-Z\d]*(?:_[A-Z\d]+)*")
OTHERWISE = re.compile(
    r"(?:^|[_.-])(?:help|version|usage|dry|skip|disabled?|ignore|no|without|off|offline|mock|fake|stub"
    r"|test|debug|once|only|daemon|detach|background|list|check|validate|force|insecure|noop|simulate"
    r"|exit|quit|print|show|dump|migrate|(?:un)?install|reset|purge)"
    r"(?:$|[_.-])",
    re.IGNORECASE,
)
"""Names of what has a program do something else, or less: that it then ends well proves nothing."""
KINDS = {"c": "native", "go": "go"}
ARGUMENT = cures.Cure(
    "argument",
    "argument-missing",
    "process",
    "it is started without an argument, and requires one",
    "pass what it requires, in CMD or after the image in docker run",
    proves=True,
)


def completed(case: Case) -> Iterator[Factor]:
    """Add a key to the file that was read last, or an option to the command, one at a time.

    A call or an exception that the program ended over says what it lacks.
    """
    told = case.seen.swallowed
    is_told = told is not None and (told.is_of_system or told.lacks_code)
    if case.seen.failed_call or is_told or not case.exit_code or not case.seen.trace.processes:
        return
    yield from _argument(case)
    if told and told.names & MISTAKES:  # of an index that is not there: the argument, at the most
        return
    texts = [*_texts(case)]
    yield from _options(case, texts)
    yield from _variables(case, texts)
    yield from _keys(case, texts)


def _argument(case: Case) -> Iterator[Factor]:
    """Give an argument to a program that has none; one that takes it for a path ends as well."""
    argv = case.config.argv
    first = case.launched[0] if case.launched else None
    has_file = first is not None and (first.script is None or bool(first.script.path))
    if not has_file or argv[own_arguments.begin(argv, case.config.env) :]:
        return
    yield Factor(
        "an argument",
        replace(case.config, entrypoint=(), command=(*argv, "1")),
        flags="IMAGE ... 1",
        cure=ARGUMENT,
    )


def _keys(case: Case, texts: list[tuple[str, bytes]]) -> Iterator[Factor]:
    for path, content in islice(files_read(case), MOST_FILES):
        found = [each for each in settings(path, content) if not each.is_whole]
        if not found:
            continue
        known = {each.name for each in found} | {each.name.rpartition(".")[2] for each in found}
        named = (name for name in _beside(texts, known) if not _has(content, name))
        for name in islice(named, MOST):
            new = added(content, found[-1], name)
            if not new:
                continue
            yield Factor(
                f"{name} in {path}",
                case.config,
                files={path: new.encode()},
                flags=mounted(path),
                cure=replace(
                    cures.OTHER_VALUE,
                    text=f"{path} does not have {name}, which the program requires",
                    fix=f"set {name} in {path}",
                    is_exact=True,
                ),
            )


def _beside(texts: list[tuple[str, bytes]], known: set[str]) -> Iterator[str]:
    return (name for name in beside(texts, known) if not OTHERWISE.search(name))


def _has(content: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", content))


def added(text: str, near: Setting, name: str) -> str:
    """Return a file with one more setting, spelled as one of its own is; empty if it has none."""
    value = sample(name.upper())
    line = near.place[-1]
    if isinstance(line, int) and len(near.place) == 1:
        lines = text.splitlines()
        match = LINE.match(lines[line]) if line < len(lines) else None
        if match is None:
            return ""
        before = match["before"].replace(match["name"], name, 1)
        return "\n".join([*lines[: line + 1], f"{before}{value}", *lines[line + 1 :]])
    try:
        document = holder = json.loads(text)
        for key in near.place[:-1]:
            holder = holder[key]
        holder[name] = int(value) if NUMBERED.search(name) else value
    except (ValueError, LookupError, TypeError):
        return ""
    return json.dumps(document)


def _options(case: Case, texts: list[tuple[str, bytes]]) -> Iterator[Factor]:
    argv = case.config.argv
    own = argv[own_arguments.begin(argv, case.config.env) :]
    given = {match[1] for word in own if (match := OPTION.fullmatch(word))}
    named = (name for name in _beside(texts, given) if OPTION.fullmatch(f"--{name}"))
    for name in islice(named, MOST):
        words = (f"--{name}", sample(name.upper()))
        yield Factor(
            f"the option --{name}",
            replace(case.config, entrypoint=(), command=(*argv, *words)),
            flags=f"IMAGE ... --{name} ...",
            cure=replace(
                ARGUMENT,
                text=f"it is started without --{name}, which it requires",
                fix=f"pass --{name}, in CMD or after the image in docker run",
                is_exact=True,
            ),
        )


def _variables(case: Case, texts: list[tuple[str, bytes]]) -> Iterator[Factor]:
    own = {name for name in case.config.env if not USUAL.fullmatch(name)}
    named = (name for name in _beside(texts, own) if VARIABLE.fullmatch(name))
    unset = (name for name in named if name not in case.config.env)
    yield from (given(case, name) for name in islice(unset, MOST))


def _texts(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield what programs are, each with its kind."""
    for _path, data, program in natives(case):
        kind = KINDS.get(program.language, "")
        if kind and len(data) < LARGE:
            yield kind, own_part(data, program) if kind == "native" else data
    yield from (("classes", "\n".join(found).encode()) for _path, found in launched_literals(case))
    yield from (("source", data) for data in own_sources(case))
