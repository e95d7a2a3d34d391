"""A new overlay: small, working, with one stage and its tests."""

import shutil
from importlib import metadata
from pathlib import Path

from scaffolder import names, temporary
from scaffolder.errors import UsageError, unknown
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.placing import placed, require_free
from scaffolder.text import shown

STARTER = Path(__file__).parent / "starter"
"""What each one has, in `all`, and what it has for a language."""


def write(target: Path, language: str = DEFAULT) -> list[str]:
    """Write an overlay for services in a language, called like its directory; return its paths.

    Raise UsageError if it cannot be called so, RefusedError if something is there.
    """
    if language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES, "viscaffold template init --help")
    name = target.name
    if not names.PATTERN.fullmatch(name) or len(name) > names.LONGEST or name == "viscaffold":
        raise UsageError(
            f"{shown(name)} cannot be a template's name: {names.RULE}",
            "viscaffold template init our-template",
        )
    require_free(target)
    version = metadata.version("viscaffold")
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary.beside(target) as directory:
        tree = directory / name
        for part in ("all", language):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(STARTER / part, tree, ignore=unwanted, dirs_exist_ok=True)
        for page in (tree / "viscaffold.yml", tree / "README.md"):
            text = page.read_text(encoding="utf-8").replace("NAME", name, 1)
            page.write_text(text.replace("REQUIRES", version), encoding="utf-8")
        with placed(tree, target):
            pass
    return sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
