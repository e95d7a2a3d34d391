"""A resource made known to a Rust service: its module in lib.rs, its routes and table in app.rs.

The user's code is edited where it is as plain as the template's, as rustfmt leaves it; all else is
left to the user.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from scaffolder.text import type_name

from . import rust_tokens
from .base import Wiring, WiringError

APPLICATION, LIBRARY = "application", "library"
INDENT = " " * 4
LONGEST_LINE = 100
LONGEST_LIST = 60
"""Characters of what is in a list that rustfmt leaves in one line."""

MODULE = re.compile(r"(?:pub )?mod (\w+);")
IMPLEMENTATION = "impl Stage for App {"
CONFIGURE = INDENT + "fn configure(&self, app: &mut web::ServiceConfig) {"
READ = re.compile(INDENT + r"fn read\(_?env: &mut Reader<'_>\) -> Self \{")
NAME = re.compile(INDENT + r"const NAME: &str = .*;")
STAGE = re.compile(r"use crate::runtime::stage::(?:\{([\w, ]+)\}|(\w+));")

ITEM = re.compile(r'[\w:]+|"\w+"')
"""What a list has that can be edited."""

Found = TypeVar("Found")
Lines = list[str]


class _NotPlainError(Exception):
    """Code is not as plain as the template's."""


def wired(files: Mapping[str, str], wiring: Wiring) -> dict[str, str]:
    """Return the texts with a resource in them, by the same roles; as `Language.wired`."""
    edits = {APPLICATION: _with_routes, LIBRARY: _with_module}
    return {role: edits[role](text, wiring) for role, text in files.items()}


def _with_module(text: str, wiring: Wiring) -> str:
    """Return lib.rs with the module among the others, in their order."""
    line = f"pub mod {wiring.module};"
    lines = text.split("\n")
    try:
        _check(text)
        found = {at: match[1] for at, each in enumerate(lines) if (match := MODULE.fullmatch(each))}
        if wiring.module in found.values():
            return text
        at = _only([at for at, name in found.items() if name == "app"])
    except _NotPlainError:
        raise WiringError(LIBRARY, [line]) from None
    while at - 1 in found:
        at -= 1
    while at in found and found[at] < wiring.module:
        at += 1
    lines.insert(at, line)
    return "\n".join(lines)


def _with_routes(text: str, wiring: Wiring) -> str:
    """Return app.rs with the routes, and with the table or what is kept in memory."""
    lines = text.split("\n")
    try:
        _check(text)
        if wiring.number:
            _add_table(lines, wiring.module)
        else:
            _add_state(lines, wiring.module)
        _add_call(lines, wiring)
    except _NotPlainError:
        raise WiringError(APPLICATION, _by_hand(wiring)) from None
    return "\n".join(lines)


def _by_hand(wiring: Wiring) -> Lines:
    """Return the lines that are to be there."""
    module = wiring.module
    if wiring.number:
        return [
            f"const MIGRATIONS: &[Migration] = &[crate::{module}::MIGRATION];",
            f'const TABLES: &[&str] = &["{module}"];',
            f"{_call(wiring)}  // in configure()",
        ]
    return [
        f"{_field(module)}  // in the struct App",
        f"{module}: web::Data::default(),  // in App::read()",
        f"{_call(wiring)}  // in configure()",
    ]


def _call(wiring: Wiring) -> str:
    module = wiring.module
    state = "" if wiring.number else f", self.{module}.clone()"
    return f"crate::{module}::configure(app{state});"


def _field(module: str) -> str:
    return f"{module}: web::Data<crate::{module}::{type_name(module)}>,"


def _add_call(lines: Lines, wiring: Wiring) -> None:
    call = _call(wiring)
    if any(line.strip() == call for line in lines):
        return
    first, end = _block(lines, [at for at, line in enumerate(lines) if line == CONFIGURE])
    if first + 1 < end and not lines[end - 1].endswith((";", "}")):
        raise _NotPlainError
    lines.insert(end, INDENT * 2 + call)


def _add_state(lines: Lines, module: str) -> None:
    """Have the application keep something that all workers share."""
    _add_member(lines, "pub struct App", ";", _field(module))
    read = [at for at, line in enumerate(lines) if READ.fullmatch(line)]
    first, end = _block(lines, read)
    body = lines[first:end]
    _add_member(body, f"{INDENT * 2}Self", "", f"{module}: web::Data::default(),")
    lines[first:end] = body


def _add_member(lines: Lines, head: str, tail: str, member: str) -> None:
    """Add a member to what has the head of one with members, or, with the tail, of one without."""
    depth = head[: -len(head.lstrip())]
    line = f"{depth}{INDENT}{member}"
    without = _at(lines, head + tail)
    if without:
        at = _only(without)
        lines[at : at + 1] = [f"{head} {{", line, f"{depth}}}"]
        return
    first, end = _block(lines, _at(lines, f"{head} {{"))
    if line not in lines[first:end]:
        if not lines[end - 1].endswith(","):
            raise _NotPlainError
        lines.insert(end, line)


def _add_table(lines: Lines, module: str) -> None:
    """Have the application list a migration, and the table that it makes."""
    first, end = _block(lines, _at(lines, IMPLEMENTATION))
    name = _only([at for at in range(first, end) if NAME.fullmatch(lines[at])])
    _add_item(lines, "TABLES", "&[&str]", f'"{module}"', name)
    _add_item(lines, "MIGRATIONS", "&[Migration]", f"crate::{module}::MIGRATION", name)
    _import_migration(lines)


def _add_item(lines: Lines, constant: str, kind: str, item: str, after: int) -> None:
    """Add an item to a constant list, which is made after a line where there is none yet."""
    name = f"{INDENT}const {constant}:"
    head = f"{name} {kind} = &["
    found = [at for at, line in enumerate(lines) if line.startswith(name)]
    if not found:
        lines.insert(after + 1, f"{head}{item}];")
        return
    first = _only(found)
    end = first if lines[first].endswith("];") else _end(lines, first, "];")
    listed = "".join(line.strip() for line in lines[first : end + 1])
    if not listed.startswith(head.strip()):
        raise _NotPlainError
    items = [each.strip() for each in listed[len(head.strip()) : -2].split(",")]
    items = [each for each in items if each]
    if not all(ITEM.fullmatch(each) for each in items):
        raise _NotPlainError
    if item not in items:
        lines[first : end + 1] = _list(head, [*items, item])


def _list(head: str, items: Lines) -> Lines:
    """Return a list as rustfmt writes it."""
    joined = ", ".join(items)
    line = f"{head}{joined}];"
    if len(joined) <= LONGEST_LIST and len(line) <= LONGEST_LINE:
        return [line]
    return [head, *(f"{INDENT * 2}{item}," for item in items), f"{INDENT}];"]


def _import_migration(lines: Lines) -> None:
    found = [(at, match) for at, line in enumerate(lines) if (match := STAGE.fullmatch(line))]
    at, match = _only(found)
    names = {name.strip() for name in (match[1] or match[2]).split(",")}
    lines[at] = f"use crate::runtime::stage::{{{', '.join(sorted({*names, 'Migration'}))}}};"


def _at(lines: Lines, text: str) -> list[int]:
    return [at for at, line in enumerate(lines) if line == text]


def _block(lines: Lines, starts: list[int]) -> tuple[int, int]:
    """Return the line that opens a block, and the one that closes it."""
    first = _only(starts)
    return first, _end(lines, first)


def _end(lines: Lines, first: int, closing: str = "}") -> int:
    """Return the line that closes what a line opens, at the same depth."""
    depth = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    for at in range(first + 1, len(lines)):
        if lines[at] == depth + closing:
            return at
    raise _NotPlainError


def _check(text: str) -> None:
    """Raise for a text that is no code, and for one in which lines may be no code."""
    try:
        rust_tokens.read(text)
    except rust_tokens.SyntaxProblemError:
        raise _NotPlainError from None
    if "/*" in text:
        raise _NotPlainError


def _only(found: list[Found]) -> Found:
    """Return the one that was found; raise where it is none, or one of several."""
    if len(found) != 1:
        raise _NotPlainError
    return found[0]
