"""Files of the template, edited for code that stays where it is."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scaffolder.adopt.replacing import replaced

from . import manifest as manifests

DOCKERIGNORE = """\
# No secrets, no history, and nothing that the service does not need to run.
.git
.env
.env.*
**/.venv
**/venv
**/__pycache__
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
data
tests
"""

FROM_FILE = """\
    # Your own settings, if there is the file (Docker Compose 2.24); its PORT is the published one.
    env_file: [{path: .env, required: false}]
"""

IGNORED = (".env", "/data/")
"""What git has to ignore: secrets, and what the service writes."""

BESIDE = {
    "Dockerfile": "service.Dockerfile",
    ".dockerignore": "service.Dockerfile.dockerignore",
    "compose.yaml": "service.compose.yaml",
}
"""How files are called that stand beside theirs."""

BUILT = re.compile(r"^# The service itself changes often\.[\s\S]*?(?=^FROM )", re.MULTILINE)
"""How the template builds and installs a service that is a package alone."""

CHECKED = """\
# An incomplete lock fails here: `viscaffold lock` renews it.
RUN pip --python /opt/venv check

"""


def dockerfile(text: str) -> str:
    """Return the template's Dockerfile for code that is copied as it lies there."""
    return copied(substituted(BUILT, text, CHECKED))


def unlocked(text: str, requirements: Sequence[str]) -> str:
    """Return a file of requirements that has all of theirs, under what the template says of it."""
    return "\n".join([text.partition("\n")[0], *requirements, ""])


def with_python(text: str, manifest: Mapping[str, Any]) -> str:
    """Return a Dockerfile whose images have a Python that the service allows."""
    usual = re.search(r"python:(3\.\d+)-", text)
    if usual is None:
        raise AssertionError("the template has changed: its images")
    version = manifests.python_of(manifest, usual[1])
    return text.replace(f"python:{usual[1]}-", f"python:{version}-")


def with_settings(text: str, port: int) -> str:
    """Return a compose file by which the service gets its own settings, too, from .env."""
    listed = re.search(r"^    environment:\n", text, re.MULTILINE)
    if listed is None:
        raise AssertionError("the template has changed: its environment")
    return text.replace(listed[0], f"{FROM_FILE}{listed[0]}      - PORT={port}\n", 1)


def copied(text: str) -> str:
    """Return a Dockerfile that copies the code as it lies there, and where Python finds it."""
    last, venv = "    PYTHONUNBUFFERED=1", "COPY --from=builder /opt/venv /opt/venv\n"
    return replaced(
        text,
        {
            f"{last}\nWORKDIR /app": f"{last} \\\n    PYTHONPATH=/app/src\nWORKDIR /app",
            venv: f"{venv}COPY . .\n",
        },
    )


def built_by(dockerfile: str) -> str:
    """Return what a compose file says of the Dockerfile that builds its image."""
    if dockerfile == "Dockerfile":
        return "build: ."
    return f"build: {{context: ., dockerfile: {dockerfile}}}"


def conftest(text: str) -> str:
    """Return the fixtures of the stages' tests, which find the code by themselves."""
    text = replaced(
        text,
        {
            'SOURCE = Path(__file__).parent.parent / "src"': "ROOT = Path(__file__).parents[2]\n"
            'SOURCE = ROOT / "src"\n'
            "sys.path[:0] = [str(SOURCE), str(ROOT)]"
        },
    )
    found = re.search(r"^from \w+\.app import create_app\n\n?", text, re.MULTILINE)
    if found is None:
        raise AssertionError("the template's conftest.py has changed")
    text = text.replace(found[0], "")
    place = "sys.path[:0] = [str(SOURCE), str(ROOT)]\n"
    return text.replace(place, f"{place}\n{found[0].strip()}  # noqa: E402 - found by that path\n")


def substituted(pattern: "re.Pattern[str]", text: str, new: str) -> str:
    """Replace what the template has once, as `replaced` does."""
    text, count = pattern.subn(lambda _: new, text)
    if count != 1:
        raise AssertionError(f"the template has changed: {pattern.pattern!r}")
    return text


def edited(theirs: str, edit: Callable[[str], str]) -> str:
    """Edit a text of theirs, in which each line ends as all of them do."""
    if "\n" in theirs and theirs.count("\r\n") == theirs.count("\n"):
        return edit(theirs.replace("\r\n", "\n")).replace("\n", "\r\n")
    return edit(theirs)


def gitignore(theirs: str) -> str:
    """Return theirs with what has to be ignored, too; unchanged if all of it is there."""
    there = {line.strip().strip("/") for line in theirs.splitlines()}
    missing = [name for name in IGNORED if name.strip("/") not in there]
    end = "" if theirs.endswith("\n") or not theirs else "\n"
    return theirs + end + "".join(f"{name}\n" for name in missing)
