"""The Rust version that a service states is the one that it needs; it may use all its crates."""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import rust_services

from scaffolder.templates import catalogue, template

EVERY = tuple(sorted(catalogue.load(template.builtin().root, "rust").stages))
RUST_VERSION = re.compile(r"^rust-version = \"([\d.]+)\"$", re.MULTILINE)
WORD = re.compile(r"[\w.+-]+")

Package = dict[str, Any]


@pytest.fixture(scope="module")
def service() -> Path:
    return rust_services.sources(EVERY)


@pytest.fixture(scope="module")
def crates(service: Path) -> list[Package]:
    """What cargo knows of every crate of a service with all stages."""
    printed = rust_services.cargo(service, "metadata", "--format-version=1", "--quiet")
    return [package for package in json.loads(printed)["packages"] if package["source"]]


@pytest.fixture(scope="module")
def deny(service: Path) -> dict[str, Any]:
    return tomllib.loads((service / "deny.toml").read_text(encoding="utf-8"))


def version(text: str) -> tuple[int, ...]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def accepts(allowed: Iterable[str], expression: str) -> bool:
    """Tell whether an expression of SPDX leaves a choice of licenses that are all allowed."""
    text = expression.replace("/", " OR ").replace(" WITH ", "-WITH-")
    words = {"OR": "or", "AND": "and", **dict.fromkeys(allowed, "True")}
    return bool(eval(WORD.sub(lambda word: words.get(word[0], "False"), text)))


def test_the_stated_version_of_rust_is_the_highest_that_a_crate_needs(
    service: Path, crates: list[Package]
) -> None:
    stated = RUST_VERSION.search((service / "Cargo.toml").read_text(encoding="utf-8"))
    needed = {crate["name"]: crate["rust_version"] for crate in crates if crate["rust_version"]}
    highest = max(version(found) for found in needed.values())

    assert stated
    assert version(stated[1]) == highest, [n for n, v in needed.items() if version(v) == highest]


def test_every_file_names_the_same_version_of_rust(service: Path) -> None:
    stated = RUST_VERSION.search((service / "Cargo.toml").read_text(encoding="utf-8"))
    workflow = (service / ".github/workflows/ci.yml").read_text(encoding="utf-8")

    assert stated
    assert f'rust: ["{stated[1]}", stable]' in workflow
    assert f"({stated[1]} or newer)" in (service / "README.md").read_text(encoding="utf-8")


def test_every_license_is_accepted(crates: list[Package], deny: dict[str, Any]) -> None:
    allowed = deny["licenses"]["allow"]

    assert [c["name"] for c in crates if not accepts(allowed, c["license"])] == []
    assert accepts(allowed, "(GPL-3.0-only OR MIT) AND Unicode-3.0")
    assert not accepts(allowed, "GPL-3.0-only AND MIT")
    assert not accepts(allowed, "AGPL-3.0-only/GPL-2.0-only")


def test_no_crate_is_one_that_is_refused(crates: list[Package], deny: dict[str, Any]) -> None:
    names = {crate["name"] for crate in crates}

    assert len(names) > 100
    assert not names & set(deny["bans"]["deny"])
    assert {crate["source"].split("+")[0] for crate in crates} == {"registry"}
