"""Plain values for variables whose own values a program may not be able to read."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.variables.service_links import LINKED, remedy
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.diagnose.evidence.passwords import encoded

from .factor import Factor
from .rewording import factor_of
from .spellings import JSON, NUMBERED, is_answer, is_json, spellings

MOST = 5
ADDRESS = re.compile(r"(?:^|_)(?:LISTEN|BIND|ADDR|ADDRESS)$")
PLAIN = ("true", "false", "0", "1")
"""The answers that every program takes."""


def other_values(case: Case) -> Iterator[Factor]:
    """Give a program plain values where those that it was given may not be read.

    Or the one that its image has: that it takes. Where a call failed, or a peer was asked for, the
    value is taken, and what it leads to is at fault.
    """
    theirs = case.image.env if case.image else {}
    own = [(name, value) for name, value in case.config.env.items() if theirs.get(name) != value]
    is_taken = case.seen.failed_call or any(call.is_network for call in case.seen.trace.calls)
    known = ((n, v, "" if is_taken or USUAL.fullmatch(n) else theirs.get(n, "")) for n, v in own)
    of_image = ((name, value, other) for name, value, other in known if other)
    plain = ((name, value, other) for name, value in own for other in _plain(name, value))
    for name, value, other in islice(chain(of_image, plain), MOST):
        factor = factor_of(case, {name: other})
        if not factor.cure:
            continue
        # Another word for yes may be taken for no: then it is what it switches on.
        cure = replace(factor.cure, proves=not is_answer(value), is_exact=False)
        if encoded(value):
            cure = replace(cure, cause="password-unencoded")
        if LINKED.fullmatch(value):
            cure = replace(cure, cause="service-variable", fix=remedy(name, other))
        yield replace(factor, cure=cure)


def _plain(name: str, value: str) -> Iterator[str]:
    """Return what may have been meant by a value, the likeliest first; nothing for a plain one."""
    text = value.strip().strip("\"'")
    if other := encoded(text):
        yield other
    elif NUMBERED.search(name) and not re.fullmatch(r"-?\d+", value):
        linked = LINKED.fullmatch(text) or re.fullmatch(r"[^\s:/]*:(\d+)", text)
        begins = linked or re.match(r"(\d+)", text)
        yield begins[1] if begins else "8080" if "PORT" in name else "1"
    elif ADDRESS.search(name) and (match := re.fullmatch(r"([^\s:/]*):?(\d*)", text)):
        if match[1] and not match[1][0].isdigit():
            yield f"127.0.0.1:{match[2]}" if match[2] else "127.0.0.1"
        if match[1] and match[2]:
            yield match[2]
    elif is_answer(value):
        is_lower = value == value.lower()
        yield from () if value in PLAIN else spellings(name, value)[: 2 if is_lower else 1]
    elif value[:1] in JSON and not is_json(value):
        yield "{}" if value[0] == "{" else "[]"
