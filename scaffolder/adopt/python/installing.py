"""What an image around their own command installs: from their lock, or from what they declare."""

import posixpath

from scaffolder.errors import RefusedError

from . import dynamic, requirements
from . import manifest as manifests
from .found import Found

LOCKS = {
    "uv.lock": (
        "uv",
        "uv export --quiet --frozen --no-dev --no-emit-project --output-file run.txt",
    ),
    "poetry.lock": (
        "poetry poetry-plugin-export",
        "poetry export --quiet --output run.txt",
    ),
}
"""Lock → the tool that reads it, and how that writes it as pip takes it, with digests."""

LOCKED = """\
COPY pyproject.toml {lock} ./
RUN pip --python /opt/build install {tool} \\
    && /opt/build/bin/{export}
"""
DECLARED = """\
COPY pyproject.toml .
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\\n')" > run.txt
"""  # noqa: E501 - a line of a Dockerfile
INSTALLED = """\
# Dependencies change rarely: this layer is rebuilt only when what declares them changes.
# Bytecode is validated by hash, so that copying and rebuilding do not invalidate it.
{copied}RUN pip --python /opt/venv install -r {file} \\
    && python -m compileall -q --invalidation-mode checked-hash /opt/venv

"""


def lines(found: Found) -> str:
    """Return the lines of a Dockerfile that install what a service needs to run.

    Raise RefusedError where nothing of theirs says what that is.
    """
    named = dynamic.files(found.manifest)
    files = requirements.to_run(found.sources, named)
    is_listed = found.manifest.get("project", {}).get("dependencies")
    for lock, (tool, export) in LOCKS.items():
        if found.sources.has(lock) and found.sources.has(manifests.MANIFEST):
            copied = LOCKED.format(lock=lock, tool=tool, export=export)
            return INSTALLED.format(copied=copied, file="run.txt")
    if files:
        copied = "".join(f"COPY {file} {posixpath.dirname(file) or '.'}/\n" for file in files)
        return INSTALLED.format(copied=copied, file=" -r ".join(named or files[:1]))
    if is_listed:
        return INSTALLED.format(copied=DECLARED, file="run.txt")
    of_poetry = manifests.of_poetry(found.manifest) is not None
    raise RefusedError(
        "nothing says what an image has to install",
        "poetry lock, and commit poetry.lock"
        if of_poetry
        else f"{requirements.RUN[0]}, or [project] with dependencies in {manifests.MANIFEST}",
    )
