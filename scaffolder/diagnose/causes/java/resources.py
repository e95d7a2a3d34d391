"""Resources that a Java program reads from its class path, and that are not on it."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, logged
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import jars
from scaffolder.diagnose.programs.java_command import started
from scaffolder.text import quoted

from .literals import MOST, launched_literals

READS = ("getResourceAsStream", "getResource")
COMPUTED, ANY = "\x01", "*"
"""What stands in a text of a class for a part that is known at run time only, and for people."""
RESOURCE = re.compile(r"/?(?:[\w-]+/)*[\w.*-]+\.[A-Za-z]\w{0,11}")
"""A path with an ending, as resources have it: absolute, or beside the class."""


@cause(
    "java-resource-missing",
    "a file that a Java program reads from its class path is not on it",
    pattern="image",
    reads=["logs", "files", "rerun"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["java-framework", "said-why", "ends-itself", "config-malformed"],
)
def java_resource_missing(case: Case) -> Found | None:
    """Find, behind a null pointer, a resource that the classes name and the class path lacks."""
    told = case.said(r"[^\n]*NullPointerException[^\n]*")
    if told is None:
        return None
    places = list(class_path(case))
    for path, name in _asked(case):
        inner = name.removeprefix("/")
        if places and not any(has(case, place, inner) for place in places):
            return Found(
                f"the program reads the resource {name}, which is not in {path}: it gets null, and"
                f" ends over {case.line(told).strip()[:160]}",
                "put src/main/resources into the jar (with jar: -C src/main/resources .), and look"
                f" (unzip -l {quoted(path)})",
                (
                    logged(case, told),
                    content(case, path, f"a class names {name}"),
                    Evidence("files", f"unzip -l {quoted(path)}", f"no {inner}"),
                    ended(case),
                ),
            )
    return None


def _asked(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the resources that classes name, where any of them asks for one, and the jar."""
    asking = (texts for using in READS for _path, texts in launched_literals(case, using))
    if not any(asking):
        return
    for path, texts in launched_literals(case):
        patterns = (text.replace(COMPUTED, ANY) for text in texts)
        named = (text for text in patterns if RESOURCE.fullmatch(text) and "/" in text)
        yield from ((path, text) for text in named if not case.has(text))


def class_path(case: Case) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what is on the class path, each with the names in it if it is a jar."""
    for item in case.launched:
        java = started(item.argv, case.config.env)
        for place in java.places[:MOST] if java else ():
            entry = resolved(case.files, place, case.config.workdir)
            if entry and entry.kind == "file":
                yield entry.path, jars.names(case.files.content(entry.path, PROGRAM) or b"")
            elif entry:
                yield entry.path, frozenset()


def has(case: Case, place: tuple[str, frozenset[str]], name: str) -> bool:
    """Tell whether a place on the class path has a file of that name, or pattern."""
    path, names = place
    if any(fnmatchcase(known.removeprefix(jars.FOLDER), name) for known in names):
        return True
    return resolved(case.files, join(path, name.partition(ANY)[0])) is not None
