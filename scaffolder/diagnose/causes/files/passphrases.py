"""Private keys that are encrypted, where nobody gives the passphrase."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, seen
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted

from .key_pairs import KEY, files_read

MARKS = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")
"""How PEM says that a key is encrypted: PKCS #8 (RFC 7468, 11), and the form before it."""
TERMINAL = "/dev/tty"
"""Where OpenSSL asks for a passphrase."""


@cause(
    "key-encrypted",
    "a private key is encrypted, and the program has no passphrase for it",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "input-closed", "said-why", "python-exception", "ends-itself", "last-call", "certificate",
        "keystore-password",
    ],
    cured_by=["input"],
)  # fmt: skip
def key_encrypted(case: Case) -> Found | None:
    """Find an encrypted key that a program read before it ended, or asked at its terminal for."""
    process = case.seen.decider
    if process is None or not process.failed:
        return None
    read = [pair for pair in files_read(case, process.number) if KEY in pair[1]]
    call = next((c for c, data in reversed(read) if any(m in data for m in MARKS)), None)
    if call is None:
        return None
    later = [c for c in case.seen.trace.of(process.number) if c.at >= call.at]
    asks = next((c for c in later if c.path == TERMINAL and c.error), None)
    if not asks and case.seen.failed_call:
        return None
    how = f", and asks for the passphrase at {TERMINAL}: the container has none" if asks else ""
    return Found(
        f"the private key {call.path}, which the program reads before it ends, is encrypted{how}",
        "give the program the passphrase by its own setting for it, or a key without one (openssl"
        f" pkey -in {quoted(call.path)} -out ...), kept as a secret",
        (seen(case, call), *((seen(case, asks),) if asks else ()), ended(case)),
        (f"openssl pkey -in {quoted(call.path)} -noout",),
    )
