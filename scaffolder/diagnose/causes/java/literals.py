"""The texts in the classes of a Java program."""

from collections.abc import Iterator
from functools import partial

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.programs import jars
from scaffolder.diagnose.programs.java_command import Started, started
from scaffolder.diagnose.programs.native.binary import is_variable
from scaffolder.diagnose.programs.native.glued import NAME

MOST = 6


def variables(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the names that may be those of variables, and the file of the class that has them.

    They are in classes that ask for variables: names of constants look the same.
    """
    for path, texts in launched_literals(case, "getenv"):
        yield from ((t, path) for t in texts if NAME.fullmatch(t) and is_variable(t))


def launched_literals(
    case: Case, using: str = "", tag: int = jars.STRING
) -> Iterator[tuple[str, list[str]]]:
    """Yield the same as `literals` for each Java program that is started."""
    for item in case.launched:
        java = started(item.argv, case.config.env)
        yield from literals(case, java, using, tag) if java else ()


def literals(
    case: Case, java: Started, using: str = "", tag: int = jars.STRING
) -> Iterator[tuple[str, list[str]]]:
    """Yield the literals of its main class, or of what is beside it in a jar, and their file.

    Only of classes that use something of that name, if one is given; with the tag `jars.CLASS`, the
    classes that they refer to.
    """
    for place in java.places[:MOST]:
        for path in (f"{place}/{java.main.replace('.', '/')}.class", place):
            entry = resolved(case.files, path, case.config.workdir)
            is_file = entry is not None and entry.kind == "file"
            data = case.files.content(entry.path, PROGRAM) if entry and is_file else None
            if entry and data:
                is_class = data.startswith(jars.MAGIC)
                read = jars.literals if is_class else partial(jars.texts, main=java.main)
                found = [*read(data, using=using, tag=tag)]
                yield entry.path, found
