"""A value that asks for what a program was built without, by what the program itself says."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.shells.meant import LARGEST_STATUS
from scaffolder.diagnose.evidence.arguments import arguments
from scaffolder.diagnose.evidence.files import SYSTEM, text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.built import form, form_without, without, without_in
from scaffolder.diagnose.programs.own_arguments import begin
from scaffolder.redaction_rules import is_secret

from .catalogue import Basis, Found, cause
from .evidence import content, ended, inspected, logged
from .silence.readings import natives, sources
from .variables.usual import USUAL

LISTS = re.compile(r"features?\b|build_?info", re.IGNORECASE)
MADE = re.compile(r"build|feature|version|about", re.IGNORECASE)
"""How files are called that a build has made."""
KINDS = re.compile(r"(?:\.(?:py|[cm]?js|rb|php|p[lm]|lua|json|toml|ya?ml|txt)|^[^.]+)$")
CODE = (".py", ".js", ".cjs", ".mjs", ".rb", ".php", ".pl", ".pm", ".lua")
OF_LIBRARIES = re.compile(r"/node_modules/|-packages/|/package(?:-lock)?\.json$")
MOST_FILES, LARGEST = 20, 256 * 1024
SETTING = re.compile(r"[A-Za-z]\w*(?:[_.-]\w+)*")
LEAST = 3
"""How many letters a name or a value has that a message is about."""


Names = Callable[[str], bool]
Without = Callable[[str], tuple[str, str]]


@dataclass(frozen=True)
class Value:
    """A value that a program is given, and what its text is called."""

    name: str
    value: str
    where: str
    file: str = ""
    """The file that has it, if it is in one."""


@cause(
    "not-built-in",
    "a value asks for what the program was not built with",
    pattern="environment",
    reads=["files", "inspect", "logs"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["said-why", "last-call", "ends-itself", "peer-unreachable-silent"],
    cured_by=["as-built"],
)
def not_built_in(case: Case) -> Found | None:
    """Find `tls://...` for a program whose list of features has `-tls`."""
    is_told = case.seen.failed_call or case.seen.swallowed
    if case.signals or case.exit_code > LARGEST_STATUS or is_told:
        return None
    every = [*_values(case)]
    for path, names, without_form in _programs(case):
        for given in every:
            # What it does not name, it does not read; an argument is its own.
            if not given.where and not names(given.name):
                continue
            word, told = without_form(given.value)
            others = (each for each in every if each is not given)
            if word and _is_named(case, given.name, given.value, word):
                return replace(_found(case, path, given, word, told), basis=Basis.NAMED)
            if word and not any(_is_named(case, each.name, each.value) for each in others):
                return _found(case, path, given, word, told)
    return _named_at_end(case)


def _named_at_end(case: Case) -> Found | None:
    """Find a setting that the code names where the program ends, and which it is given."""
    for name in case.seen.ending.named if case.seen.ending else ():
        is_setting = SETTING.fullmatch(name) and not is_secret(name)
        value, file = case.config.env.get(name, ""), _file_with(case, name) if is_setting else ""
        given = Value(name, value, "" if value else f"{name} in {file}", "" if value else file)
        for path, data, _elf in natives(case) if is_setting and (value or file) else ():
            for part in re.split(r"[_.-]", name):
                word, told = form_without(data, part)
                if len(word) >= LEAST:
                    return _found(case, path, given, word, told)
    return None


def _file_with(case: Case, name: str) -> str:
    """Return the file of those that a program read in which a line begins with a name."""
    line = re.compile(rf"^[ \t]*{re.escape(name)}\b", re.MULTILINE)
    read = (path for path in case.seen.opened[:MOST_FILES] if not SYSTEM.match(path))
    return next((p for p in read if line.search(text(case.files, p, limit=LARGEST) or "")), "")


def _programs(case: Case) -> Iterator[tuple[str, Names, Without]]:
    """Yield each program, whether it names a variable, and what a value asks it for in vain."""
    for path, data, _elf in natives(case):
        yield path, partial(_is_in, data), partial(form_without, data)
    scripts = [*_sources(case)]
    every = "\0".join(source for _path, source in scripts).encode()
    for path, source in scripts:
        yield path, partial(_is_in, every), partial(_form_without, source, path)


def _is_in(data: bytes, name: str) -> bool:
    return name.encode() in data


def _form_without(source: str, path: str, value: str) -> tuple[str, str]:
    return without_in(source, form(value), is_list=bool(LISTS.search(basename(path))))


def _values(case: Case) -> Iterator[Value]:
    for name, value in case.config.env.items():
        if value and not USUAL.fullmatch(name) and not is_secret(name):
            yield Value(name, value, "")
    for each in arguments(case.config.argv, begin(case.config.argv, case.config.env)):
        if each.name and not is_secret(each.key):
            yield Value(each.name, each.value, each.where)


def _is_named(case: Case, *texts: str) -> bool:
    """Tell whether what a program says last has one of some texts."""
    said = case.last_words or next((x.text for x in reversed(case.lines) if x.text.strip()), "")
    long = (text for text in texts if len(text) >= LEAST)
    return any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said) for text in long)


def _found(case: Case, path: str, given: Value, word: str, told: str) -> Found:
    where = given.where or given.name
    last = case.last_words
    says = case.said(rf"[^\n]*{re.escape(last)}[^\n]*") if last else None
    setting = "Config.Cmd" if given.where else "Config.Env"
    how = f"({given.value[:100]})" if given.value else "where the program ends"
    return Found(
        f"{where} asks for {word} {how}, and {path or 'the program'} was built"
        f" without {word}: `{told[:120]}` is in it",
        f"build it with {word} (a feature, ./configure, a define), or give {where} another value",
        (
            content(case, given.file, given.name)
            if given.file
            else inspected(case, setting, f"{given.name}={given.value}"),
            *((content(case, path, told),) if path else ()),
            logged(case, says) if says else ended(case),
        ),
    )


def not_built(case: Case, value: str) -> tuple[str, str, str]:
    """Return a word of a value, what the program says of it, and in what; all empty if nothing."""
    for _path, data, _program in natives(case):
        word, told = without(data, value)
        if word:
            return word, told, "its texts"
    for path, source in _sources(case):
        word, told = without_in(source, value)
        if word:
            return word, told, path or "its source"
    return "", "", ""


def _sources(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what it runs in scripts, and what lies beside these that it opened."""
    known = set[str]()
    for script in sources(case):
        known.add(script.path)
        yield script.path, script.text
    homes = {f"{dirname(path)}/" for path in known if dirname(path) not in ("", "/")}
    opened = (c.path for c in case.seen.trace.calls if c.name.startswith("open") and not c.error)
    own = (
        path
        for path in dict.fromkeys(opened)
        if path.startswith(tuple(homes)) and path not in known and not OF_LIBRARIES.search(path)
        if KINDS.search(basename(path)) and (path.endswith(CODE) or MADE.search(basename(path)))
    )
    for path in islice(own, MOST_FILES):
        yield path, text(case.files, path, limit=LARGEST) or ""
