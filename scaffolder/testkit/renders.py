"""What must hold of the files of every set of stages, without running any."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import partial

from scaffolder.overlays.format.files import NOTICES
from scaffolder.overlays.format.yaml_document import closest
from scaffolder.text import printable, shown

from . import combinations
from .results import Result, timed
from .subject import Subject

PROSE = (".md", ".toml", ".yaml", ".yml", ".example")


def check(subject: Subject) -> Iterator[Result]:
    """Look at the notices, render every set, and compare."""
    if subject.overlay.notices:
        yield timed("notices", subject.own, partial(_notices, subject))
    for stages in combinations.all_sets(subject.catalogue):
        yield timed("render", stages, partial(_tidy, subject, stages))
    every = combinations.all_sets(subject.catalogue)[-1]
    yield timed("again", every, partial(_again, subject, every))
    yield timed("apart", every, partial(_apart, subject))
    yield timed("complete", subject.own, partial(_complete, subject))
    for name, question in subject.overlay.manifest.questions.items():
        for value in question.get("choices", []):
            yield timed(f"{name}={value}", every, partial(_renders, subject, every, {name: value}))


def _renders(subject: Subject, stages: tuple[str, ...], other: dict[str, object]) -> list[str]:
    subject.fresh(stages, other)
    return []


def _notices(subject: Subject) -> list[str]:
    """Return notices of stages that never were, and of settings that a stage still reads."""
    known = subject.catalogue
    former = {old for stage in known.stages.values() for old in stage.formerly}
    names = {*known.stages, *known.elsewhere, *known.removed, *former}
    reads = {
        s: name for name, stage in known.stages.items() for s in stage.settings(known.language)
    }
    label = f"{subject.overlay.layer.label}{NOTICES}"
    found = []
    for title, notice in subject.overlay.notices.items():
        where = f"{label}: the notice {shown(title)}"
        found += [
            f"{where} is for {shown(stage)}, which is not a stage\nTry: {closest(stage, names)}"
            for stage in notice.get("stages", ()) if stage not in names
        ]  # fmt: skip
        found += [
            f"{where} has {setting}, which the stage {reads[setting]} reads\n"
            "Try: `settings` are those that are gone: take it out of one of them"
            for setting in notice.get("settings", ()) if setting in reads
        ]  # fmt: skip
    return found


def _tidy(subject: Subject, stages: tuple[str, ...]) -> list[str]:
    """Return where text is not formatted: spaces and blank lines at ends, tabs, no last newline."""
    origins = subject.origins()
    found = []
    for path, (_, content) in subject.tree(stages).items():
        for line, problem in _untidy(path, content):
            shown = printable(origins.get(path, path))
            found.append(f"{shown}{f':{line}' if line else ''}: {problem}")
    manifest = subject.toolchain.manifest
    wrong = subject.tools.manifest_problem(subject.tree(stages)[manifest][1])
    return [*found, f"{manifest}: {wrong}"] if wrong else found


def _untidy(path: str, content: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return  # no text
    if not text:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line != line.rstrip():
            yield number, "white space at the end of a line"
        elif "\t" in line and not path.endswith("Makefile"):
            yield number, "a tab"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield 0, "a file ends with one newline"
    prose = re.sub(r"```.*?```", "(code)", text, flags=re.DOTALL)
    blank = prose.find("\n\n\n") if path.endswith(PROSE) else -1
    if blank >= 0:
        yield 0, f"two blank lines, after {prose[:blank].splitlines()[-1][:40]!r}"


def _again(subject: Subject, stages: tuple[str, ...]) -> list[str]:
    one, other = subject.tree(stages), subject.fresh(stages)
    differ = sorted(path for path in {*one, *other} if one.get(path) != other.get(path))
    return [f"{printable(path)}: differs when it is rendered again" for path in differ]


def _apart(subject: Subject) -> list[str]:
    """Return the files that two stages write."""
    base = subject.tree(tuple(subject.catalogue.chosen([])))
    writes: dict[str, str] = {}
    found = []
    always = subject.catalogue.chosen([])
    for name in (stage for stage in subject.catalogue.stages if stage not in always):
        closure = subject.catalogue.chosen([name])
        required = subject.tree(tuple(n for n in closure if n != name))
        tree = subject.tree(tuple(closure))
        for path in sorted(tree.keys() - base.keys() - required.keys()):
            other = writes.setdefault(path, name)
            if other != name:
                found.append(f"{printable(path)}: both {other} and {name} write it")
    return found


def _complete(subject: Subject) -> list[str]:
    """Return the stages of the overlay without tests or a page."""
    found = []
    for name in subject.own:
        tree = subject.tree(tuple(subject.catalogue.chosen([name])))
        stage = subject.catalogue.stages[name]
        tests = subject.toolchain.stage_tests.replace("{stage}", name)
        if stage.code and not any(fnmatch(path, tests) for path in tree):
            found.append(f"the stage {name} has no tests: {tests.replace('*', '')}")
        if f"docs/stages/{name}.md" not in tree:
            found.append(f"the stage {name} has no page: docs/stages/{name}.md")
    return found
