"""What to type where a service does not work any more, for those that viscaffold made."""

from pathlib import Path

from scaffolder.operations import service
from scaffolder.text import command


def steps(container: str) -> dict[str, str]:
    """Return commands, and what each does, if this is the directory of a service."""
    if service.find(Path.cwd()) is None:
        return {}
    return {
        "viscaffold rollback --container": "start the last verified image",
        "viscaffold rollback": "bring the files back to the last verified version",
        command("viscaffold", "minimal", container): "is the platform at fault, or the code?",
        "viscaffold bisect": "with which commit or stage did it begin?",
    }
