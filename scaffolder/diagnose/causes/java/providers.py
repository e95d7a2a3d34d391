"""Providers that a Java program looks up with ServiceLoader, and that nothing declares."""

from posixpath import join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, content, ended, logged
from scaffolder.diagnose.evidence.files import PROGRAM
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs import jars
from scaffolder.text import quoted

from .literals import launched_literals
from .resources import class_path, has

LOADER = "java/util/ServiceLoader"
OF_JAVA = ("java/", "javax/", "[")
LOST = r"(?i:provider|implementation|driver|plugin|codec|handler|adapter)"
TELLS = rf"[^\n]*(?:NoSuchElementException|\b[Nn]o\b[^\n]{{0,40}}?{LOST})[^\n]*"
"""What a program says that has found none."""
DECLARED = "META-INF/services/"
MOST = 3


@cause(
    "java-provider-missing",
    "a Java program looks up an implementation that no file in META-INF/services declares",
    pattern="image",
    reads=["logs", "files"],
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["java-framework", "said-why", "ends-itself"],
)
def java_provider_missing(case: Case) -> Found | None:
    """Find a class that asks ServiceLoader for something that no jar of the class path declares.

    A jar made of several others has only one file of each name: what the others declared is lost
    (ServiceLoader, "Deploying service providers on the class path").
    """
    told = case.said(TELLS)
    if told is None and not case.is_silent:
        return None
    places = list(class_path(case))
    for path, named in launched_literals(case, LOADER, jars.CLASS):
        own = [
            name for name in named if not name.startswith(OF_JAVA) and _is_kind(case, places, name)
        ]
        sought = [f"{DECLARED}{name.replace('/', '.')}" for name in own]
        if not sought or not places or any(has(case, at, each) for at in places for each in sought):
            continue
        others = any(n.startswith(DECLARED) for _path, names in places for n in names)
        listed = " or ".join(sought[:MOST])
        ends = f", and ends over {case.line(told).strip()[:160]}" if told else ""
        return Found(
            f"the program looks up an implementation with ServiceLoader, and {path} has no"
            f" {listed}, which would name one: it finds none{ends}",
            "have the build keep META-INF/services (in one jar of several, their files are to be"
            f" merged: ServicesResourceTransformer, mergeServiceFiles), and look (unzip -l"
            f" {quoted(path)})",
            (
                *((logged(case, told),) if told else ()),
                content(case, path, f"a class refers to {LOADER.replace('/', '.')}"),
                Evidence(
                    "files",
                    f"unzip -l {quoted(path)}",
                    f"{'others' if others else 'nothing'} in {DECLARED}",
                ),
                ended(case),
            ),
        )
    return None


def _is_kind(case: Case, places: list[tuple[str, frozenset[str]]], name: str) -> bool:
    """Tell whether a class is one that others implement."""
    for path, inside in places:
        file = f"{name}.class"
        if not inside:
            found = case.files.content(join(path, file), PROGRAM)
        elif file in inside:
            found = jars.content(case.files.content(path, PROGRAM) or b"", file)
        else:
            continue
        if found:
            return jars.is_abstract(found)
    return False
