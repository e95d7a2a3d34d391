"""Ends that are no fault: a status that counts as a success, and one that asks for a restart."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.documented import documented_end
from scaffolder.diagnose.causes.evidence import Evidence, ended, happened, inspected, logged
from scaffolder.diagnose.causes.shells.meant import LARGEST_STATUS, meant_end
from scaffolder.diagnose.evidence import log_search
from scaffolder.diagnose.evidence.moments import moment
from scaffolder.diagnose.evidence.phase import SETTLED_SECONDS, Phase, runs

NUMBERS = re.compile(r"[\[(]?\s*\d{1,3}(?:\s*[,;:| ]\s*\d{1,3})*\s*[\])]?")
RESTARTS = re.compile(
    r"\brecycl(?:e|es|ed|ing)\b|\brestart policy\b"
    r"|\b(?:to be|to get|will be|for (?:a|the)|waiting for) (?:re-?start|start(?:ed)? again)",
    re.IGNORECASE,
)
"""What a program says that ends so that it is started again."""
LIMIT = re.compile(
    r"(?=[^\n]*\b(?:max\w*|limit)\b)(?=[^\n]*\b(?:reached|exceeded|expired|hit|over)\b)"
    r"(?![^\n]*\b(?:re-?tr\w+|tries|attempts?|failures?|errors?)\b)",
    re.IGNORECASE,
)
"""What one says that has worked for as long, or as much, as it is set to."""
SETS_LIMIT = re.compile(r"max|limit|lifetime|recycle", re.IGNORECASE)
LIFETIME = re.compile(r"(?:life|up|run)time|maxage|recycle|^(?:maxtime|timelimit)$")
"""How a setting is called, without its hyphens, that says how long a program runs."""
LATEST = 5
"""In how many of its last lines a program says why it ends: others follow while it shuts down."""
SLACK = 0.1
AT_WORK_SECONDS = 1.0
"""For how long it has lived at least, and said what it did, that says why it ends."""


def intended(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return how the end of a container is meant, and what shows it; None if nothing does."""
    if case.phase != Phase.DIED:
        return None
    if shown := meant_end(case):
        code = case.exit_code
        return f"its script means to end with {code}: it says that it has nothing to do", shown
    return declared(case) or documented_end(case) or _recycles(case)


def declared(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return which setting lists the status of a job as a success; None if none does."""
    code = case.exit_code
    if (
        case.phase != Phase.DIED
        or case.pod
        or case.restarts
        or case.config.must_stay
        or not 0 < code <= LARGEST_STATUS
    ):
        return None
    for field, name, value in _settings(case):
        word = _plain(name)
        listed = {int(n) for n in re.findall(r"\d+", value)} if NUMBERS.fullmatch(value) else set()
        is_of_ends = "exit" in word or (0 in listed and re.search(r"code|status|return", word))
        if re.search(r"(?<!un)success", word) and is_of_ends and code in listed:
            said = f"{name}={value}"
            text = f"it has finished its work: {said} counts its exit code {code} as a success"
            return text, (inspected(case, field, said), ended(case))
    return None


def _recycles(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return how a service has itself restarted, by its restart policy, after it has worked."""
    lived = runs(case.state, case.events)
    shortest = min(lived, default=0)
    if case.pod or case.exit_code or not case.config.must_stay or shortest < AT_WORK_SECONDS:
        return None
    lines = _last_lines(case)
    how, as_set = _says_so(case, lines), _lives_as_set(case, lived)
    has_worked = shortest >= SETTLED_SECONDS or len(lines) == LATEST or (how and as_set)
    if not has_worked or log_search.last_words(lines):
        return None
    if how is None and shortest >= SETTLED_SECONDS:
        how = as_set
    if how is None:
        return None
    policy = inspected(case, "HostConfig.RestartPolicy.Name", case.config.restart)
    text = (
        f"it ends with 0 to be restarted, after it has worked for {lived[-1]:.0f} s, and its"
        f" restart policy ({case.config.restart}) does that"
    )
    return text, (how, ended(case), policy)


def _says_so(case: Case, lines: list[str]) -> Evidence | None:
    """Return the line that says it, or names a limit that is set."""
    limits = {value for _field, name, value in _settings(case) if SETS_LIMIT.search(name)}
    for line in map(log_search.shortened, reversed(lines)):
        is_set = LIMIT.match(line) and limits.intersection(re.findall(r"\d+", line))
        if RESTARTS.search(line) or is_set:
            return logged(case, line)
    return None


def _lives_as_set(case: Case, lived: list[float]) -> Evidence | None:
    """Return the setting that says how long it runs, if each run lasted as long."""
    for _field, name, value in _settings(case):
        is_set = LIFETIME.search(_plain(name)) and re.fullmatch(r"\d{1,6}", value)
        limit = float(value) if is_set else 0.0
        if limit and all(abs(seconds - limit) <= 1 + SLACK * limit for seconds in lived):
            each = ", ".join(f"{seconds:.0f} s" for seconds in lived[-LATEST:])
            return happened(case, f"{name}={value}, and its runs lasted {each}")
    return None


def _last_lines(case: Case) -> list[str]:
    """Return the last lines of the run that ended: it may run again by now."""
    began = case.state.started
    lines = [
        line.text
        for line in (case.log.lines if case.is_up else case.lines)
        if not (case.is_up and began and (at := moment(line.time)) and at >= began)
    ]
    return [line for line in lines if line.strip()][-LATEST:]


def _settings(case: Case) -> Iterator[tuple[str, str, str]]:
    """Yield its variables, labels and options: where they are, their names and their values."""
    yield from (("Config.Env", name, value) for name, value in case.config.env.items())
    yield from (("Config.Labels", name, value) for name, value in case.config.labels.items())
    words = [part for word in case.config.argv for part in word.split()]
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, sign, value = word.partition("=")
        if name.startswith("-"):
            yield "Config.Cmd", name, value if sign else after


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
