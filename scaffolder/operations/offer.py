"""Which stages there are to choose from."""

from dataclasses import dataclass
from pathlib import Path

from scaffolder.errors import RefusedError
from scaffolder.languages.all import DEFAULT
from scaffolder.overlays.fetch.trust import TrustPolicy
from scaffolder.templates import catalogue
from scaffolder.templates.catalogue import Catalogue
from scaffolder.templates.template import Template, builtin

from .service import Service, around


@dataclass(frozen=True)
class Offer:
    """The stages of a service's template, or of the one that `create` would use."""

    catalogue: Catalogue
    service: Service | None
    unread: str
    """Why only the stages of the built-in template are known; empty if all are."""


def stages(start: Path, *, language: str = "", trust: TrustPolicy | None = None) -> Offer:
    """Tell which stages the service around `start` can have or, outside of one, a new service.

    `language` is that of a new one. Without a policy, nobody is asked, and no server.

    Raise UsageError for another language than that of the service, or one that does not exist,
    RefusedError for a service whose answers are damaged.
    """
    service = around(start, trust, language, "viscaffold stages --help")
    if service:
        return Offer(service.catalogue, service, service.unread)
    template, unread = _default(trust)
    return Offer(catalogue.load(template.root, language or DEFAULT), None, unread)


def _default(trust: TrustPolicy | None) -> tuple[Template, str]:
    """Return the template that `create` would use, and why it is only the built-in one."""
    from scaffolder.overlays import resolve  # noqa: PLC0415 - outside of a service alone

    if trust is not None:
        return resolve.asked((), trust), ""
    try:
        return resolve.default_at_hand(), ""
    except RefusedError as error:
        return builtin(), error.message
