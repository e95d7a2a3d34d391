"""A certificate that is over, or not valid yet: one that a program reads, or a neighbour's own."""

import re
from collections.abc import Iterator
from datetime import datetime
from posixpath import join, normpath

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, inspected, logged, watched
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.evidence.files import Files, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.x509 import covers, names, validities
from scaffolder.text import quoted

from .asked import host_asked
from .peers import known, known_among

NAMED = re.compile(r"[\w./-]+\.(?:pem|crt|cer|cert)\b")
SCRIPT = re.compile(r"\.(?:py|js|rb|sh|conf|cfg|ya?ml|json|toml|ini)$")
SYSTEM = re.compile(r"^/(?:usr(?!/src/)|lib|etc/ssl/certs|etc/pki)/")
DATES = "openssl x509 -noout -dates -in"
BY_TLS = re.compile(r"\b(?:https|wss|rediss|amqps|ldaps|tls|mqtts|natss)://(?:[^\s/@]*@)?([\w.-]+)")
STORE = re.compile(r"\.(?:p12|pfx|jks|jceks|bcfks|keystore|truststore|ks)$", re.IGNORECASE)
OVER = r"Certificate(?:Expired|NotYetValid)Exception"
MOST, LONGEST = 6, 64 * 1024


@cause(
    "certificate-over",
    "a certificate has expired, or is not valid yet",
    pattern="environment",
    reads=["rerun", "files", "neighbours"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "certificate",
        "peer-refuses",
        "python-exception",
        "said-why",
        "ends-itself",
        "last-call",
        "own-setting",
        "variable-missing",
        "java-framework",
    ],
)
def certificate_over(case: Case) -> Found | None:
    """Find such a certificate among the files read at last, and those of whom it asked."""
    at = case.state.finished or case.now
    for path in [path for path in case.seen.opened if not SYSTEM.match(path)][:MOST]:
        if over := _over(case.files, path, at):
            return Found(
                f"the certificate {path} that the program reads {over}",
                f"renew it, and mount the new one; or correct the clock: {DATES} {quoted(path)}",
                (content(case, path, over), ended(case)),
            )
    if found := _in_keystore(case):
        return found
    calls = (call for call in reversed(case.seen.trace.calls) if call.is_network)
    asked = dict.fromkeys(host_asked(case, call) for call in calls)
    for host, other in known_among(case, asked):
        files = case.sources.files_of(other.name)
        for path in _named(other, files):
            if over := _over(files, path, at):
                return Found(
                    f"the certificate of {host}, {path} in the container {other.name}, {over}",
                    f"renew it there, and have {host} read it again",
                    (
                        Evidence("neighbours", f"docker cp {quoted(other.name)}:{path} -", over),
                        watched(case, f"it asks for {host}"),
                    ),
                )
    return None


@cause(
    "certificate-of-another",
    "the certificate of a service is not for the name by which it is asked for",
    pattern="network",
    reads=["rerun", "inspect", "neighbours"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=[
        "certificate",
        "peer-refuses",
        "peer-unreachable-silent",
        "said-why",
        "ends-itself",
        "last-call",
        "own-setting",
    ],
)
def certificate_of_another(case: Case) -> Found | None:
    """Find a neighbour that is asked by TLS, and whose certificates all have other names."""
    asked = {host_asked(case, call) for call in case.seen.trace.calls if call.is_network}
    if case.seen.trace.processes and not asked:
        return None  # a copy ended without asking anybody
    for name, value in case.config.env.items():
        for match in BY_TLS.finditer(value):
            host = match[1].strip("[]")
            other = known(case, host) if not asked or host in asked else None
            if other is None:
                continue
            files = case.sources.files_of(other.name)
            each = ((path, names(_content(files, path))) for path in _named(other, files))
            told = {path: frozenset().union(*found) for path, found in each if found}
            if not told or any(covers(found, host) for found in told.values()):
                continue
            path, found = next(iter(told.items()))
            listed = ", ".join(sorted(found)[:MOST])
            return Found(
                f"the certificate of {host} ({path} in the container {other.name}) is for"
                f" {listed}, and not for {host}, by which {name} asks for it: clients refuse it",
                f"ask by a name that it has (a network alias), or have a certificate made for"
                f" {host}, too: openssl x509 -noout -ext subjectAltName -in {quoted(path)}",
                (
                    inspected(case, "Config.Env", f"{name} names {host}"),
                    Evidence("neighbours", f"docker cp {quoted(other.name)}:{path} -", listed),
                    ended(case),
                ),
            )
    return None


def _in_keystore(case: Case) -> Found | None:
    """Find what Java says of a certificate, and the keystore that it was read from last.

    Keystores are encrypted: their dates are not read here.
    """
    says = case.said(rf"[^\n]*(?:{OVER})[^\n]*")
    opened = (path for path in case.seen.opened if STORE.search(path) and not SYSTEM.match(path))
    path = next(opened, "") if says else ""
    if says is None or not path:
        return None
    return Found(
        f"a certificate in {path} has expired, or is not valid yet:"
        f" {case.line(says).strip()[:200]}",
        f"renew it, and put it into {path} (keytool -list -v -keystore {quoted(path)} tells the"
        " dates); or correct the clock",
        (logged(case, says), content(case, path, "read before that")),
    )


def _content(files: Files, path: str) -> bytes:
    """Return what a file of a usual size has; nothing if it is none."""
    entry = resolved(files, path)
    is_usual = entry is not None and entry.kind == "file" and entry.size <= LONGEST
    return (files.content(entry.path) or b"") if entry and is_usual else b""


def _over(files: Files, path: str, at: datetime) -> str:
    """Tell how a file's certificate was not valid at some time; empty if it was, or has none."""
    for begins, ends in validities(_content(files, path)):
        if at > ends:
            return f"expired on {ends:%Y-%m-%d}"
        if at < begins:
            return f"is valid from {begins:%Y-%m-%d} on only"
    return ""


def _named(other: Neighbour, files: Files) -> Iterator[str]:
    """Yield the certificates that a neighbour's command, variables and own script name."""
    texts = [*other.command, *other.env.values()]
    for word in other.command:
        if SCRIPT.search(word):
            script = _content(files, join(other.workdir, word))
            texts.append(script.decode("utf-8", "replace"))
    named = dict.fromkeys(match[0] for text in texts for match in NAMED.finditer(text))
    paths = [normpath(join(other.workdir, name)) for name in named]
    yield from [path for path in paths if not SYSTEM.match(path)][:MOST]
