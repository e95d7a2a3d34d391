"""What is verified is read from a tree, wherever it is exported to."""

import os
from pathlib import Path

from conftest import git, viscaffold
from teams import MakeTeam

from scaffolder.engine.git import repository
from scaffolder.operations import ALWAYS, proof


def test_the_relative_path_of_an_overlay_begins_at_the_service(
    team: MakeTeam, tmp_path: Path
) -> None:
    overlay, root = team(), tmp_path / "shop"
    assert viscaffold("new", str(root), "--template", str(overlay), "--trust").code == 0
    answers = root / ".copier-answers.yml"
    relative = os.path.relpath(overlay, root)
    text = answers.read_text(encoding="utf-8").replace(str(overlay), relative)
    answers.write_text(text, encoding="utf-8")
    git(root, "add", "--all")
    found = repository(root)
    assert found

    with proof.subject(found, found.git, git(root, "write-tree").strip(), trust=ALWAYS) as subject:
        (recorded,) = subject.configuration["overlays"]

    assert f"source: {relative}\n" in text
    assert recorded["source"]
