"""What a setting does, its default, and what sets it here; secrets are not shown."""

import os
from collections.abc import Iterator

from scaffolder import redaction_rules
from scaffolder.operations import service_notices, set_values
from scaffolder.operations.set_values import SetValue
from scaffolder.redaction import shown_in
from scaffolder.redaction_rules import HIDDEN
from scaffolder.templates.notices import CONFIG_FILE, DOTENV
from scaffolder.templates.stage import Stage

from .answer import Explanation, Kind, facts
from .subject import Subject

FILE = "_FILE"
CONFIG = "config"
"""The stage with which settings are read from config.toml and from files of secrets."""

LOCAL = (set_values.ENVIRONMENT, CONFIG_FILE)
"""The layers of a service that is started here, the strongest first; the default is below."""


def explained(subject: Subject, word: str) -> Iterator[Explanation]:
    """Explain the setting `word`, whether its stage is here or not."""
    name = word if word in _known(subject) else word.removesuffix(FILE)
    declared = subject.settings.get(name)
    stage, entry = _of_catalogue(subject, name)
    if declared is None and not entry:
        yield from _retired(subject, name)
        return
    about = str(entry.get("about", "")) or (declared.about if declared else "")
    default = str(entry.get("default", "")) or (declared.default if declared and not entry else "")
    secret = bool(entry.get("secret")) or redaction_rules.is_secret(name)
    layers = _layers(subject, name)
    yield Explanation(
        Kind.SETTING,
        name,
        about or "explained nowhere",
        facts(
            default=default or "none",
            stage=_stage(subject, stage),
            secret="yes: it stands in no file but .env" if secret else "",
            set=[f"{value.place}: {_shown(value, secret=secret)}" for value in layers],
            counts=_counts(subject, name, layers),
        ),
    )


def _retired(subject: Subject, name: str) -> Iterator[Explanation]:
    """Explain a setting that was read by services of earlier versions."""
    notice = service_notices.retired(subject.template, subject.answers["name"]).get(name)
    if notice:
        secret = redaction_rules.is_secret(name)
        layers = [f"{v.place}: {_shown(v, secret=secret)}" for v in _layers(subject, name)]
        told = facts(what_to_do=notice.fix, set=layers)
        yield Explanation(Kind.SETTING, name, f"nothing reads it any more: {notice.says}", told)


def names(subject: Subject) -> list[str]:
    """Return every setting that there is."""
    return sorted(_known(subject))


def _known(subject: Subject) -> set[str]:
    every = (s.settings(subject.language) for s in subject.catalogue.stages.values())
    return {*subject.settings, *(name for names in every for name in names)}


def _of_catalogue(subject: Subject, name: str) -> tuple[Stage | None, dict[str, object]]:
    for stage in subject.catalogue.stages.values():
        settings = stage.languages.get(subject.language, {}).get("settings", {})
        if name in settings:
            return stage, dict(settings[name])
    return None, {}


def _stage(subject: Subject, stage: Stage | None) -> str:
    if stage is None or stage.name in subject.answers["stages"]:
        return stage.name if stage else ""
    return f"{stage.name}, which this service does not have: viscaffold add-stage {stage.name}"


def _layers(subject: Subject, name: str) -> list[SetValue]:
    """Return what sets the setting, or a file of its value, with the strongest layer first."""
    if subject.service is None:
        return []
    wanted = (name, name + FILE)
    servers = [s for stage in subject.catalogue.stages.values() for s in stage.servers]
    found = set_values.found(subject.service.root, subject.inner, servers)
    if CONFIG not in subject.answers["stages"]:
        found = [value for value in found if value.layer != CONFIG_FILE]
    here = set_values.of_environment(wanted)
    values = [*(v for v in found if _is_compose(v)), *here, *found]
    return list(dict.fromkeys(value for value in values if value.name in wanted))


def _is_compose(value: SetValue) -> bool:
    return value.layer not in (DOTENV, *LOCAL)


def _shown(value: SetValue, *, secret: bool) -> str:
    """Return a value as it may be shown: none of a secret, and no password in an address."""
    said = value.value
    if value.name.endswith(FILE):
        return f"the value is in the file {said}"
    if secret and said:
        return HIDDEN
    for hidden in shown_in(said):
        said = said.replace(hidden, HIDDEN)
    return redaction_rules.in_text(said)


def _counts(subject: Subject, name: str, layers: list[SetValue]) -> list[str]:
    """Return which of several layers counts: it depends on how the service is started."""
    if subject.service is None:
        return []
    local = next((v for layer in LOCAL for v in layers if v.layer == layer), None)
    container = next(iter(layers), None)
    ways = {"started here": local, "with Docker Compose": container}
    told = [f"{way}: {value.place if value else 'the default'}" for way, value in ways.items()]
    dotenv = any(v.layer == DOTENV for v in layers)
    if dotenv and name not in os.environ:
        told.append("a shell takes .env with: set -a; . ./.env")
    return told
