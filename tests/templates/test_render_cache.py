"""What a render that is known is known by."""

from importlib import metadata
from pathlib import Path

import pytest

from scaffolder.templates import render_cache

TOOLS = ("viscaffold", "copier", "jinja2")


def record(place: Path, name: str, version: str) -> None:
    about = place / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n", encoding="utf-8")


def test_versions_are_those_of_the_packages_that_render() -> None:
    assert render_cache.tools() == [metadata.version(name) for name in TOOLS]


def test_another_version_that_is_imported_first_is_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, "Jinja2", "99.1.dev0")
    monkeypatch.syspath_prepend(tmp_path)

    assert render_cache.tools()[-1] == metadata.version("jinja2") == "99.1.dev0"


def test_a_package_without_such_a_record_has_its_version_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jinja2.egg-info").write_text("Name: jinja2\nVersion: 98\n", encoding="utf-8")
    for name in ("viscaffold", "copier"):
        record(tmp_path, name, "1.0")
    monkeypatch.setattr("sys.path", [str(tmp_path), str(tmp_path / "nowhere")])

    assert render_cache.tools() == ["1.0", "1.0", "98"]
