"""Hashes of passwords: which of them a service verifies, however they came to be stored."""

import base64
import binascii
import hashlib
import re

MOST_MEMORY = 128 * 1024
"""In KiB. Two hashes at once have to fit into the memory of a small container."""
MOST_PASSES = 10
MOST_LANES = 16
LEAST_PER_LANE = 8
"""In KiB (RFC 9106, 3.1)."""
SALT = range(8, 49)
OUTPUT = range(16, 65)
"""Sizes in bytes."""
ACCEPTED = (
    f"an argon2id hash with at most {MOST_MEMORY // 1024} MiB, {MOST_PASSES} passes and"
    f" {MOST_LANES} lanes"
)

NUMBER = "([1-9][0-9]{0,9})"
BASE64 = "([A-Za-z0-9+/]{1,128})"
HASH = re.compile(rf"\$argon2id\$v=19\$m={NUMBER},t={NUMBER},p={NUMBER}\${BASE64}\${BASE64}")


def is_hash(text: str) -> bool:
    """Tell whether a text is a hash that takes no more work than a login may take."""
    found = HASH.fullmatch(text)
    if not found:
        return False
    memory, passes, lanes = map(int, found.group(1, 2, 3))
    return (
        LEAST_PER_LANE * lanes <= memory <= MOST_MEMORY
        and passes <= MOST_PASSES
        and lanes <= MOST_LANES
        and _size(found[4]) in SALT
        and _size(found[5]) in OUTPUT
    )


def credential(hashed: str) -> str:
    """Return what tokens are bound to: a digest of the hash, which nobody can guess it from."""
    return hashlib.sha256(hashed.encode()).hexdigest()[:32]


def _size(encoded: str) -> int:
    """Return how many bytes a text in base64 stands for; 0 if none has exactly this text."""
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error:
        return 0
    is_exact = base64.b64encode(decoded).decode().rstrip("=") == encoded
    return len(decoded) if is_exact else 0
