"""The packages of a directory, and the programs that cargo makes of them: read from manifests."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from scaffolder.adopt.sources import Fact, Sources
from scaffolder.errors import RefusedError
from scaffolder.languages import rust_workspaces

MANIFEST = "Cargo.toml"
FRAMEWORK = re.compile(
    r'\s*(?:\[[\w.-]*dependencies\.)?"?'
    r"(actix-web|axum|loco-rs|poem|rocket|salvo|tide|warp)"
    r'(?=["\s=.\]])'
)
"""A dependency, as a line of a table, as one with `.workspace`, or as a table of its own."""

NAME = re.compile(r"[\w-]+", re.ASCII)
"""A program's name, as it may come into code and a Dockerfile."""

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Program:
    """What cargo makes of a file with a function `main`."""

    name: str
    path: str
    is_main: bool = False
    """Whether it is the one that its package is about."""

    @property
    def fact(self) -> Fact:
        """Return it with its place."""
        return Fact(self.name, self.path)


@dataclass(frozen=True)
class Package:
    """A package of the directory itself, or of one below."""

    directory: str
    manifest: Table
    text: str

    @property
    def name(self) -> str:
        """Return what it is called."""
        return str(self.manifest["package"].get("name", ""))

    def path(self, inner: str) -> str:
        """Return the path of one of its files."""
        return f"{self.directory}{inner}"

    def frameworks(self) -> Iterator[Fact]:
        """Yield what it answers requests with."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            if found := FRAMEWORK.match(line):
                yield Fact(found[1], self.path(MANIFEST), number)

    def programs(self, sources: Sources) -> Iterator[Program]:
        """Yield its programs, as cargo finds them.

        https://doc.rust-lang.org/cargo/reference/cargo-targets.html#target-auto-discovery
        """
        default = self.manifest["package"].get("default-run", self.name)
        known = {path: name for name, path in self._declared(sources)}
        if self.manifest["package"].get("autobins", True):
            for name, path in self._discovered(sources):
                known.setdefault(path, name)
        for path, name in known.items():
            if NAME.fullmatch(name):
                yield Program(name, path, is_main=name == default)

    def _declared(self, sources: Sources) -> Iterator[tuple[str, str]]:
        for one in self.manifest.get("bin", ()):
            name = str(one.get("name", ""))
            usual = (f"src/bin/{name}.rs", f"src/bin/{name}/main.rs", "src/main.rs")
            path = one.get("path") or next((p for p in usual if sources.has(self.path(p))), "")
            if name and path:
                yield name, self.path(path)

    def _discovered(self, sources: Sources) -> Iterator[tuple[str, str]]:
        if sources.has(self.path("src/main.rs")):
            yield self.name, self.path("src/main.rs")
        top = self.path("src/bin/")
        for path in sources.first:
            inner = path.removeprefix(top)
            name = inner.removesuffix("/main.rs").removesuffix(".rs")
            if path.startswith(top) and inner != name and "/" not in name:
                yield name, path


def read(sources: Sources) -> tuple[list[Package], list[str]]:
    """Return the packages, and the patterns by which the workspace, if it is one, names members.

    Raise RefusedError for manifests that adopt cannot go by.
    """
    found = _manifest(sources, MANIFEST)
    if found is None:
        raise RefusedError(f"git does not track {MANIFEST}", f"git add {MANIFEST}")
    _require_whole(sources, found[0])
    patterns = _members(found[0])
    inner = [path for path in sources.first if path.endswith(f"/{MANIFEST}")]
    paths = [path for path in inner if is_member(path.removesuffix(f"/{MANIFEST}"), patterns)]
    manifests = {path: _manifest(sources, path) for path in (MANIFEST, *paths)}
    packages = [
        Package(path.removesuffix(MANIFEST), *manifest)
        for path, manifest in manifests.items()
        if manifest and "package" in manifest[0]
    ]
    return packages, patterns


def is_member(directory: str, patterns: list[str]) -> bool:
    """Tell whether a workspace has a directory as a member."""
    return any(fnmatch(directory, pattern) for pattern in patterns)


def _members(manifest: Table) -> list[str]:
    """Return the patterns by which a workspace names its members."""
    found = manifest.get("workspace", {}).get("members", [])
    return [text for text in found if isinstance(text, str)]


def _require_whole(sources: Sources, root: Table) -> None:
    """Raise RefusedError for a member of a workspace whose root is elsewhere."""
    if "workspace" not in root and rust_workspaces.note(sources.root):
        raise RefusedError(
            f"this is below the {MANIFEST} of a workspace, which has the lock and builds it",
            "adopt where that is, and say which program: viscaffold adopt PATH --app NAME",
        )


def _manifest(sources: Sources, path: str) -> tuple[Table, str] | None:
    text = sources.text(path)
    if text is None:
        return None
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{path} cannot be read: {error}", f"correct {path}") from error
    tables = {"package": dict, "workspace": dict, "bin": list}
    wrong = [key for key, kind in tables.items() if not isinstance(found.get(key, kind()), kind)]
    if wrong or not all(isinstance(one, dict) for one in found.get("bin", [])):
        raise RefusedError(f"{path} is no manifest of cargo", f"correct {path}")
    return found, text
