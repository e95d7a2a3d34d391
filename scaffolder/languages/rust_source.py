"""Rust code, read and never run: which modules it refers to, and which names it uses."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from . import rust_tokens
from .base import Code, Import, Text
from .rust_tokens import Kind, Token

SUFFIX = ".rs"
LITERAL = re.compile(r'[bc]?"(.*)"', re.DOTALL)
ESCAPE = re.compile(r"\\(?:\n\s*|.)")
PLACEHOLDER = re.compile(r"\{[^{}\s]*\}")
"""Where `format!` puts a value into a text."""

CRATE = "crate"
"""How the modules of the service's library begin, whoever names them."""

PROGRAM = ("src", "main")

DECLARING = {"const", "enum", "fn", "for", "let", "mut", "ref", "static", "struct", "trait", "type"}
"""Words before a name that is given a meaning."""

Path = tuple[str, ...]

END = Token(Kind.OTHER, "", 0)
"""What is read after the last token."""


def module_of(path: str) -> str:
    """Return the name of the module in the file at `path`.

    Those in src/ are the library's; a program or a test is named like its file.
    """
    parts = PurePosixPath(path.removesuffix(SUFFIX)).parts
    if parts[:1] == ("src",) and parts != PROGRAM and parts[1:2] != ("bin",):
        parts = (CRATE,) if parts[1:] == ("lib",) else (CRATE, *parts[1:])
    return "::".join(parts[:-1] if parts[-1:] == ("mod",) else parts)


def spellings(module: str) -> list[str]:
    """Return how a text writes a module's name: as a filter of logs does, or as a path."""
    first, *rest = module.split("::")
    if not rest:
        return []
    if first != CRATE:
        return ["/".join([first, *rest])]
    return ["/".join(["src", *rest]), *(["::".join(rest)] if rest[1:] else [])]


def read(content: bytes, path: str) -> Code | None:
    """Read the file at `path`; None if it is no Rust."""
    try:
        tokens = rust_tokens.read(content.decode())
    except ValueError:
        return None
    return _Reader(tokens, path).read()


def _home(path: str) -> Path:
    """Return the module that a file begins in: `mod` lines lead to those below it."""
    parts = tuple(module_of(path).split("::"))
    if parts == PROGRAM:
        return (CRATE,)
    is_root = parts[0] != CRATE and len(parts) <= 2 + (parts[0] == "src")
    return parts[:-1] if is_root and not path.endswith("/mod.rs") else parts


class _Reader:
    """A file, and what is known of it so far."""

    def __init__(self, tokens: list[Token], path: str) -> None:
        self.tokens = tokens
        self.at = 0
        self.code = Code([], {}, set())
        self.home = _home(path)
        self.is_library = module_of(path).partition("::")[0] == CRATE
        self.inner: list[tuple[str, int]] = []
        """The modules around a place that are written out, and how deep in brackets each is."""
        self.depth = 0
        self.own = {b.text for a, b in pairwise(tokens) if a.text == "mod" and b.kind is Kind.WORD}
        self.places: dict[str, Path] = {}
        """What names stand for that are imported or declared here."""
        self.paths: list[tuple[list[Token], Path]] = []
        """The paths in the code, each with the module that it is in."""

    def read(self) -> Code:
        """Return what the file imports and uses."""
        while self.at < len(self.tokens):
            self._step()
        for path, module in self.paths:
            self._refer(path, module)
        return self.code

    @property
    def module(self) -> Path:
        return (*self.home, *(name for name, _ in self.inner))

    def _peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else END

    def _take(self) -> Token:
        self.at += 1
        return self._peek(-1)

    def _step(self) -> None:
        token, following = self._take(), self._peek()
        if token.kind is Kind.WORD:
            self._word(token, following)
        elif token.text == "{":
            self.depth += 1
        elif token.text == "}":
            self.depth -= 1
            if self.inner and self.inner[-1][1] > self.depth:
                self.inner.pop()

    def _word(self, token: Token, following: Token) -> None:
        before = self._peek(-2).text
        if token.text == "use" and following.text != "<":
            self._tree(())
        elif token.text == "mod" and following.kind is Kind.WORD:
            self._mod(self._take())
        elif token.text == "crate" and before == "extern":
            self._leaf(following, (following.text,), self._alias(self._take()))
        elif before in DECLARING or following.text == ":":
            self.code.bound.add(token.text)
        elif before not in (".", "::"):
            self.paths.append((self._path(token), self.module))

    def _mod(self, name: Token) -> None:
        """Read a module that is declared here, or written out."""
        if self._peek().text == ";":
            self._leaf(name, (*self.module, name.text), name.text)
            return
        self.code.bound.add(name.text)
        self.inner.append((name.text, self.depth + 1))

    def _path(self, first: Token) -> list[Token]:
        """Return the words of a path."""
        found = [first]
        while self._peek().text == "::" and self._peek(1).kind is Kind.WORD:
            self.at += 1
            found.append(self._take())
        return found

    def _tree(self, path: Path) -> None:
        """Read what a `use` names, below `path`."""
        while self._peek().text in ("::", "$"):
            self.at += 1
        if self._peek().text == "{":
            self._trees(path)
        elif self._peek().kind is Kind.WORD:
            word = self._take()
            longer = self._longer(path, word.text, self.module)
            if self._peek().text == "::":
                self._import(word, longer)
                self._tree(longer)
            else:
                self._leaf(word, longer, self._alias(word))

    def _trees(self, path: Path) -> None:
        """Read the names in braces, up to the last one."""
        while self._take().text in ("{", ",") and self._peek().text != "}":
            self._tree(path)
            self.at += self._peek().text == "*"

    def _alias(self, word: Token) -> str:
        """Return the name that an imported word has here; `self` is its module."""
        if self._peek().text != "as":
            return "" if word.text == "self" else word.text
        self.at += 1
        return self._take().text

    def _longer(self, path: Path, word: str, module: Path) -> Path:
        """Return a path with another word, or its beginning."""
        if word == "super":
            return (path or module)[:-1]
        if word == "self":
            return path or module
        if path:
            return (*path, word)
        if word in self.own:
            return (*module, word)
        if word == CRATE or not self.is_library:
            return self.home[:1] if word == CRATE else (CRATE,)
        return (word,)

    def _leaf(self, word: Token, path: Path, name: str) -> None:
        """Note an import, and what its name stands for."""
        known = name or path[-1]
        known = "" if known == "_" else known
        self.code.imports.append(Import(word.line, "::".join(path), known))
        self.code.bound.add(known)
        self.places[known] = path

    def _import(self, word: Token, path: Path) -> None:
        self.code.imports.append(Import(word.line, "::".join(path), ""))

    def _refer(self, path: list[Token], module: Path) -> None:
        """Note a path in the code: its first name, and the modules that it leads to."""
        first, *rest = path
        self.code.uses.setdefault(first.text, []).append(first.line)
        if not rest:
            return
        place = self.places.get(first.text) or self._longer((), first.text, module)
        for word in rest:
            place = self._longer(place, word.text, module)
            self._import(word, place)


def texts(content: bytes) -> Iterator[Text]:
    """Return the texts in code; nothing if it is no Rust."""
    try:
        tokens = rust_tokens.read(content.decode())
    except ValueError:
        return
    for token in tokens:
        found = LITERAL.fullmatch(token.text)
        if found:
            said = ESCAPE.sub(lambda m: "" if m[0][1] == "\n" else m[0][1], found[1])
            yield Text(token.line, tuple(PLACEHOLDER.split(said)))
