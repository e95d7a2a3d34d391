"""What is said of a pod with which nothing is wrong, and of one that nothing explains."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.evidence.pod import Pod
from scaffolder.text import command


def well(case: Case, pod: Pod) -> tuple[str, tuple[Evidence, ...]]:
    """Return why nothing is wrong, and what shows it."""
    chosen = pod.chosen
    status = inspected(case, "State.Status", chosen.status or pod.phase)
    if case.phase == Phase.FINISHED:
        return "it has finished its work: it ended with 0", (status, ended(case))
    if case.phase == Phase.STOPPED:
        return f"it was deleted, and has until {pod.deleted:%H:%M:%S} to end: no fault", (status,)
    if case.phase == Phase.CREATED:
        waits = f": {chosen.reason}" if chosen.reason else ""
        return f"it is being started{waits}; ask again in a minute", (status,)
    ready = "is ready" if chosen.ready else "may take a little longer to be ready"
    return f"it runs and {ready}{_restarts(case, pod)}", (status,)


def _restarts(case: Case, pod: Pod) -> str:
    last = pod.chosen.last
    if not case.restarts or last is None:
        return ""
    when = f" at {last.finished:%Y-%m-%d %H:%M}" if last.finished else ""
    return (
        f"; it was restarted {case.restarts} times, and its last run ended{when} with"
        f" {last.exit_code} ({last.reason or 'no reason'})"
    )


def open_question(case: Case, pod: Pod) -> tuple[str, str, tuple[str, ...], tuple[Evidence, ...]]:
    """Return what is known of an end that nothing explains, and what to try next."""
    chosen = pod.chosen
    words = [line.text.strip() for line in case.lines if line.text.strip()]
    silent = f" (its last output: {words[-1][:200]})" if words else " without output"
    status = inspected(case, "State.Status", chosen.reason or chosen.status or pod.phase)
    if case.phase == Phase.START:
        status_words = chosen.reason or pod.phase or "no status"
        return (
            f"the pod does not start ({status_words}), and the cluster does not say why",
            "read its events as they come, and look at its node",
            (pod.described, pod.typed("get", "events", "--watch")),
            (status,),
        )
    how = "misbehaves" if case.phase == Phase.RUNNING else f"ended with {case.exit_code}"
    image = case.config.image
    return (
        f"the container {chosen.name} {how}{silent}, and nothing that was checked explains it",
        "examine its image here, whose files can be read, or run it by hand",
        (
            f"{command('docker', 'pull', image)} && {command('viscaffold', 'diagnose', image)}",
            pod.typed("debug", pod.name, "-it", f"--copy-to={pod.name[:50]}-debug",
                      f"--container={chosen.name}", "--", "sh"),
        ),
        (status, *([ended(case)] if case.phase & Phase.ENDED else [])),
    )  # fmt: skip
