"""Where verifications keep things: in the repository, once for all of its work trees."""

import shlex
from pathlib import Path

from scaffolder.engine.git import Repository
from scaffolder.errors import RefusedError


def home(repository: Repository) -> Path:
    """Return `.git/viscaffold` of a repository: the one that its linked work trees share."""
    return repository.common / "viscaffold"


def own(home: Path, name: str) -> Path:
    """Return a directory in it, which is made if it is not there.

    Raise RefusedError for a link: it may have come with a repository that was copied from somewhere
    else.
    """
    directory = there(home, name)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def there(home: Path, name: str) -> Path:
    """Return the same to read from, whether it is there or not; raise as `own`."""
    for path in (home, home / name):
        if path.is_symlink():
            raise RefusedError(
                f"{path} is a link, so viscaffold did not make it",
                f"remove it: rm {shlex.quote(str(path))}",
            )
    return home / name
