"""A new overlay: small, working, with one stage and its tests."""

import shutil
from importlib import metadata
from pathlib import Path

from scaffolder import names
from scaffolder.creation import require_free
from scaffolder.errors import UsageError

STARTER = Path(__file__).parent / "starter"


def write(target: Path) -> list[str]:
    """Write an overlay that is called like its directory; return its paths.

    Raise UsageError if it cannot be called so, RefusedError if something is there.
    """
    name = target.name
    if not names.PATTERN.fullmatch(name) or len(name) > names.LONGEST or name == "viscaffold":
        raise UsageError(
            f"{names.shown(name)} cannot be a template's name: {names.RULE}",
            "viscaffold template init our-template",
        )
    require_free(target)
    version = metadata.version("viscaffold")
    shutil.copytree(STARTER, target, dirs_exist_ok=True)
    for page in (target / "viscaffold.yml", target / "README.md"):
        text = page.read_text(encoding="utf-8").replace("NAME", name, 1)
        page.write_text(text.replace("REQUIRES", version), encoding="utf-8")
    return sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
