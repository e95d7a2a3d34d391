"""Certificates of servers on this machine, from an authority that nobody else knows."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Files of a server: its key, its certificate, and that of the authority it comes from."""

    key: Path
    own: Path
    authority: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server in this process needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.own, self.key)
        return context


def certificate(directory: Path, name: str = "IP:127.0.0.1") -> Certificate:
    """Make an authority, and the certificate of a server with this name."""
    directory.mkdir(exist_ok=True)
    key, own, authority = (directory / each for each in ("key.pem", "own.pem", "authority.pem"))
    request, root = directory / "request.pem", directory / "root.pem"
    new = ["openssl", "req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    usage = directory / "extensions"
    usage.write_text(f"subjectAltName={name}\nbasicConstraints=CA:FALSE\n", encoding="utf-8")
    sign = ["openssl", "x509", "-req", "-CA", str(authority), "-CAkey", str(root)]
    for command in (
        [*new, "-x509", "-subj", "/CN=tests", "-keyout", str(root), "-out", str(authority)],
        [*new, "-subj", "/CN=server", "-keyout", str(key), "-out", str(request)],
        [*sign, "-in", str(request), "-extfile", str(usage), "-out", str(own)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return Certificate(key, own, authority)
