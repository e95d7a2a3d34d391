"""What is done to a service: functions of plain values that neither print nor ask.

This is the interface for whatever drives viscaffold: the command line, a fleet, a web page, a test.
A service is named by a path in it. Each function returns what it did, or with `dry_run` would do,
and raises a `ScaffoldError` with the reason and what to try otherwise, having changed nothing.

What happens on the way is told to a `Reporter`. Whether a template that is used for the first time
may be is decided by a `TrustPolicy`; without one, it may not. An answer that is missing is an
`UnansweredError`, which has the questions: call again with their answers.

One operation runs in a repository at a time; a second one waits a minute for the first. Threads can
call them for different services: renders wait for each other.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaffolder.errors import RefusedError, ScaffoldError, UsageError
    from scaffolder.overlays.fetch.trust import ALWAYS, NEVER, TrustPolicy
    from scaffolder.reporting import SILENT, Reporter
    from scaffolder.templates.questions import UnansweredError

    from .additions import add
    from .adoption import Adoption, adopt, look
    from .adoption_choices import Asked, UndecidedError
    from .bisection import Bisection, bisect, bisect_stages
    from .change import Change
    from .comparison import Status, status
    from .creation import Created, create
    from .ending import abort, continue_, undo
    from .gate import NotVerifiedError
    from .image_rollback import ImageRollback, roll_back_image
    from .locks import lock
    from .log import history
    from .minimal import Fault, Minimal, run_minimal
    from .offer import Offer, stages
    from .presets import Preset
    from .removals import remove
    from .resources import add_resource
    from .rollback import Rollback, roll_back
    from .taking_back import Drop, Fate
    from .updates import Available, check, update

__all__ = [
    "ALWAYS",
    "NEVER",
    "SILENT",
    "Adoption",
    "Asked",
    "Available",
    "Bisection",
    "Change",
    "Created",
    "Drop",
    "Fate",
    "Fault",
    "ImageRollback",
    "Minimal",
    "NotVerifiedError",
    "Offer",
    "Preset",
    "RefusedError",
    "Reporter",
    "Rollback",
    "ScaffoldError",
    "Status",
    "TrustPolicy",
    "UnansweredError",
    "UndecidedError",
    "UsageError",
    "abort",
    "add",
    "add_resource",
    "adopt",
    "bisect",
    "bisect_stages",
    "check",
    "continue_",
    "create",
    "history",
    "lock",
    "look",
    "remove",
    "roll_back",
    "roll_back_image",
    "run_minimal",
    "stages",
    "status",
    "undo",
    "update",
]

_MODULES = {
    "scaffolder.errors": ("RefusedError", "ScaffoldError", "UsageError"),
    "scaffolder.overlays.fetch.trust": ("ALWAYS", "NEVER", "TrustPolicy"),
    "scaffolder.reporting": ("SILENT", "Reporter"),
    "scaffolder.templates.questions": ("UnansweredError",),
    "scaffolder.operations.additions": ("add",),
    "scaffolder.operations.adoption": ("Adoption", "adopt", "look"),
    "scaffolder.operations.adoption_choices": ("Asked", "UndecidedError"),
    "scaffolder.operations.bisection": ("Bisection", "bisect", "bisect_stages"),
    "scaffolder.operations.change": ("Change",),
    "scaffolder.operations.comparison": ("Status", "status"),
    "scaffolder.operations.creation": ("Created", "create"),
    "scaffolder.operations.ending": ("abort", "continue_", "undo"),
    "scaffolder.operations.gate": ("NotVerifiedError",),
    "scaffolder.operations.image_rollback": ("ImageRollback", "roll_back_image"),
    "scaffolder.operations.locks": ("lock",),
    "scaffolder.operations.log": ("history",),
    "scaffolder.operations.minimal": ("Fault", "Minimal", "run_minimal"),
    "scaffolder.operations.offer": ("Offer", "stages"),
    "scaffolder.operations.presets": ("Preset",),
    "scaffolder.operations.removals": ("remove",),
    "scaffolder.operations.resources": ("add_resource",),
    "scaffolder.operations.rollback": ("Rollback", "roll_back"),
    "scaffolder.operations.taking_back": ("Drop", "Fate"),
    "scaffolder.operations.updates": ("Available", "check", "update"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the module has
    """Import what is asked for: `status` needs a third of what `add` does."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
