"""Go, Rust, C++ and others: panics, deadlocks, failed assertions, from their runtimes' messages."""

import re

from scaffolder.diagnose.case import Case

from .catalogue import Basis, Found, cause
from .evidence import ended, logged
from .signatures import Row, Signature, table
from .silence.readings import has_native

HOOK = "set up logging before the panic hook, or let the hook write to stderr as well"


@cause("rust-panic", "a Rust panic", pattern="process", explains=["aborted", "own-stage"])
def rust_panic(case: Case) -> Found | None:
    """Quote the panic's message and location."""
    match = case.said(
        # As a hook writes it that has lines of its own: the message is in the same line.
        r"thread '(?P<t3>[^']*)' panicked at (?P<at3>\S+:\d+:\d+): (?P<m3>[^\n]+)"
        r"|thread '(?P<t>[^']*)'(?: \(\d+\))? panicked at (?P<at>[^\n]*?):?\n(?P<m>[^\n]*)"
        r"|thread '(?P<t2>[^']*)' panicked at '(?P<m2>[^']*)', (?P<at2>[^\n]*)"
    )
    if match is None:
        return None
    message = match["m"] or match["m2"] or match["m3"]
    at = match["at"] or match["at2"] or match["at3"]
    aborted = case.exit_code in (134, 139, 132)
    how = "panic=abort" if aborted else f"exit {case.exit_code}"
    if "overflow" in message and "attempt to" in message:
        more = "; a debug build checks integer overflow, a release build would hide it"
    else:
        more = ""
    if case.seen.swallowed and case.is_silent:
        more += (
            "; its panic hook does not show it: it may hand it to a logger that is not set up yet"
        )
    is_bare = case.seen.swallowed is not None and case.seen.swallowed.gives_no_reason
    if is_bare and (call := case.seen.failed_call):
        more += f"; what failed before it is {call.words}"
    return Found(
        f"a Rust panic ({how}): {message.strip()[:250]} at {at}{more}",
        "fix the code there (checked_sub and the like, ? instead of unwrap);"
        f" {HOOK if case.is_silent else 'RUST_BACKTRACE=1 shows the call stack'}",
        (logged(case, match), ended(case)),
        ("docker run -e RUST_BACKTRACE=1 ...",),
        proven=(case.exit_code == 101 or aborted or _ends_own(case)) and not is_bare,
        basis=Basis.HINT if is_bare else None,
    )


def _ends_own(case: Case) -> bool:
    """Tell whether a viscaffold service says that a panic ended it; of others, it survives."""
    ends = r"^\S+ \S+ CRITICAL \S+::runtime::\w+: [^\n]*(?:it panicked|a panic)\b"
    return case.exit_code in (70, 71) and re.search(ends, case.text, re.MULTILINE) is not None


GO_PLACE = re.compile(
    r"\n\t((?!/usr/local/go/|(?:/\S*/go[\d.-]*/src/)?(?:runtime|internal|os|syscall)/)"
    r"[^\s:]+\.go:\d+)"
)
"""How a line of Go's stack names a place, other than one of its own library."""


@cause("go-panic", "a Go runtime error", pattern="process", explains=["aborted"])
def go_panic(case: Case) -> Found | None:
    """Quote the panic, and the first line of the service's own code in its stack."""
    match = case.said(
        r"^(?P<m>panic: [^\n]+|fatal error: [^\n]+)"
        r"(?=\n(?:[^\n]*\n)*?\s*(?:goroutine \d+|runtime stack:))"
    )
    if match is None:
        return None
    where = GO_PLACE.search(case.text, match.end())
    deadlock = "asleep - deadlock" in match["m"]
    words = "all goroutines wait for each other (deadlock)" if deadlock else match["m"]
    return Found(
        f"a Go {'deadlock' if deadlock else 'panic'} ended the program (exit {case.exit_code}):"
        f" {words[:250]}{f' at {where[1]}' if where else ''}",
        "fix the code there; check maps and pointers for nil before use, and recover in goroutines",
        (logged(case, match), ended(case)),
        proven=case.exit_code == 2,
    )


def _is_rust(case: Case, _match: re.Match[str]) -> bool:
    return has_native(case, "rust")


SIGNATURES = table(__name__, (
    Signature(
        id="assertion", title="a check in native code failed",
        pattern="process", shows=("exit code",),
        explains=("aborted",),
        rows=(Row(
            r"Assertion [`'\"][^\n]*failed"
            r"|terminate called (?:after|without)[^\n]*(?:\n\s*what\(\):[^\n]*)?"
            r"|double free or corruption|free\(\): invalid|malloc\(\): |stack smashing detected"
            r"|buffer overflow detected|corrupted size|AddressSanitizer|FATAL ERROR: v8",
            "native code aborted on a failed check: {said:.250} (exit code {code})",
            "correct what the message names; run it under gdb or with a sanitizer",
            codes=frozenset({134, 139}),
        ),),
    ),
    Signature(
        id="ruby-php", title="an uncaught Ruby, PHP or Perl error",
        pattern="process", shows=("exit code",),
        basis=Basis.QUOTED, explains=("said-why",),
        rows=(
            Row(
                r"cannot load such file -- (?P<a>\S+)"
                r"|Could not find (?P<b>\S+) in (?:any of the sources|locally)"
                r"|Class \"(?P<d>[^\"]+)\" not found"
                r"|Failed opening required '(?P<e>[^']+)'|require\((?P<f>[^)]+)\): failed to open",
                "{a}{b}{d}{e}{f} is not installed in the image: {line:.200}",
                "install it in the image (bundle install, composer install, cpanm)",
                basis=Basis.NAMED,
            ),
            Row(
                r"PHP Fatal error|Fatal error: Uncaught|\(\w+Error\)$|at \S+ line \d+\.$",
                "an uncaught error ended the program: {line:.200}",
                "fix the code there",
            ),
        ),
    ),
    Signature(
        id="rust-error", title="a Rust program's main returned an error",
        pattern="process", basis=Basis.QUOTED, explains=("said-why",), shows=("exit code",),
        rows=(Row(
            r"^Error: (?P<why>[^\n]+(?:\n\nCaused by:\n(?:\s+[^\n]+\n?)+)?)",
            "main returned an error: {why:.300}",
            "correct what it names",
            whole=True, only=_is_rust,
        ),),
    ),
))  # fmt: skip
