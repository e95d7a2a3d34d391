"""Whether a private key belongs to a certificate, as OpenSSL tells it."""

import os
import ssl
from contextlib import ExitStack

MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH")
"""What OpenSSL says of a key that is not the certificate's."""


def fits(certificate: bytes, key: bytes) -> bool | None:
    """Tell whether a key is the certificate's; None if that cannot be told.

    Both are read from memory: no key of others is written to a disk.
    """
    if not hasattr(os, "memfd_create"):
        return None
    with ExitStack() as stack:
        own, its = (_in_memory(stack, data) for data in (certificate, key))
        try:
            # A password is never asked for: an empty one fails like a wrong one.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own, its, password=bytes)
        except ssl.SSLError as error:
            return False if error.reason in MISMATCH else None
        except OSError:
            return None
    return True


def _in_memory(stack: ExitStack, data: bytes) -> str:
    """Return the path of a file that is in no directory, as long as the stack lasts."""
    descriptor = os.memfd_create("pem")
    stack.callback(os.close, descriptor)
    os.write(descriptor, data)
    return f"/proc/self/fd/{descriptor}"
