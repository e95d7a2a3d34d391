"""Secrets in git: files that hold them, values that `.env` has, and keys of known forms.

What is found is never printed: only what it is, and where.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from scaffolder.doctor.catalogue import Needs, check
from scaffolder.doctor.findings import Finding, fine, problem, skipped, warning
from scaffolder.doctor.subject import Subject
from scaffolder.engine.git import Git, Repository
from scaffolder.operations import declared_settings, set_values
from scaffolder.redaction import shown_in
from scaffolder.redaction_rules import TOKEN, is_secret
from scaffolder.text import command, printable

MOST = 16 << 20
"""Bytes of tracked text, and of history, that are searched."""
COMMITS = 1000
COMMIT = b"\0commit "
"""How `git log` is told to begin each."""
SHORT = 8
"""Shorter values occur everywhere."""
SHOWN = 5

HOLDS_SECRETS = re.compile(
    r"(?:.*/)?(?:\.env(?:\.(?!example|sample|template|dist)[\w.-]+)?|id_(?:rsa|dsa|ecdsa|ed25519))"
)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")


@dataclass(frozen=True)
class Kind:
    """A kind of secret: what it is called in a message, and how it is found."""

    says: str
    pattern: "re.Pattern[str]"


LOOKS_LIKE_ONE = Kind("what looks like an access key", TOKEN)
"""It may be an example: that is for a person to tell."""

Places = dict[Kind, list[str]]

CHANGE = "change it where it is used: whoever has a clone has it"


@check("secrets", Needs.REPOSITORY)
def secrets(subject: Subject) -> Iterator[Finding]:
    """Search what git has, now and in its history, for secrets."""
    found = subject.required_repository
    findings = [*_files(found), *_texts(subject, found)]
    yield from findings or [fine("none in what git has")]


def _files(found: Repository) -> Iterator[Finding]:
    tracked = found.git.fields("ls-files", "-z", "--", found.prefix or ".")
    for path in tracked:
        if HOLDS_SECRETS.fullmatch(path):
            inside = path.removeprefix(found.prefix)
            yield problem(f"git tracks {printable(inside)}, a file for secrets",
                          f"{command('git', 'rm', '--cached', inside)}; then {CHANGE}")  # fmt: skip


def _texts(subject: Subject, found: Repository) -> Iterator[Finding]:
    kinds = _kinds(subject)
    # What a partial clone lacks is left there: no server is asked.
    git = replace(found.git, variables={**found.git.variables, "GIT_NO_LAZY_FETCH": "1"})
    where = found.prefix or "."
    now = git.limited("grep", "--cached", "-I", "-n", "-z", "-e", "^", "--", where, most=MOST)
    if now is None:
        yield skipped(f"git has more than {MOST >> 20} MiB of text here: it was not searched")
        return
    here = _search(kinds, now.decode("utf-8", "replace"), _line)
    yield from _findings(here, "is in git")
    past = _history(git, where)
    if past is None:
        yield skipped(f"the history has more than {MOST >> 20} MiB here: it was not searched")
        return
    if past.count(COMMIT) > COMMITS:
        yield skipped(f"only the newest {COMMITS} commits here were searched")
    before = _search(kinds, _added(past.decode("utf-8", "replace")), _commit)
    only = {kind: places for kind, places in before.items() if kind not in here}
    yield from _findings(only, "is in the history of git")


def _kinds(subject: Subject) -> list[Kind]:
    public = subject.content(declared_settings.EXAMPLE) or b""
    found = [
        Kind(f"the value of {printable(name)} in .env", re.compile(re.escape(secret)))
        for _, name, value in set_values.dotenv(subject.home)
        for secret in ({value} if is_secret(name) else shown_in(value))
        if len(secret) >= SHORT and secret.encode() not in public
    ]
    return [*found, Kind("a private key", PRIVATE_KEY), LOOKS_LIKE_ONE]


def _history(git: Git, where: str) -> bytes | None:
    """Return the lines that commits added, with the commit and path of each; None if too many."""
    options = ("--all", "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color")
    shape = ("-p", "-U0", "--format=%x00commit %h", f"--max-count={COMMITS + 1}")
    return git.limited("log", *options, *shape, "--", where, most=MOST)


def _added(patches: str) -> str:
    """Return the lines that patches add, each commit's after a line with its name."""
    return "\n".join(line for line in patches.split("\n") if line[:1] in ("+", "\0"))


def _search(kinds: list[Kind], text: str, place: Callable[[str, int], str]) -> Places:
    """Return the places of each kind of secret that a text has."""
    found = {
        kind: list(dict.fromkeys(place(text, m.start()) for m in kind.pattern.finditer(text)))
        for kind in kinds
    }
    return {kind: places for kind, places in found.items() if places}


def _line(text: str, offset: int) -> str:
    """Return path and line from what `git grep -z` prints: path, NUL, number, NUL, line."""
    path, number, _ = text[text.rfind("\n", 0, offset) + 1 :].split("\0", 2)
    return f"{path}:{number}"


def _commit(text: str, offset: int) -> str:
    start = text.rfind("\0commit ", 0, offset)
    return text[start:].partition("\n")[0].lstrip("\0")


def _findings(found: Places, where: str) -> Iterator[Finding]:
    for kind, places in found.items():
        more = [f"and {len(places) - SHOWN} more"] if len(places) > SHOWN else []
        say = problem if kind is not LOOKS_LIKE_ONE else warning
        yield say(f"{kind.says} {where}", CHANGE, *places[:SHOWN], *more)
