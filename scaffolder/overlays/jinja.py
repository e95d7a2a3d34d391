"""What the templates of an overlay may say, checked before any is rendered."""

import re
from functools import cache
from typing import TYPE_CHECKING

from scaffolder import names
from scaffolder.engine.trees import Tree

from .files import REMOVED, SHARED, STAGES, SUFFIX, TEMPLATE
from .marks import Node, OverlayError, Page, closest

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

FILTERS = {
    **dict.fromkeys(("expanduser", "expandvars"), "reads the environment"),
    **dict.fromkeys(("fileglob", "realpath", "relpath"), "reads what is on the machine"),
    **dict.fromkeys(("ans_random", "random", "random_mac", "shuffle"), "is random"),
    "strftime": "reads the clock",
}
"""Filters that Copier offers, and that would make a render more than a function of the answers."""

VARIABLES = {
    "_copier_conf": "tells about the machine",
    "_copier_python": "tells about the machine",
    "_external_data": "reads files",
    "_folder_name": "tells about the machine",
    "lipsum": "is random",
    "make_secret": "is random",
    "now": "reads the clock",
}
"""The same, for variables and functions."""

WORDS = ("caller", "cycler", "dict", "joiner", "loop", "namespace", "none", "range", "self",
         "true", "false", "varargs", "kwargs", *VARIABLES)  # fmt: skip
"""What no question can be called: Jinja has it, or it is refused."""


@cache
def environment() -> "Environment":
    """Return a sandbox with the syntax and the filters that Copier has."""
    from jinja2.sandbox import SandboxedEnvironment
    from jinja2_ansible_filters import AnsibleCoreFiltersExtension

    return SandboxedEnvironment(
        extensions=[AnsibleCoreFiltersExtension],
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def check_value(page: Page, node: Node, value: object) -> None:
    """Raise OverlayError if a value of a YAML file is a template that cannot be rendered."""
    if isinstance(value, str) and "{" in value:
        for problem, hint, _ in _problems(value):
            raise page.error(node, problem, hint)


def check_tree(tree: Tree, label: str) -> None:
    """Raise OverlayError, with file and line, for the first template that cannot be rendered."""
    for path, (_, content) in tree.items():
        in_template = path.startswith(f"{TEMPLATE}/")
        if in_template and "{" in path:
            for problem, hint, _ in _problems(path):
                raise OverlayError(f"{label}{path}: in its name: {problem}", hint)
        if path in (STAGES, REMOVED) or (in_template and _rendered(path)):
            _check_text(f"{label}{path}", content)


def _rendered(path: str) -> bool:
    return path.endswith(SUFFIX) or path.startswith(f"{TEMPLATE}/{SHARED}/")


def _check_text(where: str, content: bytes) -> None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise OverlayError(
            f"{where}:{line}: a template is UTF-8, and this line is not",
            f"a file that is copied as it is has no {SUFFIX} at the end of its name",
        ) from error
    for problem, hint, line in _problems(text):
        raise OverlayError(f"{where}:{line}: {problem}", hint)


def _problems(text: str) -> list[tuple[str, str, int]]:
    """Return what is wrong with a template: problem, hint and line, in the order of lines."""
    from jinja2 import TemplateSyntaxError, nodes

    try:
        parsed = environment().parse(text)
    except TemplateSyntaxError as error:
        tag = re.match(r"Encountered unknown tag '(.*?)'", error.message or "")
        hint = "templates of overlays have the tags of Jinja, and no others" if tag else ""
        return [(f"Jinja cannot read it: {error.message}", hint, error.lineno)]
    found = []
    for node in parsed.find_all((nodes.Filter, nodes.Test, nodes.Name, nodes.Getattr)):
        problem = _problem(node)
        if problem:
            found.append((*problem, node.lineno))
    return sorted(found, key=lambda entry: entry[2])


def _problem(node: "nodes.Node") -> tuple[str, str] | None:
    from jinja2 import nodes

    known = environment()
    if isinstance(node, nodes.Filter):
        return _named("filter", node.name, list(known.filters), FILTERS)
    if isinstance(node, nodes.Test):
        return _named("test", node.name, list(known.tests), {})
    if isinstance(node, nodes.Name) and node.name in VARIABLES:
        return _refused(node.name, VARIABLES)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        problem = f"the attribute {names.shown(node.attr)} is out of reach of templates"
        return problem, "templates compute texts from answers, and reach nothing behind them"
    return None


def _named(
    kind: str, name: str, known: list[str], refused: dict[str, str]
) -> tuple[str, str] | None:
    if name in refused:
        return _refused(name, refused)
    if name not in known:
        allowed = [other for other in known if other not in refused]
        hint = closest(name, allowed)
        hint = hint if hint.startswith("did") else "the filters and tests of Jinja and Copier"
        return f"there is no {kind} {names.shown(name)}", hint
    return None


def _refused(name: str, refused: dict[str, str]) -> tuple[str, str]:
    return (
        f"{name} {refused[name]}, and the same answers have to give the same service",
        "use an answer instead: a question in viscaffold.yml",
    )
