"""Text of the template that is changed for a service: a template that has changed is noticed."""

from pathlib import Path

import existing
import pytest
from conftest import viscaffold

from scaffolder.adopt.replacing import replaced
from scaffolder.adopt.rust import service
from scaffolder.languages.base import Tree

CRATE = {
    "Cargo.toml": '[package]\nname = "pens"\n',
    "src/main.rs": 'fn main() { bind("0.0.0.0:3000") }\n',
}


def test_each_text_is_replaced() -> None:
    assert replaced("a b c", {"a": "x", "c": "z"}) == "x b z"


@pytest.mark.parametrize("text", ["b", "a a"])
def test_a_text_that_is_not_there_once_is_a_mistake_of_ours(text: str) -> None:
    with pytest.raises(AssertionError, match="the template has changed: 'a'"):
        replaced(text, {"a": "x"})


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("src/lib.rs", b"pub mod runtime;"),
        ("README.md", b"$ cargo run"),
        ("README.md", b"$ docker build"),
        ("Dockerfile", b"USER 1000:1000"),
        ("compose.yaml", b"    build: ."),
    ],
)
def test_a_template_without_what_a_crate_needs_changed_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, gone: bytes
) -> None:
    root = existing.write(tmp_path / "pens", CRATE)
    fitted = service.fitted

    def changed(render: Tree, *args: object) -> object:
        mode, content = render[path]
        assert gone in content
        return fitted({**render, path: (mode, content.replace(gone, b""))}, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "fitted", changed)
    assert viscaffold("adopt", str(root), "--yes").code == 70
