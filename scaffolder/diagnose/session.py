"""One use of an engine or a cluster: from a name to the answer, with nothing left behind."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

from scaffolder.docker import client, throwaway
from scaffolder.docker.client import Engine
from scaffolder.errors import ExitCode, UnreadableError, UsageError

from .case import Case
from .causes.silence.claims import may_have_served
from .causes.silence.readings import SHORT_SECONDS
from .deadline import Deadline
from .docker import build_directory, targets, version
from .docker.isolation import isolate
from .evidence.phase import Phase
from .kubernetes import targets as pods
from .kubernetes.client import Kubectl
from .verdict import ahead, asking, standing
from .verdict.judge import judge
from .verdict.judgement import HEALTHY, HOW, LIKELY, UNDETERMINED, Judgement
from .verdict.rerun import Rerun
from .verdict.reruns import try_factors
from .verdict.unchanged import unchanged


class Session:
    """Diagnoses with one engine."""

    def __init__(self, found: Engine, stack: ExitStack) -> None:
        """Use `found`; what must be removed afterwards goes on `stack`."""
        self.engine = found
        self.stack = stack
        self._ahead: ahead.Ahead | None = None

    def compose_service(self, service: str) -> str:
        """Return the container of a compose service; raise UsageError if there is none."""
        return targets.compose_service(self.engine, service)

    def unwell(self) -> list[tuple[str, str]]:
        """Return containers that look unwell: names and status; raise UsageError if none does."""
        found = targets.unwell(self.engine)
        if not found:
            raise UsageError(
                "no container looks unwell, and no target was given",
                "viscaffold diagnose NAME, with a container or an image",
            )
        return found

    def examine(
        self, name: str, built_from: str | None = None, *, watch: bool = False
    ) -> tuple[Case, Judgement]:
        """Gather the evidence and judge it; `built_from` is the directory of the image's build.

        To `watch` is to begin with the copies meanwhile, where `rerun` is likely to follow.
        Raises UsageError if there is no such target, or no Dockerfile in the directory.
        """
        build = build_directory.read(built_from) if built_from else None
        case = targets.case_of(self.engine, name, self.stack)
        case.image = case.image and replace(case.image, built_from=build)
        if watch:
            self._ahead = ahead.begun(self.engine, case, self.stack.callback)
        if self._ahead and case.phase & Phase.ENDED:
            with suppress(UnreadableError):  # then it is judged without
                _ = case.launched  # its files are read meanwhile
                unchanged(self.engine, case, self._ahead)
        return case, judge(case)

    def rerun(self, case: Case, judgement: Judgement) -> Judgement:
        """Judge a case again, with the results of isolated copies that each change one thing.

        Of what was judged to be healthy, a copy is only watched.
        """
        case.unsought.clear()
        asked = asking.ask(self.engine, case, judgement.cause)
        is_well = case.phase == Phase.RUNNING and judgement.verdict == HEALTHY
        if is_well and standing.is_asked(case):
            asked = standing.ask(self.engine, case)
        rerun = (
            Rerun(tried=[asked])
            if asked
            else try_factors(self.engine, case, self._ahead, judgement)
        )
        case.deadline = Deadline()  # copies had a time of their own
        return judge(case, rerun)

    def left_out(self, case: Case) -> list[str]:
        """Return what copies of a container would lack."""
        return list(isolate(case.config, is_remote=self.engine.is_remote).left_out)

    def environment(self) -> dict[str, str]:
        """Return what a report says of the engine."""
        return version.of_engine(self.engine)


def examine_pod(kubectl: Kubectl, name: str, container: str) -> tuple[Case, Judgement]:
    """Judge a pod, or the pod of a workload that fares worst, by what the cluster tells."""
    case = pods.case_of(kubectl, name, container)
    return case, judge(case)


def environment_of_pod(kubectl: Kubectl, case: Case) -> dict[str, str]:
    """Return what a report says of the cluster."""
    node = case.pod.node if case.pod else None
    return {"Kubernetes": kubectl.versions(), "Node": node.version if node else ""}


def is_open(case: Case, judgement: Judgement) -> bool:
    """Tell whether copies might prove what is not proven yet."""
    if case.kind != "container" or case.pod:
        return False
    if judgement.verdict in (LIKELY, UNDETERMINED):
        return True
    # An end with 0 may be that of a daemon, or of a server that nothing keeps.
    if case.phase == Phase.FINISHED:
        return may_have_served(case) or case.state.seconds <= SHORT_SECONDS
    if case.phase == Phase.RUNNING and judgement.verdict == HEALTHY:
        return standing.may_be_stuck(case)
    if judgement.cause == "capability-missing":
        return bool(case.config.capabilities_dropped)  # what else it needs shows in copies
    return judgement.cause in HOW and case.is_silent  # which says how it ended, not why


@contextmanager
def opened() -> Iterator[Session]:
    """Find the engine, remove leftovers of killed processes and, at the end, its own."""
    found = client.find()
    throwaway.sweep(found)
    with ExitStack() as stack:
        yield Session(found, stack)


def exit_code(found: dict[str, Any]) -> int:
    """Return the command's exit code."""
    if found["verdict"] == HEALTHY:
        return ExitCode.DONE
    return ExitCode.UNDETERMINED if found["verdict"] == UNDETERMINED else ExitCode.FOUND
