"""Configuration that is there, and that the program cannot read."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, inspected, logged, seen
from scaffolder.diagnose.causes.identity.denials import paths_in
from scaffolder.diagnose.causes.read_before import complained_of, is_code
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.files import CONTENT, resolved, text
from scaffolder.diagnose.evidence.syntax import flaw
from scaffolder.diagnose.evidence.trace import Call


@cause(
    "config-malformed",
    "the configuration cannot be read",
    pattern="environment",
    reads=["logs", "files", "rerun"],
    cured_by=["other-value"],
)
def config_malformed(case: Case) -> Found | None:
    """Find parse errors of JSON, YAML, TOML and numbers in the log."""
    match = case.said(
        r"[^\n]*(?:JSONDecodeError|yaml\.\w*Error|YAMLException|mapping values are not allowed"
        r"|TOMLDecodeError|TOML parse|invalid TOML|Unexpected token [^\n]* (?:in )?JSON"
        "|unexpected end of (?:JSON|file|input)|cannot parse|failed to parse|could not parse"
        r"|parse error|parsing[^\n]*(?:failed|error|invalid)|invalid (?:port|value|config"
        "|configuration|option|argument|number|literal|duration|url|boolean|setting|log level)"
        r"|NumberFormatException|ParseIntError|ParseError|strconv\.\w+|validation errors? for"
        r"|configuration (?:error|is invalid)|syntax error in|\[emerg\]|unknown (?:directive"
        "|option|flag|key|field)|unrecognized (?:option|arguments?)|expected one of"
        r"|out of range|illegal number|bad number|value too great for base"
        r"|integer (?:expression )?expected)[^\n]*"
    )
    if match is None or case.line(match) == case.seen.unsaid:  # of a system call
        return _malformed(case)
    line = case.line(match)
    named = [
        (k, v)
        for k, v in case.config.env.items()
        if len(v) > 1 and (v in line or re.search(rf"\b{re.escape(k)}\b", line))
    ]
    about = f" ({named[0][0]} is {named[0][1]!r})" if named else ""
    flag = re.search(r"unrecognized|unknown (?:option|flag)|invalid option", line)
    there = (p for p in paths_in(line + " ") if resolved(case.files, p))
    path = next((p for p in there if not is_code(case, p)), "")
    file, has = complained_of(case, line) if not named and not path else ("", "")
    about = f" ({file} has `{has[:100]}`)" if file else about
    path = path or file
    if not named and not path and not flag:
        call, has = _flawed(case)
        path = call.path if call else ""
        about = f" ({path}, the last file that it opens, {has})" if path else ""
    return Found(
        f"the program cannot read its {'arguments' if flag else 'configuration'}:"
        f" {line[:250]}{about}",
        "correct"
        f" {named[0][0] if named else path or ('the command' if flag else 'what the line names')},"
        " and check it before deploying",
        (
            logged(case, match),
            *((inspected(case, "Config.Env", f"{named[0][0]}={named[0][1]}"),) if named else ()),
            *((content(case, path, has[:200] or "exists"),) if path else ()),
        ),
        proven=bool(named and named[0][1] in line and len(named[0][1]) > 2),
    )


def _malformed(case: Case) -> Found | None:
    """Find a file that a program opened last before it ended, and that cannot be read."""
    call, wrong = _flawed(case)
    if call is None or not quiet(case):
        return None
    return Found(
        f"{call.path}, the last file that the program opens before it ends, {wrong}",
        f"correct {call.path}, and check it before deploying",
        (seen(case, call), content(case, call.path, wrong)),
        basis=Basis.INFERRED,
    )


def _flawed(case: Case) -> tuple[Call | None, str]:
    """Return how a program opened the last file before it ended, and what is wrong in that."""
    call = case.seen.opened_last
    said = text(case.files, call.path) if call and not call.writes else None
    wrong = flaw(call.path, said) if call and said is not None and len(said) < CONTENT else ""
    return (call if wrong else None), wrong
