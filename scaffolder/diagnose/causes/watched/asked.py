"""What a program asks before it chooses to end: the condition in its source, for people."""

import re
from dataclasses import dataclass
from posixpath import join, splitext

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, content, copied, inspected
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.programs.conditions.guarded import Guard, guard, literal, name_of
from scaffolder.diagnose.programs.conditions.masking import ENDINGS
from scaffolder.diagnose.programs.conditions.origins import Origin, origins
from scaffolder.diagnose.programs.scripts import language
from scaffolder.redaction_rules import is_secret

BY_CALL = (("sys.", "python"), ("os._exit", "python"), ("process.", "node"))
"""The language of a file without an ending, by how it ends."""
SHEBANG = re.compile(r"#!\s*\S*?([\w.]+)(?:[ \t]+(\w[\w.]*))?[ \t]*\n")
TEXTS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
WORD = re.compile(r"\w{2,}")
MOST = 3


@dataclass(frozen=True)
class Asked:
    """The condition of an end, and where what it compares comes from."""

    words: str
    """What follows the place of the end, in words."""
    fix: str
    evidence: tuple[Evidence, ...]


def asked(case: Case, ending: Ending) -> Asked | None:
    """Return what decides an end, by the source in the container; None if that does not tell."""
    called = ending.how
    for place, name in ending.way or ((ending.place, ""),):
        given, _, line = place.rpartition(":")
        path = join(case.config.workdir or "/", given)
        source = text(case.files, path) if given else None
        kind = _language(path, source, ending) if source else ""
        found = (
            guard(source, kind, int(line), called, ending.how)
            if source and kind and line.isdigit()
            else None
        )
        if source and found:
            is_elsewhere = place != ending.place
            return _told(
                case, (path, source, kind), found, name_of(called), is_elsewhere=is_elsewhere
            )
        called = name
    return None


def _language(path: str, source: str, ending: Ending) -> str:
    by_name = ENDINGS.get(splitext(path)[1], "")
    shebang = SHEBANG.match(source)
    names = (shebang[2] or shebang[1], shebang[1]) if shebang else ()
    by_call = next((kind for begins, kind in BY_CALL if ending.how.startswith(begins)), "")
    return by_name or next(filter(None, map(language, names)), "") or by_call


def by_status(case: Case) -> Ending | None:
    """Return where a script of a shell or of PHP ends, whose runtime tells no place.

    That is the one place in its source that names the status, unless something that it started
    ended with the same.
    """
    script = next((i.script for i in case.launched if i.script and i.script.path), None)
    decider = case.seen.decider
    if script is None or decider is None or script.language not in {"sh", "php"}:
        return None
    processes = case.seen.trace.processes.values()
    same = [each for each in processes if each.status == decider.status]
    if language(decider.name) != script.language or same != [decider]:
        return None
    lines = literal(script.text, script.language, decider.status)
    way = tuple((f"{script.path}:{line}", name) for line, name in lines)
    ending = Ending(way[0][0], f"exit {decider.status}", (), way=way) if way else None
    return ending if ending and asked(case, ending) else None


def _told(
    case: Case, script: tuple[str, str, str], found: Guard, called: str, *, is_elsewhere: bool
) -> Asked:
    path, source, kind = script
    quoted = safe(found.text)
    opened = case.seen.opened
    known = origins(source, kind, found.text, found.at, opened, called)[:MOST]
    where = f" at {path}:{found.line}" if is_elsewhere else ""
    holds = "after" if found.is_passed else ""
    words = f"{f' {holds}' if holds else ':'} `{quoted}`{where}{' did not hold' if holds else ''}"
    told = " and ".join(_origin(case, each) for each in known)
    words += f", where {told}" if told else ""
    return Asked(words, _fix(known, quoted), (content(case, path, quoted), *_shown(case, known)))


def safe(condition: str) -> str:
    """Return a condition without the texts that it compares with a secret."""
    hides = any(is_secret(word) for word in WORD.findall(TEXTS.sub("", condition)))
    hides = hides or any(is_secret(each[0][1:-1]) for each in TEXTS.finditer(condition))
    return TEXTS.sub(_hidden, condition) if hides else condition


def _hidden(match: "re.Match[str]") -> str:
    inner = match[0][1:-1]
    return match[0] if is_secret(inner) or not inner else f"{match[0][0]}…{match[0][0]}"


def _origin(case: Case, origin: Origin) -> str:
    what = origin.what
    if origin.kind == "variable":
        state = "" if what in case.config.env else ", which is not set"
        what = f"the environment variable {what}{state}"
    elif origin.kind == "peer":
        what = f"the answer of {what}"
    elif case.has(what) is None:
        what = f"{what}, which is not there"
    return f"{origin.name} comes from {what}" if origin.name else f"it asks for {what}"


def _fix(known: tuple[Origin, ...], condition: str) -> str:
    places = {
        "file": "what is in {}",
        "variable": "what {} is set to",
        "peer": "what {} answers",
    }
    looks = " and ".join(dict.fromkeys(places[o.kind].replace("{}", o.what) for o in known))
    return f"see {looks}: `{condition}` decides the end" if looks else ""


def _shown(case: Case, known: tuple[Origin, ...]) -> tuple[Evidence, ...]:
    """Return the evidence of where values come from; never what is in a file."""
    shown = []
    for origin in known:
        entry = case.has(origin.what) if origin.kind == "file" else None
        if origin.kind == "file":
            about = f"{entry.kind}, {entry.size} bytes" if entry else "no such file"
            shown.append(copied(case, origin.what, about))
        elif origin.kind == "variable":
            is_set = origin.what in case.config.env
            words = f"{origin.what} is {'set' if is_set else 'not set'}"
            shown.append(inspected(case, "Config.Env", words))
    return tuple(shown)
