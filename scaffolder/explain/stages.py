"""What a stage brings, and whether the service has it."""

from collections.abc import Iterator

from scaffolder.templates.stage import Stage

from .answer import Explanation, Fact, Kind, facts
from .subject import Subject


def explained(subject: Subject, word: str) -> Iterator[Explanation]:
    """Explain the stage `word`: one that there is, one of another language, or one that is gone."""
    known = subject.catalogue
    name = known.successor(word)
    if name:
        renamed = f"; it was called {word} in earlier versions" if name != word else ""
        stage = known.stages[name]
        yield Explanation(Kind.STAGE, name, stage.summary + renamed, _facts(subject, stage))
    elif word in known.elsewhere:
        others = " and ".join(sorted(known.elsewhere[word].languages))
        says = f"{known.elsewhere[word].summary}; only for services in {others}"
        yield Explanation(Kind.STAGE, word, says)
    elif word in known.removed:
        yield Explanation(Kind.STAGE, word, f"no longer there: {known.removed[word]}")


def _facts(subject: Subject, stage: Stage) -> list[Fact]:
    language = subject.language
    files = sorted(path for path, name in subject.stage_of.items() if name == stage.name)
    return facts(
        here=_here(subject, stage),
        requires=stage.requires,
        comes_after=stage.after,
        does_more_with=stage.optional,
        installs=stage.dependencies(language),
        settings=stage.settings(language),
        connects_to=[f"{what}, port {port}" for what, port in stage.connects.items()],
        servers_in_compose_yaml=stage.servers,
        keeps_tables=stage.data.tables,
        keeps_files=stage.data.files,
        is_verified_by=[step.about for step in stage.verify],
        files=files,
    )


def _here(subject: Subject, stage: Stage) -> str:
    if subject.service is None:
        return ""
    if stage.name not in subject.answers["stages"]:
        return f"no: viscaffold add-stage {stage.name}"
    needed = subject.catalogue.dependents([stage.name], subject.answers["stages"])
    return f"yes; required by {', '.join(needed)}" if needed else "yes"
