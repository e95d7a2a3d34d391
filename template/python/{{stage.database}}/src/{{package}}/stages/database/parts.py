"""The parts of the schema: those of the stages, and that of the service itself."""

from types import ModuleType

from ...runtime.database.migrations import Part, parts


def known() -> list[Part]:
    """Find the migrations of this service."""
    # Imported late: that module imports this stage.
    from .. import STAGES

    stages: list[ModuleType] = [stage for stage in STAGES if isinstance(stage, ModuleType)]
    named = {stage.__name__.rpartition(".")[2]: stage for stage in stages}
    return parts(__name__.partition(".")[0], named)
