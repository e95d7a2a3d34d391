"""URLs whose password ends where the program does not expect it."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected
from scaffolder.diagnose.evidence.passwords import reserved
from scaffolder.diagnose.evidence.phase import Phase


@cause(
    "password-unencoded",
    "the password in a URL has characters that end it there",
    pattern="environment",
    reads=["inspect", "rerun"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "config-malformed", "python-exception", "said-why", "peer-unreachable-silent",
        "ends-itself", "name-unresolved", "go-panic", "rust-panic", "java-framework",
    ],
    cured_by=["other-value"],
)  # fmt: skip
def password_unencoded(case: Case) -> Found | None:
    """Find a variable such as `postgres://user:a/b#c@host/name`, which a program cannot take apart.

    Some drivers do take it: a copy that has it percent-encoded tells.
    """
    for name, value in case.config.env.items():
        marks = reserved(value)
        if not marks:
            continue
        listed = " and ".join(f"`{mark}`" for mark in marks)
        return Found(
            f"the password in {name} has {listed} in it, unencoded: to what reads URLs it ends"
            " there, and the rest is taken for a port, a path or a fragment",
            f"percent-encode the password in {name} (%2F for /, %23 for #, %3F for ?, %40 for @,"
            " %25 for %): python3 -c 'from urllib.parse import quote; print(quote(input(), \"\"))'",
            (
                inspected(case, "Config.Env", f"{name}: a URL with {listed} in its password"),
                ended(case),
            ),
        )
    return None
