"""The texts in the classes of a Java program."""

from collections.abc import Iterator

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import PROGRAM, resolved
from scaffolder.diagnose.programs import jars
from scaffolder.diagnose.programs.java_command import Started

MOST = 6


def literals(case: Case, java: Started) -> Iterator[tuple[str, list[str]]]:
    """Yield the literals of its main class, or of what is beside it in a jar, and their file."""
    for place in java.places[:MOST]:
        for path in (f"{place}/{java.main.replace('.', '/')}.class", place):
            entry = resolved(case.files, path, case.config.workdir)
            is_file = entry is not None and entry.kind == "file"
            data = case.files.content(entry.path, PROGRAM) if entry and is_file else None
            if entry and data:
                is_class = data.startswith(jars.MAGIC)
                found = [*jars.literals(data)] if is_class else jars.texts(data, java.main)
                yield entry.path, found
