"""Logins and certificates that are not accepted."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, logged
from scaffolder.diagnose.phase import Phase


@cause(
    "login-refused",
    "the database or service refuses the login",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=84,
)
def login_refused(case: Case) -> Found | None:
    """Find wrong passwords and users, and databases that do not exist."""
    match = case.said(
        r"[^\n]*(?:password authentication failed|authentication failed|access denied for user"
        "|invalid (?:username|password|credentials)|WRONGPASS|NOAUTH|login failed"
        r"|401 unauthorized|invalid api key|role \"\S+\" does not exist"
        r"|database \"\S+\" does not exist|unknown database|ACCESS_REFUSED|no pg_hba\.conf entry"
        r"|auth(?:entication)? error)[^\n]*"
    )
    if match is None:
        return None
    old = any(m.kind == "volume" for m in case.config.mounts)
    return Found(
        f"the login is refused: {case.line(match)[:250]}",
        (
            "correct user, password or database name in the environment; a database takes its"
            " password from the environment only at its first start, and an old volume keeps the"
            " old one"
        )
        + (" (this container has a volume)" if old else ""),
        (logged(case, match),),
    )


@cause(
    "certificate",
    "a certificate is not trusted, expired, or for another name",
    pattern="environment",
    reads=["logs", "files"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=82,
)
def certificate(case: Case) -> Found | None:
    """Find TLS failures: no CA certificates in the image, a wrong clock, a self-signed one."""
    match = case.said(
        r"[^\n]*(?:certificate verify failed|x509:|unable to get (?:local )?issuer"
        "|self[- ]signed certificate|certificate (?:has expired|is not yet valid"
        r"|signed by unknown)|CERT_\w+|UNABLE_TO_\w+|PKIX path|invalid peer certificate"
        r"|UnknownIssuer|tlsv1 alert|ssl routines|SSLError|no CA certificates)[^\n]*"
    )
    if match is None:
        return None
    line = case.line(match)
    stores = (
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/cert.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
    )
    has = any(case.has(path) for path in stores)
    dates = re.search(r"expired|not yet valid", line)
    unknown = re.search(
        r"unknown authority|local issuer|verify failed|UnknownIssuer|PKIX|no CA", line
    )
    if dates:
        why, fix = (
            "its dates do not hold: it has expired, or a clock is wrong",
            "renew it; compare `date` inside and outside",
        )
    elif unknown and not has:
        why, fix = (
            "the image has no CA certificates",
            (
                "install them in the runtime stage: apt-get install -y ca-certificates (apk add"
                " ca-certificates)"
            ),
        )
    else:
        why, fix = (
            "its issuer is not trusted in the container, or its name differs",
            "add the CA to the image, and update-ca-certificates; check the name",
        )
    return Found(
        f"a TLS certificate is not accepted: {why}: {line[:200]}",
        fix,
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {case.target}:{stores[0]} -",
                "exists" if has else "no such file",
            ),
        ),
        proven=bool(unknown and not has),
    )
