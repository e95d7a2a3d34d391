"""Access tokens: JSON Web Tokens, as RFC 8725 advises."""

import re
import secrets
import time
from dataclasses import dataclass, field

import jwt

ALGORITHM = "HS256"
TYPE = "at+jwt"
SHORTEST_SECRET = 32
"""In bytes: the size of the hash (RFC 7518, 3.2)."""
LEEWAY_SECONDS = 5

KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
ACCEPTED = f"id:secret pairs, comma-separated, each secret of {SHORTEST_SECRET} bytes or more"


class InvalidTokenError(Exception):
    """The token is not valid; the message says why, without the token."""


@dataclass(frozen=True)
class Key:
    """A signing key; its secret stays out of logs."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Claims:
    """The claims of a valid token."""

    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Verified(Claims):
    """The claims of a token, and what of its user it was issued for."""

    credential: str = field(repr=False)


def parse_keys(raw: str) -> tuple[Key, ...]:
    """Parse AUTH_KEYS; raise ValueError with what it accepts."""
    keys = tuple(_key(place, pair) for place, pair in enumerate(raw.split(","), 1))
    if len({key.id for key in keys}) < len(keys):
        raise ValueError(f"{ACCEPTED}, and a different id for each")
    return keys


def _key(place: int, pair: str) -> Key:
    # A wrong pair is named by its position: all of it may be a secret.
    name, _, secret = pair.strip().partition(":")
    if not KEY_ID.fullmatch(name):
        raise ValueError(f"{ACCEPTED}; key {place} has no id of letters, digits, _ and -")
    try:
        # Rejects keys for other algorithms: a public key must not sign.
        size = len(jwt.get_algorithm_by_name(ALGORITHM).prepare_key(secret))
    except (jwt.InvalidKeyError, UnicodeEncodeError):
        size = 0
    if size < SHORTEST_SECRET:
        raise ValueError(f"{ACCEPTED}; the secret of key {place} is too short, or of another kind")
    return Key(name, secret)


def new_key() -> Key:
    """Generate a key that only this process has."""
    return Key("process", secrets.token_urlsafe(SHORTEST_SECRET))


class Tokens:
    """Issues and verifies tokens: the first key signs, all keys verify, so that keys can rotate."""

    def __init__(self, keys: tuple[Key, ...], service: str, seconds: int) -> None:
        self.seconds = seconds
        self._signing = keys[0]
        self._keys = {key.id: key for key in keys}
        self._service = service

    def issue(self, name: str, scopes: tuple[str, ...], credential: str) -> str:
        """Issue a token for a user, which is of no use once that has another credential."""
        now = int(time.time())
        claims = {
            "iss": self._service,
            "aud": self._service,
            "sub": name,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + self.seconds,
            "jti": secrets.token_urlsafe(16),
            "credential": credential,
        }
        headers = {"kid": self._signing.id, "typ": TYPE}
        return jwt.encode(claims, self._signing.secret, ALGORITHM, headers)

    def verify(self, token: str) -> Verified:
        """Return the claims of a token; raise InvalidTokenError unless all of it is valid."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None or header.get("typ") != TYPE:
                raise InvalidTokenError("it was signed with an unknown key, or is no access token")
            found = jwt.decode(
                token,
                key.secret,
                [ALGORITHM],  # never the one that the token names
                options={"require": ["exp", "iat", "sub", "aud", "iss", "jti"]},
                audience=self._service,
                issuer=self._service,
                leeway=LEEWAY_SECONDS,
            )
        except jwt.ExpiredSignatureError:
            raise InvalidTokenError("it has expired") from None
        except jwt.InvalidTokenError:
            raise InvalidTokenError("it is not valid") from None
        scopes = tuple(str(found.get("scope", "")).split())
        return Verified(str(found["sub"]), scopes, str(found.get("credential", "")))
