"""What a copy printed that the container did not: what hid it, and what it says."""

import re
from dataclasses import replace
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import HIDDEN, Evidence, content, inspected
from scaffolder.diagnose.causes.shells.errexit import read_fails
from scaffolder.diagnose.causes.silence.readings import natives
from scaffolder.diagnose.causes.watched.asked import asked, by_status
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.programs.usage import lacking, required, usage_in

from .copies import Outcome
from .decided import decided, hidden
from .factor import Factor
from .rerun import Rerun
from .unchanged import take_in
from .within import traced, until_trap, within

UNHEARD = 20
"""How many lines are read of what a script throws away."""
TRACED_LINES = 1000
"""How many lines of a traced shell are searched for secrets, which are not shown then."""
REVEALED = {
    "python-buffered": "ENV PYTHONUNBUFFERED=1; then fix what it reports",
    "errexit": "handle the failure of this command",
    "usage-printed": "pass the arguments that it requires, in CMD or after the image in docker run",
    "output-thrown-away": "let its output reach the log (no >/dev/null); then fix what it reports",
    "log-unwritten": "let it log that (set its level as above); then fix what it reports",
    "log-discarded": "use a log driver that keeps lines; then fix what it reports",
}
"""The cause that hid a program's output → the fix."""
WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
OWN_END = re.compile(r"\++ (?:exit|return) [1-9]\d*")
BECOMES = re.compile(r"\++ exec (?!\d*[<>])")
ZERO = ", whose value is 0: that is a failure for set -e (`x=$((x + 1))` is none)"
"""What a command of arithmetic means whose status is 1 (bash, Arithmetic Evaluation)."""


def command(case: Case, factor: Factor) -> str:
    """Return what a person types to run such a copy."""
    if factor.without:
        return f"docker run --rm ... {case.config.image}  # without {factor.without}"
    if "IMAGE" in factor.flags:
        return f"docker run --rm {factor.flags.replace('IMAGE', case.config.image)}"
    return f"docker run --rm {factor.flags} {case.config.image}"


def revealed(
    case: Case, factor: Factor, found: Outcome, same: Outcome, tried: list[str]
) -> Rerun | None:
    """Return what a copy printed that the container did not."""
    new = [line for line in found.text.splitlines() if line.strip() and line not in same.text]
    if factor.reveals == "usage-printed":
        return _lacks(case, factor, found.text, tried) or _usage(case, factor, new, tried)
    if not factor.reveals or not new or found.alive:
        return None
    new = until_trap(new) if factor.reveals == "errexit" else new
    words = new[-1].strip()
    if factor.reveals == "log-unwritten":
        words = last_words(new) or next(filter(WARNING.search, reversed(new)), "")
        if not words:
            return None
    shown = traced(new) if factor.reveals == "errexit" else []
    if shown:
        kept = (*new[-TRACED_LINES:], *hidden(shown))
        take_in(case, replace(case.seen, traced=kept))
    if factor.reveals in HIDDEN:  # causes may know it
        unheard = tuple(new[-UNHEARD:])
        take_in(case, replace(case.seen, unheard=unheard, kept_by=factor.reveals))
    is_own = factor.reveals == "errexit" and OWN_END.fullmatch(words)
    if factor.reveals == "errexit" and not (is_own or found.exit_code):
        return None  # it has come to its end
    if factor.reveals == "errexit" and BECOMES.match(words):
        return None  # what fails is the program that it has become
    inner = within(case, new) if factor.reveals == "errexit" and not is_own else None
    at = words.lstrip("+ ")
    ending = by_status(case) if is_own else None
    script = case.launched[0].script if shown else None
    over = decided(script.text if script else "", shown)
    tells = asked(case, ending) if ending else None
    why = read_fails(case) if over.test.startswith("read ") else ""
    of_read = f": {why}" if why else ""
    text = (
        f"a script ends itself with {found.exit_code}: {at} at {ending.place}{tells.words}"
        if tells and ending
        else f"a script ends itself with {found.exit_code}: {over.words or at}{of_read}"
        if is_own
        else f"a script exits with {found.exit_code} at `{at}`: {inner.text}"
        if inner
        else f"a script exits with {found.exit_code} at: {at}{ZERO if at.startswith('((') else ''}"
        f"{over.values and f'; {over.values}'}"
        if factor.reveals == "errexit"
        else f"its output was lost; {factor.changed} it prints: {words[:300]}"
    )
    fix = inner.fix if inner else REVEALED[factor.reveals]
    return Rerun(
        factor.reveals,
        "process",
        text,
        (tells and tells.fix) or ("read above it why the script ends there" if is_own else fix),
        commands=(command(case, factor),),
        evidence=(
            Evidence("rerun", command(case, factor), "\n".join(new[-5:])),
            *(tells.evidence if tells else ()),
            *(inner.evidence if inner else ()),
        ),
        tried=tried,
    )


def _lacks(case: Case, factor: Factor, said: str, tried: list[str]) -> Rerun | None:
    """Return the options that a program requires by its own `--help`, and its command lacks.

    Where it prints none for that, the text of one may be in the program.
    """
    argv = [word for item in case.launched for word in item.argv]
    for path, data, _elf in natives(case):
        words = (path, *argv, *case.config.argv)
        by_itself = lacking(said, words, case.config.env)
        missing = by_itself or lacking(usage_in(data, path), words, case.config.env)
        if not missing:
            continue
        names = " and ".join(option.names[-1] for option in missing)
        shown = "\n".join(dict.fromkeys(option.shown for option in missing))
        source = "its --help says" if by_itself else "its texts say"
        end = ", and ends without a word" if case.is_silent else ""
        return Rerun(
            factor.reveals,
            "process",
            f"{basename(path)} is started without {names}, which it requires{end}; {source}:"
            f" {missing[0].shown[:200]}",
            f"pass {names}, in CMD or after the image in docker run",
            evidence=(
                inspected(case, "Config.Cmd", list(case.config.argv)),
                Evidence("rerun", command(case, factor), shown)
                if by_itself
                else content(case, path, shown),
            ),
            tried=tried,
        )
    return None


def _usage(case: Case, factor: Factor, lines: list[str], tried: list[str]) -> Rerun | None:
    """Return what a program requires by its own `--help`; None if that names no argument."""
    usage = required(lines) if len(case.launched[0].argv) == 1 else ""
    if not usage:
        return None
    return Rerun(
        factor.reveals,
        "process",
        f"it is started without arguments, and ends without a word; its --help says: {usage[:200]}",
        REVEALED[factor.reveals],
        commands=(command(case, factor),),
        evidence=(Evidence("rerun", command(case, factor), "\n".join(lines[:5])),),
        tried=tried,
    )
