"""Programs that a script runs under `timeout`, and that take longer than it lets them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename
from shlex import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected
from scaffolder.diagnose.causes.shells.script import quote, scripts
from scaffolder.diagnose.causes.watched.programs import TIME_IS_OVER
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import shell

from .kills import KILLED

DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
WITH_VALUE = {"-s", "-k", "--signal", "--kill-after"}
NAME = re.compile(r"\$\{?(\w+)")
EARLY = 0.1
"""How many seconds a clock may be wrong."""
BESIDE = 2.0
"""How many seconds the rest of a script may take, or a fifth of the time."""


@dataclass(frozen=True)
class Limit:
    """What is run under `timeout`, and for how long it may."""

    seconds: float
    kills: bool
    words: tuple[str, ...]
    variable: str = ""


@cause(
    "time-limit-in-script",
    "what runs under `timeout` takes longer than it may",
    pattern="process",
    reads=["files", "inspect"],
    page="exit-codes",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "killed-from-outside", "ended-by-signal", "errexit", "peer-refuses", "last-call",
        "peer-unreachable-silent", "stop-ignored",
    ],
)  # fmt: skip
def time_limit_in_script(case: Case) -> Found | None:
    """Find a `timeout` that ends as the container did, after the time for which that lived."""
    for limit, shown in _limits(case):
        late = case.state.seconds - limit.seconds
        is_over = -EARLY <= late <= max(BESIDE, limit.seconds / 5)
        if not is_over or case.exit_code != (KILLED if limit.kills else TIME_IS_OVER):
            continue
        given = f" ({limit.variable})" if limit.variable else ""
        what = join(limit.words)[:200]
        return Found(
            f"`timeout` ends `{what}` after the {limit.seconds:g} s that it was given{given}: the"
            f" container lived for {case.state.seconds:.1f} s, and `{what}` takes longer, or waits"
            " for somebody",
            f"see what `{what}` waits for, and give it more time"
            + (f": {limit.variable}=..." if limit.variable else ""),
            (shown, ended(case)),
        )
    return None


def _limits(case: Case) -> Iterator[tuple[Limit, Evidence]]:
    """Yield what is run under `timeout`: by the command itself, and by its scripts."""
    if limit := _limit(case.config.argv, case.config.argv):
        yield limit, inspected(case, "Config.Cmd", list(case.config.argv))
    for script in scripts(case):
        env = shell.assigned(script.text, case.config.env)
        for command in shell.commands(script.text):
            limit = _limit([shell.expand(word, env) for word in command.words], command.words)
            if limit:
                yield limit, quote(case, script, command.line)


def _limit(argv: Sequence[str], written: Sequence[str]) -> Limit | None:
    """Read a call of `timeout`, as it is run, and as it is written."""
    if not argv or basename(argv[0]) != "timeout":
        return None
    kills, at = False, 1
    while at < len(argv) and argv[at].startswith("-"):
        name, _, value = argv[at].partition("=")
        if name in WITH_VALUE and not value:
            at += 1
            value = argv[at] if at < len(argv) else ""
        is_kill = value.upper().removeprefix("SIG") in {"KILL", "9"}
        kills |= (name in {"-s", "--signal"} and is_kill) or argv[at] in {"-sKILL", "-s9"}
        at += 1
    duration = DURATION.fullmatch(argv[at]) if at < len(argv) else None
    if duration is None:
        return None
    by = NAME.search(written[at])
    seconds = float(duration[1]) * UNITS[duration[2]]
    return Limit(seconds, kills, tuple(argv[at + 1 :]), by[1] if by else "")
