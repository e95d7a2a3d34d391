"""Go, Rust, C++ and others: panics, deadlocks, failed assertions, in their runtimes' words."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, logged
from scaffolder.diagnose.phase import Phase


@cause(
    "rust-panic",
    "a Rust panic",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=68,
)
def rust_panic(case: Case) -> Found | None:
    """Quote the panic's message and place."""
    match = case.said(
        r"thread '(?P<t>[^']*)'(?: \(\d+\))? panicked at (?P<at>[^\n]*?):?\n(?P<m>[^\n]*)"
        r"|thread '(?P<t2>[^']*)' panicked at '(?P<m2>[^']*)', (?P<at2>[^\n]*)"
    )
    if match is None:
        return None
    message, at = match["m"] or match["m2"], match["at"] or match["at2"]
    aborted = case.exit_code in (134, 139, 132)
    how = "panic=abort" if aborted else f"exit {case.exit_code}"
    if "overflow" in message and "attempt to" in message:
        more = "; a debug build checks integer overflow, a release build would hide it"
    else:
        more = ""
    return Found(
        f"a Rust panic ({how}): {message.strip()[:250]} at {at}{more}",
        "correct the code there (checked_sub and the like, ? instead of unwrap); RUST_BACKTRACE=1"
        " shows the way to it",
        (logged(case, match), ended(case)),
        ("docker run -e RUST_BACKTRACE=1 ...",),
        proven=case.exit_code == 101 or aborted,
    )


@cause(
    "rust-error",
    "a Rust program's main returned an error",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=42,
)
def rust_error(case: Case) -> Found | None:
    """Quote `Error: ...` and its causes."""
    match = case.said(r"^Error: (?P<m>[^\n]+(?:\n\nCaused by:\n(?:\s+[^\n]+\n?)+)?)")
    if match is None or not any(
        f.program and f.program.elf and f.program.elf.language == "rust" for f in case.launched
    ):
        return None
    return Found(
        f"main returned an error: {' '.join(match['m'].split())[:300]}",
        "correct what it names",
        (logged(case, match), ended(case)),
    )


@cause(
    "go-panic",
    "a Go panic or deadlock",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=66,
)
def go_panic(case: Case) -> Found | None:
    """Quote the panic, and the first line of the service's own in its stack."""
    match = case.said(
        r"^(?P<m>panic: [^\n]+|fatal error: [^\n]+)(?=\n(?:[^\n]*\n)*?\s*goroutine \d+)"
    )
    if match is None:
        return None
    where = re.search(r"\n\t(/(?!usr/local/go)[^\s:]+:\d+)", case.text[match.end() :])
    deadlock = "asleep - deadlock" in match["m"]
    words = "all goroutines wait for each other (deadlock)" if deadlock else match["m"]
    return Found(
        f"a Go {'deadlock' if deadlock else 'panic'} ended the program (exit {case.exit_code}):"
        f" {words[:250]}{f' at {where[1]}' if where else ''}",
        "correct the code there; check maps and pointers for nil before use, and recover in"
        " goroutines",
        (logged(case, match), ended(case)),
        proven=case.exit_code == 2,
    )


@cause(
    "assertion",
    "a check in native code failed",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=70,
)
def assertion(case: Case) -> Found | None:
    """Quote assert(), std::terminate and what glibc says of a damaged heap."""
    match = case.said(
        r"[^\n]*(?:Assertion [`'\"][^\n]*failed|terminate called (?:after"
        r"|without)[^\n]*(?:\n\s*what\(\):[^\n]*)?|double free or corruption|free\(\): invalid"
        r"|malloc\(\): |stack smashing detected|buffer overflow detected|corrupted size"
        r"|AddressSanitizer|FATAL ERROR: v8)[^\n]*"
    )
    if match is None:
        return None
    return Found(
        f"native code gave up on itself: {' '.join(match[0].split())[:250]} (abort, exit code"
        f" {case.exit_code})",
        "correct what the message names; run it under gdb or with a sanitizer",
        (logged(case, match), ended(case)),
        proven=case.exit_code in (134, 139),
    )


@cause(
    "ruby-php",
    "an error of Ruby, PHP or Perl that nobody caught",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=43,
)
def ruby_php(case: Case) -> Found | None:
    """Quote the error, and missing gems and packages."""
    gem = case.said(
        r"[^\n]*(?:cannot load such file -- (?P<a>\S+)"
        r"|Could not find (?P<b>\S+) in (?:any of the sources|locally)"
        r"|Can't locate (?P<c>\S+) in @INC|Class \"(?P<d>[^\"]+)\" not found"
        "|Failed opening required '(?P<e>[^']+)'"
        r"|require\((?P<f>[^)]+)\): [Ff]ailed to open)[^\n]*"
    )
    other = case.said(
        r"[^\n]*(?:PHP Fatal error|Fatal error: Uncaught|\(\w+Error\)$|at \S+ line \d+\.$)[^\n]*"
    )
    found = gem or other
    if found is None:
        return None
    name = next((g for g in gem.groups() if g), "") if gem else ""
    return Found(
        f"{name} is not installed in the image: {case.line(found)[:200]}"
        if gem
        else f"an error that nobody caught ended the program: {case.line(found)[:200]}",
        "install it in the image (bundle install, composer install, cpanm)"
        if gem
        else "correct the code there",
        (logged(case, found), ended(case)),
        weight=60 if gem else None,
    )
