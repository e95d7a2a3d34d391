"""Which arguments the source of a script asks for, and a command lacks.

Three things tell that: the text of its usage, what its parser is told to require, and a check that
ends the script, of an option that it declares, or of an argument by its number.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from posixpath import basename, splitext

from . import pysource
from .scripts import Script
from .usage import Required, lacking, positional

QUOTED = re.compile(
    r"""(?P<quote>\"\"\"|'''|['"`])(?:[^'"`\n]{0,80}?(?:\\n|\n))?\s*"""
    r"(?P<text>usage:.{1,2000}?)(?<!\\)(?P=quote)",
    re.IGNORECASE | re.DOTALL,
)
"""A text that begins with a usage, or has it on its second line."""
PLAIN = re.compile(
    r"^[ \t]*usage:[ \t]*[^\s'\"`{\[,][^\n]*(?:\n(?![ \t]*\n)[ \t]+[^\n]+)*",
    re.IGNORECASE | re.MULTILINE,
)
"""One in a text of many lines: a here-document, a docstring, what stands behind __END__."""
BASENAME = re.compile(r"\$\(basename [^)]*\)")
ITSELF = re.compile(
    r"\$\{?0(?:##[^}]*)?\}?|[#$]\{[^}\n]*\}|\$PROGRAM_NAME|%\(prog\)s|%s"
    r"|\{\w*\}"
)
"""How a text has the name of the script."""
ENDS = re.compile(r"\b(?:exit|_exit|return|die|abort|throw|raise|usage)\b")
CHECKED = re.compile(
    r"(?:\bif\s*(?:\(\s*)?!\s*|\bif not |\bunless\s*(?:\(\s*)?)"
    r"[$@]?\w+(?:\.|->|\[|\{)+[:'\"]?(?P<a>\w+)"
    r"|\b\w+(?:\.|\[)[:'\"]?(?P<b>\w+)['\"]?\]?"
    r"(?: is None\b|\.nil\?|\s*={2,3}\s*(?:undefined|null)\b)"
)
"""A check of an option that is not there: `if (!opt.tenant)`, `if args.tenant is None`."""
TYPED = r"\b{}['\"]?\s*:\s*\{{(?P<more>[^{{}}]{{0,400}})\}}"
"""How parseArgs of Node is told of an option."""
TYPE = re.compile(r"\btype\s*:")
NUMBER = re.compile(
    r"(?:\[\[?|test|\(\()\s*[\"']?\$\{?#\}?[\"']?\s*(?P<how>-(?:lt|le|ne|eq|ge|gt)|[<>]=?|[!=]=)\s*(?P<n>\d)\b"
)
HOLDS: Mapping[str, Callable[[int, int], bool]] = {
    "-lt": operator.lt, "<": operator.lt, "-le": operator.le, "<=": operator.le,
    "-ne": operator.ne, "!=": operator.ne, "-eq": operator.eq, "==": operator.eq,
    "-ge": operator.ge, ">=": operator.ge, "-gt": operator.gt, ">": operator.gt,
}  # fmt: skip
MOST_ARGUMENTS, MOST_CHECKS = 9, 40
EMPTY = re.compile(r"(?:\[\[?|test)\s+-z\s+[\"']?\$\{?(?P<n>[1-9])(?::?-)?\}?[\"']?\s")
DEMANDED = re.compile(r"\$\{(?P<n>[1-9]):?\?")
OPTARG = re.compile(
    r"^[ \t]*\(?(?P<letter>[A-Za-z])\)\s*(?P<name>\w+)=[\"']?\$\{?OPTARG", re.MULTILINE
)
FUNCTION = re.compile(
    r"^\s*(?:function\s+)?[\w-]+\s*(?:\(\))\s*\{\s*$|^\s*function\s+[\w-]+\s*\{\s*$"
)
FEW_LINES = 4


def lacked(
    script: Script, beside: Sequence[str], arguments: Sequence[str], env: Mapping[str, str]
) -> Required | None:
    """Return the first argument that a script requires and is not given; None if there is none.

    `beside` is the text of the modules that it loads.
    """
    argv = (splitext(basename(script.path))[0], *arguments)
    for text in [use for each in (script.text, *beside) for use in usages(each, argv[0])]:
        missing = lacking(text, argv, env)
        if found := (missing[0] if missing else positional(text, argv)):
            return found
    given = {word.partition("=")[0].lstrip("-") for word in arguments if word.startswith("-")}
    known = _told_by_source(script, beside, arguments)
    return next((each for each in known if not given & {n.lstrip("-") for n in each.names}), None)


def usages(text: str, name: str) -> Iterator[str]:
    """Yield the usages that a source has as texts, with the name of the script."""
    text = BASENAME.sub(name, text)
    for match in (*QUOTED.finditer(text), *PLAIN.finditer(text)):
        said = match.groupdict().get("text") or match[0]
        plain = said.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"').strip()
        yield ITSELF.sub(name, plain)


def _told_by_source(
    script: Script, beside: Sequence[str], arguments: Sequence[str]
) -> Iterator[Required]:
    """Yield what a parser is told to require, and what the script ends over if it is missing."""
    if script.language == "sh":
        yield from _by_number(script.text, len(arguments))
        yield from _by_letter(script.text)
        return
    if script.language == "python":
        for text in (script.text, *beside):
            yield from _parsed(text, arguments)
    yield from _checked(script.text, "\n".join((script.text, *beside)))


def _checked(text: str, all_: str) -> Iterator[Required]:
    lines = text.splitlines()
    found = ((at, match) for at, line in enumerate(lines) if (match := CHECKED.search(line)))
    for at, match in islice(found, MOST_CHECKS):
        name = match["a"] or match["b"]
        after = "\n".join((match.string[match.end() :], *lines[at + 1 : at + FEW_LINES]))
        option = f"--{name.replace('_', '-')}"
        if ENDS.search(after) and _declares(all_, name, option):
            yield Required((option,), match.string.strip())


def _declares(text: str, name: str, option: str) -> bool:
    """Tell whether a parser knows an option, and has no default for it."""
    options = re.finditer(TYPED.format(re.escape(name)), text)
    if typed := next((each for each in options if TYPE.search(each["more"])), None):
        return "default" not in typed["more"]
    told = re.search(rf"['\"](?:[^'\"\n]*[ ,|])?{re.escape(option)}(?![\w-])[^\n]*", text)
    return told is not None and "default" not in told[0]


def _parsed(text: str, arguments: Sequence[str]) -> Iterator[Required]:
    """Yield what argparse or click is told to require; of commands, only what all of them do."""
    tree = pysource.parsed(text)
    nodes = list(pysource.walk(tree)) if tree else []
    parsers = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
        and pysource.dotted(node.value.func).endswith("ArgumentParser")
    }
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    called = (pysource.dotted(call.func) for call in calls)
    has_commands = any(name.endswith(("add_subparsers", ".group")) for name in called)
    given = sum(not word.startswith("-") for word in arguments)
    for call in calls:
        owner, _, method = pysource.dotted(call.func).rpartition(".")
        is_click = method in {"option", "argument"} and owner in {"click", "typer"}
        if not is_click and not (
            method == "add_argument" and (owner in parsers or not has_commands)
        ):
            continue
        names = [
            a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        more = {k.arg: getattr(k.value, "value", k.value) for k in call.keywords}
        if not names or (is_click and has_commands):
            continue
        if names[0].startswith("-"):
            if more.get("required") is True and not more.get("envvar"):
                yield Required(tuple(names), ast.unparse(call))
            continue
        is_optional = more.get("nargs") in {"?", "*", 0, -1} or "default" in more
        if is_optional or more.get("required") is False:
            continue
        given -= 1
        if given < 0:
            yield Required((names[0],), ast.unparse(call))


def _by_number(text: str, given: int) -> Iterator[Required]:
    """Yield which argument a shell script ends without, outside of its functions."""
    lines, inside = text.splitlines(), False
    for at, line in enumerate(lines):
        inside = (inside or bool(FUNCTION.match(line))) and line.rstrip() != "}"
        if inside or line.lstrip().startswith("#"):
            continue
        if (demanded := DEMANDED.search(line)) and int(demanded["n"]) > given:
            yield Required((f"argument {demanded['n']}",), line.strip())
        below = lines[at + 1 : at + FEW_LINES]
        if match := NUMBER.search(line):
            holds, number = HOLDS[match["how"]], int(match["n"])
            rest = line[match.end() :]
            ends = [_ends(rest, below, holds(n, number)) for n in range(MOST_ARGUMENTS)]
            is_short = ends[min(given, MOST_ARGUMENTS - 1)] and not all(ends[given:])
        else:
            match = EMPTY.search(line)
            is_short = match is not None and int(match["n"]) == given + 1
            is_short = is_short and match is not None and _ends(line[match.end() :], below)
        if is_short:
            yield Required((f"argument {given + 1}",), line.strip())


def _by_letter(text: str) -> Iterator[Required]:
    """Yield the options of getopts without whose value a shell script ends."""
    lines = text.splitlines()
    for option in islice(OPTARG.finditer(text), MOST_CHECKS):
        name = option["name"]
        empty = re.compile(rf"(?:\[\[?|test)\s+-z\s+[\"']?\$\{{?{name}(?::?-)?\}}?[\"']?\s")
        set_ = re.search(
            rf"^[ \t]*(?:export[ \t]+)?{name}=[\"']?[^\"'\s;]", text[: option.start()], re.MULTILINE
        )
        for at, line in enumerate(lines):
            match = None if set_ else empty.search(line)
            if match and _ends(line[match.end() :], lines[at + 1 : at + FEW_LINES]):
                yield Required((f"-{option['letter']}",), line.strip())


def _ends(rest: str, below: Sequence[str], holds: bool = True) -> bool:  # noqa: FBT001, FBT002 - as it is
    """Tell whether a condition of a shell script ends it, on its line or on those below."""
    if link := re.search(r"&&|\|\|", rest):
        return holds == (link[0] == "&&") and bool(ENDS.search(rest))
    body = "\n".join((rest, *below)).partition("\nfi")[0].partition("\nelse")[0]
    return holds and bool(re.search(r"\bthen\b", body)) and bool(ENDS.search(body))
