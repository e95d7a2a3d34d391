"""A registry of crates on loopback (a sparse index), for which cargo is set up."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from registry import served

Crates = Mapping[str, Mapping[str, Sequence[str]]]
"""Name → version → what it depends on, as `name requirement`, or `name requirement if feature`."""


def publish(root: Path, crates: Crates, features: Sequence[str] = ()) -> None:
    """List crates without any content in a registry, beside those that are there.

    All of them have `features` that bring nothing.
    """
    index = root / "simple"
    index.mkdir(parents=True, exist_ok=True)
    (index / "config.json").write_text('{"dl": "http://127.0.0.1:9"}', encoding="utf-8")
    for name, versions in crates.items():
        file = index / place(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as listed:
            for version, needs in versions.items():
                listed.write(json.dumps(_entry(name, version, needs, features)) + "\n")


def place(name: str) -> str:
    """Return where an index lists a crate."""
    short = {1: "1", 2: "2", 3: f"3/{name[:1]}"}.get(len(name))
    return f"{short or f'{name[:2]}/{name[2:4]}'}/{name}"


def checksum(name: str, version: str) -> str:
    return hashlib.sha256(f"{name} {version}".encode()).hexdigest()


def _entry(
    name: str, version: str, needs: Sequence[str], features: Sequence[str]
) -> dict[str, object]:
    split = [need.partition(" if ") for need in needs]
    return {
        "name": name,
        "vers": version,
        "deps": [_dependency(need, optional=bool(feature)) for need, _, feature in split],
        "features": {feature: [] for feature in features},
        "features2": {f: [f"dep:{need.split()[0]}"] for need, _, f in split if f},
        "v": 2,
        "cksum": checksum(name, version),
        "yanked": False,
    }


def _dependency(need: str, *, optional: bool) -> dict[str, object]:
    name, _, requirement = need.partition(" ")
    plain = {"features": [], "default_features": True, "target": None, "kind": "normal"}
    return {"name": name, "req": requirement or "*", "optional": optional, **plain}


@contextmanager
def serving(root: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a registry, and have cargo ask it."""
    with served(root) as address:
        use(address, home, monkeypatch)
        yield root


def use(address: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set cargo up for a registry, and for no other."""
    for name in [name for name in os.environ if name.startswith("CARGO_")]:
        monkeypatch.delenv(name)
    place = home / "cargo"
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "loopback"\n'
        f'[source.loopback]\nregistry = "sparse+{address}/"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("CARGO_HOME", str(place))


def versions(lock: str) -> list[str]:
    """Return the crates of a lock, and which version of each; without the service itself."""
    entries = lock.split("[[package]]")[1:]
    lines = [entry.replace('"', "").split("\n") for entry in entries if "\nsource" in entry]
    return [f"{name.split()[-1]} {version.split()[-1]}" for _, name, version, *_ in lines]
