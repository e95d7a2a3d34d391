"""Values with quotes around them, or with variables that are not expanded."""

import re
from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.program import is_shell


@cause(
    "variable-quoted",
    "a value contains the quotes around it",
    pattern="environment",
    reads=["inspect", "logs"],
    when=Phase.ENDED,
    explains=[
        "name-unresolved", "connection-refused", "config-malformed", "file-missing", "script-guard",
        "secret-missing", "last-call",
    ],
    cured_by=["value"],
)  # fmt: skip
def variable_quoted(case: Case) -> Found | None:
    """Find quotes and carriage returns that --env-file takes as part of a value."""
    for name, inner in plain_values(case):
        value = case.config.env[name]
        says = case.said(
            rf"[^\n]*(?:{re.escape(value.strip())}|{re.escape(repr(value)[1:-1])}"
            rf"|\b{re.escape(name)}\b|invalid|malformed|parse|unable|unsupported|could not)[^\n]*"
        )
        exact = says is not None and value.strip() in case.line(says)
        what = (
            "a carriage return (the env file has Windows line endings)"
            if "\r" in value
            else "spaces around it"
            if value != value.strip()
            else "its quotes"
        )
        return Found(
            f"the value of {name} contains {what}: docker run --env-file keeps"
            f" {'quotes' if 'quotes' in what else 'them'}, so {name} is {value!r}, which is"
            f" {len(value)} characters",
            f"write {name}={inner if len(inner) < 40 else '...'} without quotes in the env file"
            if "\r" not in value
            else "convert the env file to LF: sed -i 's/\\r$//' .env",
            (
                inspected(case, "Config.Env", f"{name}={value!r}"),
                *((logged(case, says),) if says else ()),
            ),
            proven=exact,
            basis=None if says else Basis.INFERRED if case.is_silent else Basis.HINT,
        )
    return None


def asks_for(case: Case, value: str) -> bool:
    """Tell whether a program ended over what it sought by a value, quotes and all."""
    call = case.seen.failed_call
    named = (call.given, call.path, call.host) if call else ()
    return any(value.strip() in name for name in named)


def plain_values(case: Case) -> Iterator[tuple[str, str]]:
    """Return variables whose value has quotes or spaces around it, and the value without them."""
    theirs = case.image.env if case.image else {}
    for name, value in case.config.env.items():
        inner = value.strip()
        if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "\"'":
            inner = inner[1:-1]
        if inner != value and theirs.get(name) != value:
            yield name, inner


def _unshelled(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a command that no shell expands, and that are not code."""
    at = next((i for i in range(1, len(argv)) if is_shell(argv[i : i + 1])), len(argv))
    before = ("", *argv)
    return tuple(
        word
        for word, flag in zip(argv[:at], before, strict=False)
        if flag not in {"-c", "-e", "--eval"} or not re.search(r"[\s(;]", word)
    )


@cause(
    "variable-not-expanded",
    "a variable is not expanded but taken literally",
    pattern="environment",
    reads=["inspect", "logs"],
    when=Phase.ENDED,
    explains=["name-unresolved", "connection-refused", "config-malformed"],
)
def variable_not_expanded(case: Case) -> Found | None:
    """Find $NAME in an exec-form command, or in a value, that no shell expands."""
    words = (
        []
        if is_shell(case.config.argv[:1])
        else [w for w in _unshelled(case.config.argv) if re.search(r"\$\{?[A-Za-z_]\w*|\$\(|`", w)]
    )
    inside = {
        k: v
        for k, v in case.config.env.items()
        if re.search(r"\$\{[A-Za-z_]\w*|\$[A-Z_]{3,}|%[A-Z_]{3,}%", v)
    }
    literal = (words or list(inside.values()) or [""])[0]
    if not literal:
        return None
    says = case.said(rf"[^\n]*{re.escape(literal)}[^\n]*")
    if words:
        where = inspected(case, "Config.Cmd", list(case.config.argv))
        text = (
            "the exec-form command does not expand variables: the program receives the literal"
            f" {literal!r}"
        )
        fix = (
            f'CMD ["sh", "-c", "exec {" ".join(case.config.argv)}"], or make the program read the'
            " variable itself"
        )
    else:
        name = next(iter(inside))
        where = inspected(case, "Config.Env", f"{name}={literal}")
        text = (
            f"the value of {name} is the literal {literal!r}: neither --env-file nor -e expands"
            " variables"
        )
        fix = f"write the value itself, or let the shell expand it: -e {name}=..."
    return Found(
        text,
        fix,
        (where, *((logged(case, says),) if says else ())),
        proven=says is not None,
        basis=None if says or case.is_silent else Basis.HINT,
    )
