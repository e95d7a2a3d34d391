"""What to type where a service does not work any more, for those that viscaffold made."""

from pathlib import Path

from scaffolder.diagnose.case import Case
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


def of_pod(case: Case) -> dict[str, str]:
    """Return the same for a pod of a Deployment, whoever made it."""
    pod = case.pod
    if pod is None or not pod.workload.startswith("deployment/"):
        return {}
    return {pod.typed("rollout", "undo", pod.workload): "go back to the version before"}
