"""Shell scripts, parsed as far as a diagnosis needs: which commands they run, and how."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KEYWORDS = {
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "fi", "done",
    "}",
}  # fmt: skip
SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"}
ENDS = {";", "&", "&&", "||", "|", "|&", ";;", "(", ")"}
REST = re.compile(r"-|[=!<>]=?$|=~$|\]\]?$|\}$")
"""What follows a substitution within a command, and is none itself: `[ $(id -u) -eq 0 ]`."""
ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
ARITHMETIC = re.compile(r"\$\(\((?:[^()]|\([^()]*\))*\)\)")
"""A number that the shell computes: its parentheses begin no command."""
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
ASSIGNED = re.compile(
    r"(?:(?:export|readonly|local|declare)\s+)?([A-Za-z_]\w*)="
    r"(?:'([^']*)'|\"([^\"]*)\"|([^\s'\";&|()]*))\s*(?:[;&#].*)?$"
)
"""A line that sets one variable, and nothing else; its value is a text of one kind."""
DEFAULTED = re.compile(r"\$\{([A-Za-z_]\w*):?=([^{}]*)\}")
"""A variable that is set where it is not: `: "${NAME:=value}"`."""
COMPUTED = re.compile(r"(?:(?:export|readonly|local|declare)\s+)?([A-Za-z_]\w*)=.*[$`]")
MOST = 400


@dataclass(frozen=True)
class Command:
    """A simple command of a script."""

    words: tuple[str, ...]
    line: str
    end: str = ""
    """What follows it: `&`, `|`, `&&`, `||`, `;` or nothing."""
    before: str = ""
    """What it follows on its line."""
    tested: bool = False
    """It is a condition: its failure does not end the script."""

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0] if self.words else ""


def commands(script: str) -> list[Command]:
    """Return a script's simple commands, in the order written."""
    found: list[Command] = []
    for line in lines(script):
        found += _of_line(line)
        if len(found) > MOST:
            break
    return found


def lines(script: str) -> Iterator[str]:
    """Yield the lines of a script: continued ones as one, without comments and here-documents."""
    joined = re.sub(r"\\\r?\n", " ", script)
    document = ""
    for line in joined.splitlines():
        text = line.strip()
        if document:
            document = "" if text == document else document
            continue
        here = re.search(r"<<-?\s*['\"]?(\w+)['\"]?", text)
        document = here[1] if here else ""
        if text and not text.startswith("#"):
            yield text


def _of_line(line: str) -> Iterator[Command]:
    words: list[str] = []
    before, tested = "", False
    for token in [*_tokens(line), ";"]:
        if token not in ENDS:
            if not words and token in KEYWORDS:
                tested = tested or token in {"if", "elif", "while", "until", "!"}
                continue
            if words or not ASSIGNMENT.match(token):
                words.append(token)
            continue
        if words and not REST.match(words[0]):
            yield Command(tuple(words), line, token, before, tested or token in {"&&", "||"})
        words = []
        tested = False
        before = token


def _tokens(line: str) -> list[str]:
    line = re.sub(r"(?<!\d)\d*>&[\d-]|&>>?", " > ", line)  # not the `&` that ends a command
    line = ARITHMETIC.sub("$_", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        found = []
        for token in lexer:
            if token.startswith("#"):
                break
            found.append(token)
    except ValueError:
        return line.split()
    return found


def expand(text: str, env: Mapping[str, str]) -> str:
    """Expand the variables in a word; an unknown variable stays as it is."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return env.get(name) or (match[3] if match[3] is not None else match[0])

    return VARIABLE.sub(value, text)


def sets_errexit(script: str) -> bool:
    """Tell whether the script ends at the first command that fails."""
    return bool(
        re.search(
            r"^\s*set\s+-[a-z]*e|^\s*set\s+-o\s+errexit|^#!.*\s-[a-z]*e", script, re.MULTILINE
        )
    )


def assigned(script: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with what a script sets to a text that is known without a run."""
    known = dict(env)
    for line in lines(script):
        for name, default in DEFAULTED.findall(line):
            value = known.get(name) or expand(default.strip("'\""), known)
            known.update({} if re.search(r"[$`]", value) else {name: value})
        match = ASSIGNED.match(line)
        if match is None:
            other = COMPUTED.match(line)
            known.pop(other[1] if other else "", None)
            continue
        name, literal, *others = match.groups()
        value = expand(next((o for o in others if o), ""), known) if literal is None else literal
        if literal is None and re.search(r"[$`]", value):
            known.pop(name, None)
        else:
            known[name] = value
    return known


def sets(script: str, name: str) -> bool:
    """Tell whether a script sets a variable itself."""
    words = r"read|for|local|declare|getopts|mapfile|readarray|coproc|printf -v"
    return bool(re.search(rf"\b{name}:?=|\b(?:{words})\b[^\n]*\b{name}\b", script))


def ends_with_exec(script: str) -> bool:
    """Tell whether it runs the command that it is given."""
    return bool(re.search(r'"?\$@"?|\$\*|"\$\{@', script))
