"""A copy whose logger tells all: a level that is set, or is the default, may hide why it ends."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import natives, sources

from .factor import Factor

NAME = re.compile(
    r"(?<![A-Z0-9_])(?:[A-Z][A-Z0-9]*_)*"
    r"(?:LOG_?LEVEL|RUST_LOG|LOG_?VERBOSITY|(?P<flag>VERBOSE|DEBUG))(?![A-Z0-9_])"
)
"""How a variable is called that decides what is logged."""
OPTIONS = dict.fromkeys(
    ("redis-server", "valkey-server"), ("--loglevel", "notice", "--logfile", "")
)
"""What servers take after all of their settings, and log by to their output."""
LOUD = re.compile(r"debug|trace|all|\*", re.IGNORECASE)
MOST = 4
LARGEST = 32 << 20


def louder(case: Case) -> Iterator[Factor]:
    """Have a silent program log what it can, by its own options or the variables that it reads."""
    if not case.is_silent:
        return
    options = next((OPTIONS[each.name] for each in case.launched if each.name in OPTIONS), ())
    if options:
        words = (*case.config.command, *options)
        yield Factor(
            shlex.join(options),
            replace(case.config, command=words),
            flags=f"IMAGE {shlex.join(words)}",
            reveals="log-unwritten",
        )
    values = dict(islice(_values(case), MOST))
    if not values:
        return
    yield Factor(
        " ".join(f"{name}={value}" for name, value in values.items()),
        replace(case.config, env={**case.config.env, **values}),
        flags=" ".join(f"-e {name}={value}" for name, value in values.items()),
        reveals="log-unwritten",
    )


def _values(case: Case) -> Iterator[tuple[str, str]]:
    for text in _texts(case):
        for match in NAME.finditer(text):
            name, had = match[0], case.config.env.get(match[0], "")
            if not LOUD.search(had):
                yield name, "1" if match["flag"] else "debug"


def _texts(case: Case) -> Iterator[str]:
    """Yield what may name such variables: sources, and the bytes of native programs."""
    yield from (script.text for script in sources(case))
    for _path, data, _program in natives(case):
        if len(data) < LARGEST:
            yield data.decode("latin-1")
