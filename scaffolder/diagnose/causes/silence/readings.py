"""Which variables and paths a silent program reads."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.java.literals import variables as java_variables
from scaffolder.diagnose.causes.shells.script import variables
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.log_search import is_vague
from scaffolder.diagnose.programs import pypaths, pysource, shell_variables
from scaffolder.diagnose.programs.defaults import read_variables
from scaffolder.diagnose.programs.native import binary, elf, glued, go_texts
from scaffolder.diagnose.programs.scripts import Script, language, siblings

from .packaged import is_packaged, is_tool

INTERACTIVE = {
    "python", "python3", "node", "irb", "ruby", "php", "bash", "sh", "ash", "dash", "zsh",
    "psql", "mysql", "redis-cli", "sqlite3", "cat", "lua", "R", "ghci", "scala", "jshell",
    "mongosh", "bc", "erl", "iex", "busybox", "ipython", "pwsh", "fish",
}  # fmt: skip


SHORT_SECONDS = 5.0
TYPICAL = re.compile(
    "(?:URL|DSN|URI|KEY|SECRET|TOKEN|PASSWORD|PASSWD|HOST|DATABASE|CONFIG|BUCKET|ENDPOINT"
    r"|LICEN[CS]E\w*|CREDENTIALS|USER|ID|REGION|ENV|NAME|FILE|PATH|DIR)$"
)
"""How names of variables end that programs cannot run without."""
LARGE = 16 << 20
FEW = 3
"""Large programs name many variables for their libraries: then none of them tells anything."""
MANY = 32
"""More texts that look like variables than this are constants of a program in C."""


def quiet(case: Case) -> bool:
    """Tell whether nothing in the log explains the end, and no call that a copy ended over."""
    said = "" if case.is_silent else case.last_words
    return case.seen.failed_call is None and (not said or is_vague(said))


def says_nothing(case: Case) -> bool:
    """Tell whether nothing that it writes, logs or keeps to itself is about the end either."""
    seen = case.seen
    return case.is_silent and quiet(case) and not (seen.swallowed or seen.unwritten or seen.unheard)


def is_interpreter(name: str) -> bool:
    """Tell whether a program runs another one that it reads: its own texts are not about that."""
    return bool(language(name)) or name in INTERACTIVE


def has_native(case: Case, kind: str) -> bool:
    """Tell whether a native program that is started was built from a language: rust, go or c."""
    found = (item.program.elf for item in case.launched if item.program)
    return any(each is not None and each.language == kind for each in found)


def natives(case: Case) -> Iterator[tuple[str, bytes, elf.Elf]]:
    """Return the native programs that are started, with their bytes."""
    for item in case.launched:
        program = item.program
        if (
            program
            and program.entry
            and basename(program.entry.path) not in {"busybox", "coreutils", "toybox"}
            and program.elf
            and not is_interpreter(item.name)
            and item.name not in {"tail", "sleep", "mkdir"}
        ):
            yield program.path, case.files.content(program.entry.path, PROGRAM) or b"", program.elf


def sources(case: Case) -> Iterator[Script]:
    """Return the scripts that are run, and the modules beside them that they import."""
    for item in case.launched:
        if item.script:
            yield item.script
            yield from siblings(case.files, item.script)


def readings(case: Case) -> Iterator[tuple[Script, pysource.Reading]]:
    """Return the Python that is run, and what its source tells."""
    for script in sources(case):
        reading = pysource.read(script.text) if script.language == "python" else None
        if reading:
            yield script, reading


def named_variables(  # noqa: C901 - one loop per language
    case: Case, few: int = FEW
) -> list[tuple[str, str, bool]]:
    """Return variables that programs read and nothing sets: name, reader, and if required.

    Where a large program names more than a few, there are none. What a source reads with a default
    is not what it lacks.
    """
    found: dict[str, tuple[str, str, bool]] = {}
    given = variables(case)

    def note(name: str, by: str, *, required: bool) -> None:
        if name and not given.get(name) and (name not in found or required):
            found[name] = (name, by, required)

    for path, data, program in natives(case):
        if len(data) < 4 << 20 and program.language == "c":
            texts = binary.variables(binary.own_part(data, program))
            is_own = 0 < len(texts) <= MANY and not is_packaged(case, path)
            for name in texts if is_own else ():
                note(name, path, required=False)
        elif len(data) < LARGE and program.language in {"go", "rust"}:
            own = binary.own_part(data, program) if program.language == "rust" else data
            names = [n for n in glued.variables(data, len(own)) if TYPICAL.search(n)]
            names = names if len(names) <= few else []
            is_go = program.language == "go"
            taken = go_texts.variables(data) if is_go else glued.usual(data, len(own))
            taken = taken if is_go or len(taken) <= few else ()
            for name in (*taken, *names):
                note(name, path, required=False)
    for name, path in java_variables(case):
        note(name, path, required=False)
    for script, reading in readings(case):
        for name in reading.required:
            note(name, script.path or "the program", required=True)
        for name in reading.asked:
            note(name, script.path or "the program", required=False)
    for name, by, required in _named_by_scripts(case):
        note(name, by, required=required)
    return list(found.values())


def _named_by_scripts(case: Case) -> Iterator[tuple[str, str, bool]]:
    """Yield the variables that scripts other than Python's read: name, reader, and if required."""
    scripts = [item.script for item in case.launched if item.script]
    for script in scripts:
        by = script.path or "the program"
        if script.language == "sh":
            env = case.config.env
            unset = (
                *shell_variables.unset(script.text, env),
                *shell_variables.asked_by_name(script.text, env),
            )
            yield from ((name, by, True) for name in unset)
        if script.language not in {"node", "ruby", "php", "perl"}:
            continue
        needed = read_variables(script.language, script.text)
        yield from ((name, by, True) for name, is_needed in needed.items() if is_needed)


def read_paths(case: Case) -> Iterator[tuple[str, str]]:
    """Return paths of files that programs name to read: the path, and by what."""
    yield from _paths_of_natives(case)
    for name, by, writes in _opened(case):
        if name.startswith("/") and not writes:
            yield name, by


def _paths_of_natives(case: Case) -> Iterator[tuple[str, str]]:
    for path, data, program in natives(case):
        if len(data) < 4 << 20 and not is_tool(case, path):
            own = binary.own_part(data, program)
            yield from ((name, path) for name in binary.paths(own)[:40])


def _opened(case: Case) -> Iterator[tuple[str, str, bool]]:
    """Yield what scripts open: the path, by what, and whether to write."""
    for script, reading in readings(case):
        for name, mode in reading.opened:
            yield name, script.path or "the program", any(m in mode for m in "wax+")


def named_paths(case: Case) -> Iterator[tuple[str, str]]:
    """Return paths that programs name: the path, and by what."""
    yield from _paths_of_natives(case)
    yield from ((name, by) for name, by, writes in _opened(case) if writes)
    for script, _ in readings(case):
        for path, is_directory in pypaths.written(script.text, case.config.env):
            if not (is_directory and case.has(path)):  # which nobody has to make
                yield path, script.path or "the program"
    for item in case.launched:
        if item.script and item.script.language == "sh":
            yield from (
                (m, item.script.path or "the command")
                for m in re.findall(
                    r"(?:>>?|\b(?:touch|tee|mkdir)(?:\s+-\w+)*)\s*['\"]?(/[\w./-]+)",
                    item.script.text,
                )
                if not m.startswith("/dev/")
            )
