"""Keystores and keys that a program opens with the wrong password."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged, seen
from scaffolder.diagnose.causes.silence.vocabulary import mentions
from scaffolder.diagnose.causes.variables.line_endings import SYSTEM
from scaffolder.redaction_rules import is_secret
from scaffolder.text import quoted

STORE = re.compile(r"\.(?:p12|pfx|jks|jceks|bcfks|keystore|truststore|ks|pem|key)$", re.IGNORECASE)
JAVA = re.compile(r"\.(?!pem|key)\w+$", re.IGNORECASE)
WORD = re.compile(r"pass|pwd|secret", re.IGNORECASE)
MOST = 4


@cause(
    "keystore-password",
    "the password does not open the keystore or the key",
    pattern="environment",
    reads=["logs", "inspect", "files", "rerun"],
    explains=["java-framework", "said-why", "config-malformed", "python-exception"],
)
def keystore_password(case: Case) -> Found | None:
    """Find which variables have passwords that the program reads; their values are not shown."""
    match = case.said(
        r"[^\n]*(?:keystore\b[^\n]* password was incorrect"
        r"|failed to decrypt safe contents|cannot recover key|mac verify (?:failure|error)"
        r"|invalid password or PKCS ?#?12|decryption password incorrect|bad decrypt)[^\n]*"
    )
    if match is None:
        return None
    own = [name for name, value in case.config.env.items() if value and _is_password(name)]
    read = [name for name in own if mentions(case, name)]
    call = next((c for c in reversed(case.seen.trace.calls) if _opens(c.name, c.path)), None)
    store = call.path if call else ""
    if not store and "bad decrypt" in match[0].lower():
        return None  # it may be anything that is encrypted
    names = ", ".join((read or own)[:MOST])
    if read:
        where = f"; the program reads it from {names}, as it seems"
    else:
        where = f"; the container has {names}" if own else "; no variable of the container has one"
    test = f"keytool -list -keystore {quoted(store)}" if JAVA.search(store) else ""
    return Found(
        f"the password does not open {store or 'the keystore'}: {case.line(match).strip()[:200]}"
        f"{where}",
        f"give {names or 'the program'} the password with which {store or 'it'} was made"
        f"{f'; {test} asks for it, and tells whether it fits' if test else ''}",
        (
            logged(case, match),
            *((seen(case, call),) if call else ()),
            *((inspected(case, "Config.Env", f"{names} (set, not shown)"),) if own else ()),
        ),
    )


def _is_password(name: str) -> bool:
    return is_secret(name) and bool(WORD.search(name))


def _opens(call: str, path: str) -> bool:
    return call.startswith("open") and bool(STORE.search(path)) and not SYSTEM.match(path)
