"""What people are told of a service: its known faults, and what another version changes for it."""

from scaffolder.templates import notices
from scaffolder.templates.notices import Notice
from scaffolder.templates.template import Template

from .service import Service


def held(service: Service, template: Template) -> list[Notice]:
    """Return the faults that its files show, as far as a version of its template has them."""
    return notices.held(service.root, service.answers["name"], template.version, service.inner)


def between(service: Service, target: Template) -> list[Notice]:
    """Return what changes on the way to a version of its template."""
    versions, name = (service.template.version, target.version), service.answers["name"]
    return notices.between(service.root, name, versions, service.stages, service.inner)
