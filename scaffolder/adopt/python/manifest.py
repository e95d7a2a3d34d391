"""The manifest of an adopted Python service: theirs, with what the runtime and the stages need."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from scaffolder.adopt.sources import Sources
from scaffolder.errors import RefusedError

from . import dynamic, poetry
from .requirements import Needed

MANIFEST = "pyproject.toml"
TOOLS = re.compile(r"^\[tool\.(?:pytest|mypy|ruff)[^\n]*\n(?:(?!\[).*\n?)*", re.MULTILINE)
"""How the template tests and checks code: the service has its own ways."""

BUILD = re.compile(r"^\[build-system\]\n(?:(?!\[).*\n)*", re.MULTILINE)
HATCH = re.compile(r"^\[tool\.hatch[^\n]*\n(?:(?!\[).*\n?)*", re.MULTILINE)
SETUPTOOLS = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

"""
CHECKERS = ("mypy", "ruff")
"""Of the template's tools for development: which ones the service uses is for its owner to say."""

TOO_OLD, KNOWN = "3.10.99", ("3.11", "3.12", "3.13", "3.14")


def read(sources: Sources) -> dict[str, Any]:
    """Return their pyproject.toml; empty if there is none.

    Raise RefusedError for one that cannot be read, or that says elsewhere what the service needs.
    """
    text = sources.text(MANIFEST)
    try:
        found = tomllib.loads(text or "")
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{MANIFEST} cannot be read: {error}", f"correct {MANIFEST}") from error
    project, tool = found.get("project", {}), found.get("tool", {})
    if not isinstance(project, dict) or not isinstance(tool, dict):
        raise RefusedError(f"{MANIFEST} has no tables [project] and [tool]", f"correct {MANIFEST}")
    unknown = [path for path in dynamic.files(found) if not sources.has(path)]
    if dynamic.is_so(found) and (unknown or not dynamic.files(found)):
        raise RefusedError(
            f"{MANIFEST} says that its dependencies are elsewhere (dynamic)",
            "move them to dependencies = [...] in [project], and adopt again",
        )
    _require_python(requires_python(found))
    return found


def of_poetry(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return [tool.poetry] where that is all that says what the service needs; None otherwise."""
    table = manifest.get("tool", {}).get("poetry")
    return table if isinstance(table, Mapping) and not manifest.get("project") else None


def requires_python(manifest: Mapping[str, Any]) -> str:
    """Return the versions of Python that the service is for; empty for any."""
    table = of_poetry(manifest)
    if table is not None:
        return poetry.python(table)
    return str(manifest.get("project", {}).get("requires-python", ""))


def _require_python(asked: str) -> None:
    """Raise RefusedError where the service is for a Python that the runtime does not know."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        wanted = SpecifierSet(asked)
    except InvalidSpecifier:
        wanted = SpecifierSet("<0")
    if asked and (wanted.contains(TOO_OLD) or not any(map(wanted.contains, KNOWN))):
        raise RefusedError(
            f'{MANIFEST} has requires-python = "{asked}", and the runtime needs Python 3.11',
            f'if the service runs with it: requires-python = ">=3.11" in {MANIFEST}',
        )


def python_of(manifest: Mapping[str, Any], usual: str) -> str:
    """Return the version of Python for an image: the usual one, or the newest that it allows."""
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(requires_python(manifest))
    fit = [version for version in KNOWN if wanted.contains(f"{version}.99")]
    return usual if usual in fit or not fit else fit[-1]


def new(rendered: str, needed: Needed, *, setuptools: bool) -> str:
    """Return a manifest for a service that has none: the template's, with what it needs.

    With setuptools, the version and the rest stay where they are.
    """
    needed = needed.without(*_items(rendered, "dependencies"), *_dev(rendered))
    kept = TOOLS.sub("", rendered)
    if setuptools:
        kept = HATCH.sub("", BUILD.sub(SETUPTOOLS, kept)).replace(
            'version = "0.1.0"\n', 'dynamic = ["version"]\n'
        )
    kept = _with_items(kept, "dependencies", _quoted(needed.run))
    for line in {*_dev(kept)} - {*_others(_dev(kept), needed.dev)}:
        kept = kept.replace(f"    {line}\n", "", 1)
    kept = _with_items(kept, "dev", _quoted(needed.dev))
    return _without_checkers(kept).rstrip("\n") + "\n"


def completed(rendered: str, theirs: str, needed: Needed) -> str:
    """Return theirs with the template's dependencies.

    The template's lines stay in one piece, so that a stage which comes later finds its own. Raise
    RefusedError for a file that is written in a way that lines cannot be added to.
    """
    try:
        had = tomllib.loads(theirs)
        if dynamic.is_so(had):
            theirs, had = dynamic.declared(theirs), dynamic.expected(had)
        made = _completed(rendered, theirs, needed)
        is_right = _differs_in_dependencies_alone(had, tomllib.loads(made))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        is_right = False
    if not is_right:
        raise RefusedError(
            f"{MANIFEST} is valid, but not written as adopt can add lines to it",
            "have [project] and [dependency-groups] on lines of their own, and in them "
            'dependencies = ["..."] and dev = ["..."], not indented; then adopt again',
        )
    return made


def _differs_in_dependencies_alone(theirs: dict[str, Any], made: dict[str, Any]) -> bool:
    """Tell whether all that was there is there, and what was added is where it has to be."""
    run, dev = made["project"]["dependencies"], made["dependency-groups"]["dev"]
    had = theirs.get("project", {})
    groups = theirs.get("dependency-groups", {})
    has_all = {*had.get("dependencies", [])} <= {*run} and {*groups.get("dev", [])} <= {*dev}
    project = {**had, "dependencies": run} if had else made["project"]
    expected = {**theirs, "project": project, "dependency-groups": {**groups, "dev": dev}}
    return has_all and made == expected


def _completed(rendered: str, theirs: str, needed: Needed) -> str:
    run, dev = _items(rendered, "dependencies"), _dev(rendered)
    needed = needed.without(*run, *dev)
    text = theirs if theirs.endswith("\n") else f"{theirs}\n"
    if not re.search(r"^\[project\]", text, re.MULTILINE):
        head = re.search(r"^\[project\]\n(?:(?!\[dep).*\n)*", rendered, re.MULTILINE)
        text += "\n" + _named(head[0] if head else "", tomllib.loads(theirs))
        return _in_group(_with_items(text, "dependencies", _quoted(needed.run)), needed.dev, dev)
    extras = tomllib.loads(text)["project"].get("optional-dependencies", {})
    also = [item for name in ("dev", "test", "tests") for item in _texts(extras.get(name, []))]
    text = _with_items(text, "dependencies", [*_quoted(needed.run), *run], table="project")
    return _in_group(text, [*also, *needed.dev], dev)


def _named(head: str, theirs: Mapping[str, Any]) -> str:
    """Return the beginning of [project] with the name and version that Poetry has."""
    table = of_poetry(theirs) or {}
    said = {key: table.get(key) for key in ("name", "version")}
    said["requires-python"] = requires_python(theirs)
    for key, value in said.items():
        if isinstance(value, str) and re.fullmatch(r"[\w.+<>=!~, -]+", value, re.ASCII):
            head = re.sub(rf"^{key} = .*$", f'{key} = "{value}"', head, flags=re.MULTILINE)
    return head


def _texts(found: object) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise TypeError("no list of texts")
    return found


def _in_group(text: str, own: list[str] | tuple[str, ...], template: list[str]) -> str:
    """Add what tests need to the group `dev`, which is made if it is not there."""
    groups = tomllib.loads(text).get("dependency-groups", {})
    there = [item for item in groups.get("dev", []) if isinstance(item, str)]
    lines = [*_quoted(own), *_others(template, [*there, *own])]
    if "dev" in groups:
        return _with_items(text, "dev", lines, table="dependency-groups")
    block = "dev = [\n" + "".join(f"    {line}\n" for line in lines) + "]\n"
    if groups:
        return text.replace("[dependency-groups]\n", f"[dependency-groups]\n{block}", 1)
    return f"{text}\n[dependency-groups]\n{block}"


def _others(lines: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return the lines of the template for tools that they have not chosen a version of."""
    chosen = {_tool(line) for line in own if re.search(r"[<>=~@]", line)}
    return [line for line in lines if _tool(line) not in chosen]


def _tool(requirement: str) -> str:
    """Return the name of what a requirement names, as all spellings of it have it."""
    found = re.match(r'"?([\w.-]+)', requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def requirements(manifest: str) -> dict[str, list[str]]:
    """Return what is installed to run it, and to work on it, as it is before it is locked."""
    found = tomllib.loads(manifest)
    run = _texts(found["project"].get("dependencies", []))
    group = found.get("dependency-groups", {}).get("dev", [])
    dev = {*run, *(item for item in group if isinstance(item, str))}
    dev |= {*found.get("build-system", {}).get("requires", [])}
    return {"run": sorted(run), "dev": sorted(dev)}


def _quoted(requirements: list[str] | tuple[str, ...]) -> list[str]:
    return [f'"{item}",' for item in requirements]


def _items(text: str, key: str) -> list[str]:
    """Return the lines of a list of the template, as they stand there."""
    found = re.search(rf"^{key} = \[\n((?:    .*\n)*)\]", text, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


def _dev(text: str) -> list[str]:
    return [line for line in _items(text, "dev") if not line.strip('"').startswith(CHECKERS)]


def _without_checkers(text: str) -> str:
    return re.sub(rf'^    "(?:{"|".join(CHECKERS)})[^\n]*\n', "", text, flags=re.MULTILINE)


def _with_items(text: str, key: str, lines: list[str], table: str = "") -> str:
    """Put lines at the beginning of a list of the template, or at the end of one of theirs.

    The lines of the template are so the last ones in both: where the template changes one, git
    finds nothing of theirs beside it but before the first. A list that is not there is made.
    """
    if not lines:
        return text
    head = re.compile(rf"^\[{re.escape(table)}\][^\n]*\n", re.MULTILINE).search(text)
    at = head.end() if table and head else 0
    block = "".join(f"    {line}\n" for line in lines)
    found = re.compile(rf"^{key}\s*=\s*\[", re.MULTILINE).search(text, at)
    if found is None:
        return f"{text[:at]}{key} = [\n{block}]\n{text[at:]}"
    if not table:
        return f"{text[: found.end()]}\n{block}{text[found.end() :].removeprefix(NEWLINE)}"
    end, comma = _end(text, found.end())
    items = text[found.end() : comma].strip()
    rest = text[comma:end].strip()
    own = f"    {items},\n" if items else ""
    return f"{text[: found.end()]}\n{own}{_lines(rest)}{block}{text[end:]}"


NEWLINE = "\n"
TOKEN = re.compile(r"""\"[^"\n]*\"|'[^'\n]*'|\#[^\n]*|\{|\}|\]""")


def _end(text: str, at: int) -> tuple[int, int]:
    """Return where a list ends that begins at a place, and where its last item does."""
    last = at
    for token in TOKEN.finditer(text, at):
        if token[0] == "]":
            return token.start(), last
        if not token[0].startswith("#"):
            last = token.end()
    raise ValueError("a list has no end")


def _lines(rest: str) -> str:
    """Return what follows the last item, without its comma."""
    kept = rest.removeprefix(",").strip()
    return f"    {kept}\n" if kept else ""
