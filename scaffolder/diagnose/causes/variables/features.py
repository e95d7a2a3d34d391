"""Values for which a native program was not built."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected, logged
from scaffolder.diagnose.causes.silence.readings import natives
from scaffolder.diagnose.evidence.arguments import arguments
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.built import form_without
from scaffolder.redaction_rules import is_secret

from .usual import USUAL

LEAST = 3
"""How many letters a name or a value has that a message is about."""


@dataclass(frozen=True)
class Value:
    """A value that a program is given, and what its text is called."""

    name: str
    value: str
    where: str


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
    if case.signals or case.seen.failed_call:
        return None
    every = [*_values(case)]
    for path, data, _elf in natives(case):
        for given in every:
            # What it does not name, it does not read; an argument is its own.
            if not given.where and given.name.encode() not in data:
                continue
            word, told = form_without(data, given.value)
            others = (each for each in every if each is not given)
            if word and _is_named(case, given.name, given.value, word):
                return replace(_found(case, path, given, word, told), basis=Basis.NAMED)
            if word and not any(_is_named(case, each.name, each.value) for each in others):
                return _found(case, path, given, word, told)
    return None


def _values(case: Case) -> Iterator[Value]:
    for name, value in case.config.env.items():
        if value and not USUAL.fullmatch(name) and not is_secret(name):
            yield Value(name, value, "")
    for each in arguments(case.config.argv):
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
    return Found(
        f"{where} asks for {word} ({given.value[:100]}), and {path} was built without {word}:"
        f" `{told[:120]}` is in its texts",
        f"build it with {word} (a feature, ./configure, a define), or give {where} another value",
        (
            inspected(case, setting, f"{given.name}={given.value}"),
            content(case, path, told),
            logged(case, says) if says else ended(case),
        ),
    )
