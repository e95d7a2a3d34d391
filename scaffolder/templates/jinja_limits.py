"""What templates of others do not get of Jinja and Copier: all but texts and answers."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

FILTERS = {
    **dict.fromkeys(("expanduser", "expandvars"), "reads the environment"),
    **dict.fromkeys(("fileglob", "realpath", "relpath"), "reads what is on the machine"),
    **dict.fromkeys(("ans_random", "random", "random_mac", "shuffle"), "is random"),
    "strftime": "reads the clock",
}
"""Filters that Copier offers, and that would make a render more than a function of the answers."""

VARIABLES = {
    "_copier_conf": "tells about the machine",
    "_copier_python": "tells about the machine",
    "_external_data": "reads files",
    "_folder_name": "tells about the machine",
    "lipsum": "is random",
    "make_secret": "is random",
    "now": "reads the clock",
}
"""The same, for variables and functions."""


@cache
def environment() -> "Environment":
    """Return a sandbox with the syntax and the filters that Copier has."""
    from jinja2.sandbox import SandboxedEnvironment
    from jinja2_ansible_filters import AnsibleCoreFiltersExtension

    return SandboxedEnvironment(
        extensions=[AnsibleCoreFiltersExtension],
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def take_away() -> None:
    """Take them away from every Jinja environment that this process makes from now on."""
    from jinja2 import Environment, runtime, utils
    from jinja2.sandbox import SandboxedEnvironment

    class Context(runtime.Context):
        """Variables, but for those that tell about the machine."""

        def resolve_or_missing(self, key: str) -> Any:  # noqa: ANN401 - as in Jinja
            found = super().resolve_or_missing(key)
            if key == "_copier_conf":
                return {"answers_file": found["answers_file"]}
            return utils.missing if key in VARIABLES else found

    start = SandboxedEnvironment.__init__

    def start_limited(self: SandboxedEnvironment, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as in Jinja
        start(self, *args, **options)
        for name in FILTERS:
            self.filters.pop(name, None)
        self.globals.pop("lipsum", None)

    SandboxedEnvironment.__init__ = start_limited  # type: ignore[method-assign]
    Environment.context_class = Context
