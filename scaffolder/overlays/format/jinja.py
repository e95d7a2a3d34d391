"""What the templates of an overlay may say, checked before any is rendered."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from scaffolder import temporary
from scaffolder.engine.trees import Tree, read_tree, write_files
from scaffolder.templates import sandbox_process
from scaffolder.templates.jinja_limits import FILTERS, VARIABLES, environment
from scaffolder.templates.placement import SHARED, SUFFIX, TEMPLATE
from scaffolder.text import shown

from .files import REMOVED, STAGES
from .yaml_document import Node, OverlayError, Page, closest

if TYPE_CHECKING:
    from jinja2 import nodes

WORDS = ("caller", "cycler", "dict", "joiner", "loop", "namespace", "none", "range", "self",
         "true", "false", "varargs", "kwargs", *VARIABLES)  # fmt: skip
"""What no question can be called: Jinja has it, or it is refused."""


def check_value(page: Page, node: Node, value: object) -> None:
    """Raise OverlayError if a value of a YAML file is a template that cannot be rendered."""
    if isinstance(value, str) and "{" in value:
        for problem, hint, _ in _problems(value):
            raise page.error(node, problem, hint)


def check_apart(tree: Tree, label: str) -> None:
    """Do the same as `check_tree` in the sandbox: texts of others, of whatever length and depth."""
    read = {path: entry for path, entry in tree.items() if _is_read(path) or "{" in path}
    with temporary.directory() as root:
        write_files(read, root)
        found = sandbox_process.call(check_in_process, root=str(root), label=label)
    if "error" in found:
        words = found["error"] if "hint" in found else f"{label}{TEMPLATE}/: {found['error']}"
        raise OverlayError(words, found.get("hint", ""))


def check_in_process(root: str, label: str) -> sandbox_process.Answer:
    """Check the templates in a directory, in the process; return the error, if there is one."""
    try:
        check_tree(read_tree(Path(root)), label)
    except OverlayError as error:
        return {"error": error.message, "hint": error.hint}
    return {}


def check_tree(tree: Tree, label: str) -> None:
    """Raise OverlayError, with file and line, for the first template that cannot be rendered."""
    for path, (_, content) in tree.items():
        in_template = path.startswith(f"{TEMPLATE}/")
        if in_template and "{" in path:
            for problem, hint, _ in _problems(path):
                raise OverlayError(f"{label}{path}: in its name: {problem}", hint)
        if _is_read(path):
            _check_text(f"{label}{path}", content)


def _is_read(path: str) -> bool:
    """Tell whether Jinja reads a file; others are copied as they are."""
    rendered = path.endswith(SUFFIX) or path.startswith(f"{TEMPLATE}/{SHARED}/")
    return path in (STAGES, REMOVED) or (rendered and path.startswith(f"{TEMPLATE}/"))


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
    from jinja2 import TemplateSyntaxError

    try:
        return _found(environment().parse(text))
    except TemplateSyntaxError as error:
        tag = re.match(r"Encountered unknown tag '(.*?)'", error.message or "")
        hint = "templates of overlays have the tags of Jinja, and no others" if tag else ""
        return [(f"Jinja cannot read it: {error.message}", hint, error.lineno)]
    except RecursionError:
        return [("Jinja cannot read it: it is nested too deeply", "compute less at once", 1)]
    except ValueError:
        return [("Jinja cannot read it: a number has too many digits", "write it in quotes", 1)]


def _found(parsed: "nodes.Template") -> list[tuple[str, str, int]]:
    from jinja2 import nodes

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
        problem = f"the attribute {shown(node.attr)} is out of reach of templates"
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
        return f"there is no {kind} {shown(name)}", hint
    return None


def _refused(name: str, refused: dict[str, str]) -> tuple[str, str]:
    return (
        f"{name} {refused[name]}, and the same answers have to give the same service",
        "use an answer instead: a question in viscaffold.yml",
    )
