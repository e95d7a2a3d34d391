"""Variables that a copy gets: those that nothing sets, and plain values where others may not do."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.causes.variables.service_links import LINKED, remedy

from . import cures
from .factor import Factor
from .spellings import JSON, is_json, sample

MOST, MOST_UNSET = 5, 3
NUMBER = re.compile(
    r"(?:^|_)(?:PORT|COUNT|NUM|NUMBER|SIZE|MAX|MIN|CONNECTIONS|WORKERS|THREADS|PROCESSES|TIMEOUT"
    r"|SECONDS|MS|INTERVAL|DELAY|LIMIT|RETRIES|REPLICAS|TTL|MB|BYTES|DEPTH|CONCURRENCY)$"
)
"""How names end whose value is usually a whole number."""
ADDRESS = re.compile(r"(?:^|_)(?:LISTEN|BIND|ADDR|ADDRESS)$")
YES, NO = {"yes", "on", "y", "enabled", "true", "1"}, {"no", "off", "n", "disabled", "false", "0"}


def other_values(case: Case) -> Iterator[Factor]:
    """Give a program plain values where those that it was given may not be read."""
    theirs = case.image.env if case.image else {}
    own = ((name, value) for name, value in case.config.env.items() if theirs.get(name) != value)
    plain = ((name, value, other) for name, value in own for other in _plain(name, value))
    for name, value, other in islice(plain, MOST):
        is_linked = LINKED.fullmatch(value)
        # What is to be JSON may hold secrets.
        shown = "the value" if value[:1] in JSON else f"the value {value!r}"
        yield Factor(
            f"{name}={other}",
            replace(case.config, env={**case.config.env, name: other}),
            flags=f"-e {name}={other}",
            cure=replace(
                cures.OTHER_VALUE,
                text=f"the program does not take {shown} of {name}",
                cause="service-variable" if is_linked else cures.OTHER_VALUE.cause,
                fix=remedy(name, other)
                if is_linked
                else f"give {name} a value that it can read, such as {other}",
                # Another word for yes may be taken for no: then it is what it switches on.
                proves=value.lower() not in YES | NO,
            ),
        )


def variables(case: Case) -> Iterator[Factor]:
    """Set what a program reads and nothing sets."""
    for name, _by, _required in named_variables(case)[:MOST_UNSET]:
        yield Factor(
            f"the variable {name}",
            replace(case.config, env={**case.config.env, name: sample(name)}),
            flags=f"-e {name}=...",
            cure=missing([name]),
        )


def missing(names: Sequence[str]) -> cures.Cure:
    """Return what it means if a copy runs that gets variables which nothing sets."""
    one = len(names) == 1
    return replace(
        cures.VARIABLE,
        text=f"the program exits because the variable{' ' if one else 's '}{' and '.join(names)}"
        f" {'is' if one else 'are'} not set",
        fix=f"pass {'it' if one else 'them'}: docker run"
        f" {' '.join(f'-e {name}=...' for name in names)} (or --env-file)",
    )


def _plain(name: str, value: str) -> Iterator[str]:
    """Return what may have been meant by a value, the likeliest first; nothing for a plain one."""
    text = value.strip().strip("\"'")
    if NUMBER.search(name) and not re.fullmatch(r"-?\d+", value):
        linked = LINKED.fullmatch(text) or re.fullmatch(r"[^\s:/]*:(\d+)", text)
        begins = linked or re.match(r"(\d+)", text)
        yield begins[1] if begins else "8080" if "PORT" in name else "1"
    elif ADDRESS.search(name) and (match := re.fullmatch(r"([^\s:/]*):?(\d*)", text)):
        if match[1] and not match[1][0].isdigit():
            yield f"127.0.0.1:{match[2]}" if match[2] else "127.0.0.1"
        if match[1] and match[2]:
            yield match[2]
    elif value.lower() in YES | NO and value.lower() != value:
        yield value.lower()
    elif value.lower() in (YES | NO) - {"true", "false", "0", "1"}:
        yield from ("true", "1") if value.lower() in YES else ("false", "0")
    elif value[:1] in JSON and not is_json(value):
        yield "{}" if value[0] == "{" else "[]"
