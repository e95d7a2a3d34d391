"""A package registry on loopback (PEP 503), with wheels made for the purpose."""

import functools
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Packages = Mapping[str, Mapping[str, Sequence[str]]]
"""Name → version → what it requires."""


def publish(root: Path, packages: Packages) -> None:
    """Put wheels without any code into a registry, and list them."""
    for name, versions in packages.items():
        home = root / "simple" / name
        home.mkdir(parents=True, exist_ok=True)
        for version, requires in versions.items():
            _wheel(home, name, version, requires)
        links = [
            f'<a href="{file.name}#sha256={sha256(file.read_bytes()).hexdigest()}">{file.name}</a>'
            for file in sorted(home.glob("*.whl"))
        ]
        (home / "index.html").write_text("\n".join(links), encoding="utf-8")


def _wheel(home: Path, name: str, version: str, requires: Sequence[str]) -> None:
    module = name.replace("-", "_")
    about = f"{module}-{version}.dist-info"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires)]
    with zipfile.ZipFile(home / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}.py", "")
        wheel.writestr(f"{about}/METADATA", "\n".join(["Metadata-Version: 2.1", *metadata, ""]))
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve a registry; yield its address as pip and uv take it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the library
            pass

        def send_header(self, keyword: str, value: str) -> None:
            # A client with a date does not get what changes within the same second.
            if keyword != "Last-Modified":
                super().send_header(keyword, value)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()


def use(address: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set uv up for a registry, and for no other."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_DEFAULT_INDEX", address)
    monkeypatch.setenv("UV_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("COLUMNS", "40")  # what uv says is not to be cut where a terminal ends
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


def pins(lock: str) -> list[str]:
    """Return the versions in a lock, without hashes and comments."""
    return [line.rstrip(" \\") for line in lock.splitlines() if line[:1].isalnum()]
