"""Logins and certificates that are not accepted."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.signatures import STORES, Row, Signature, always, table

NOT_TRUSTED = (
    r"certificate verify failed|x509:|unable to get (?:local )?issuer"
    r"|self[- ]signed certificate|certificate (?:has expired|is not yet valid|signed by unknown)"
    r"|CERT_\w+|UNABLE_TO_\w+|PKIX path|invalid peer certificate|UnknownIssuer|tlsv1 alert"
    r"|ssl routines|SSLError|no CA certificates"
)


def _knows_no_ca(case: Case, _match: re.Match[str]) -> bool:
    return not any(case.has(path) for path in STORES)


SIGNATURES = table(__name__, (
    Signature(
        id="login-refused", title="the database or service rejects the login",
        pattern="environment", reads=("logs", "inspect"),
        shows=("mounts",),
        rows=(Row(
            r"(?:password )?authentication failed|access denied for user"
            r"|invalid (?:username|password|credentials)|WRONGPASS|NOAUTH|login failed"
            r"|401 unauthorized|invalid api key|(?:role|database) \"\S+\" does not exist"
            r"|unknown database|ACCESS_REFUSED|no pg_hba\.conf entry"
            r"|auth(?:entication)? error",
            "the login is rejected: {line:.250}",
            "correct the user, password or database name in the environment; a database reads its"
            " password from the environment only on its first start, and an old volume keeps the"
            " old one",
        ),),
    ),
    Signature(
        id="certificate", title="a certificate is untrusted, expired, or for another name",
        pattern="environment", reads=("logs", "files"), shows=("certificates",),
        rows=(
            Row(
                r"KEY_VALUES_MISMATCH|key values mismatch|private key does not match",
                "the private key does not belong to the certificate: {line:.200}",
                "give it the key that the certificate was made for; both print the same:"
                " openssl x509 -noout -pubkey -in CERT, openssl pkey -pubout -in KEY",
            ),
            Row(
                NOT_TRUSTED,
                "a TLS certificate is not accepted: it has expired, is not valid yet, or a"
                " clock is wrong: {line:.200}",
                "renew it; compare `date` inside and outside",
                also=r"expired|not yet valid",
            ),
            Row(
                NOT_TRUSTED,
                "the image has no CA certificates, so that it trusts nobody: {line:.200}",
                "install them in the runtime stage: apt-get install -y ca-certificates (apk add"
                " ca-certificates); into an image from scratch, copy them: COPY --from=build"
                " /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
                also=r"unknown authority|local issuer|verify failed|UnknownIssuer|PKIX|no CA",
                only=_knows_no_ca, proves=always,
            ),
            Row(
                NOT_TRUSTED,
                "a TLS certificate is not accepted: its issuer is not trusted in the container, or"
                " its name differs: {line:.200}",
                "add the CA to the image and run update-ca-certificates; check the name",
            ),
        ),
    ),
))  # fmt: skip
