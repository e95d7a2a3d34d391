"""A private key, and the certificate that it is used with."""

from collections.abc import Iterator
from itertools import product

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, seen
from scaffolder.diagnose.evidence.files import OF_RUNTIME
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.key_pairs import fits
from scaffolder.text import quoted

CERTIFICATE, KEY = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"
LATEST = 40
"""How many calls before the end are looked through for files that were read."""
MOST = 4
LONGEST = 64 * 1024


@cause(
    "key-of-another-certificate",
    "a private key does not belong to the certificate that is read with it",
    pattern="environment",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["said-why", "ends-itself", "last-call"],
)
def key_of_another_certificate(case: Case) -> Found | None:
    """Find, among the files that a program read before it ended, a pair that is none."""
    process = case.seen.decider
    if process is None or not process.failed or case.seen.failed_call:
        return None
    read = list(files_read(case, process.number))
    certificates = [each for each in read if CERTIFICATE in each[1]]
    keys = [each for each in read if KEY in each[1]]
    pairs = [(c, k, fits(c[1], k[1])) for c, k in product(certificates[:MOST], keys[:MOST])]
    wrong = next(((c[0], k[0]) for c, k, fit in pairs if fit is False), None)
    if wrong is None or any(fit for _, _, fit in pairs):
        return None
    certificate, key = wrong
    return Found(
        f"the private key {key.path} does not belong to the certificate {certificate.path}",
        "take both from the same order or renewal, and look at what is mounted there: the public"
        " keys have to be the same",
        (seen(case, certificate), seen(case, key), ended(case)),
        (
            f"openssl x509 -noout -pubkey -in {quoted(certificate.path)}",
            f"openssl pkey -pubout -in {quoted(key.path)}",
        ),
    )


def files_read(case: Case, process: int) -> Iterator[tuple[Call, bytes]]:
    """Return the files that were opened at last, and what is in them."""
    late = case.seen.trace.of(process)[-LATEST:]
    opened = {c.path: c for c in late if c.name.startswith("open") and not c.error and not c.writes}
    for path, call in opened.items():
        entry = None if OF_RUNTIME.match(path) else case.has(path)
        if entry and entry.kind == "file" and 0 < entry.size <= LONGEST:
            yield call, case.files.content(entry.path) or b""
