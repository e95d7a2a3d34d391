"""What `diagnose` and `report` share: options, the choice of target, consent to reruns."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from scaffolder import console
from scaffolder.diagnose import session
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.kubernetes import client as cluster
from scaffolder.diagnose.report import answer
from scaffolder.diagnose.session import Session, is_open
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.errors import UsageError

from . import emergency

SHOWN = 20
POD = "viscaffold diagnose --pod NAME [-n NAMESPACE] [--container NAME] [--context NAME]"
OPTIONS = (
    click.argument("target", required=False),
    click.option("--compose", "service", metavar="SERVICE",
                 help="The container of a compose service."),
    click.option("--rerun", is_flag=True,
                 help="Run isolated copies with one thing changed at a time."),
    click.option("--built-from", metavar="DIR",
                 help="The directory that docker build got: why is a file not in the image?"),
    click.option("--pod", metavar="NAME", help="A pod, or a workload such as deploy/NAME; reads"
                 " from the cluster with kubectl."),
    click.option("-n", "--namespace", metavar="NAME", help="The namespace of the pod."),
    click.option("--container", metavar="NAME", help="The container of the pod."),
    click.option("--context", metavar="NAME", help="The context of the kubeconfig."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md)."),
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is to be examined, as it was typed."""

    target: str | None
    service: str | None
    pod: str | None
    namespace: str | None
    container: str | None
    context: str | None
    rerun: bool
    built_from: str | None


@dataclass(frozen=True)
class Examined:
    """The answer, and what a report adds to it."""

    case: Case
    answer: dict[str, Any]
    steps: Mapping[str, str]
    """What to type in an emergency, and what it does."""
    environment: Callable[[], dict[str, str]]


def options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of an examination; it gets what is wanted, and `as_json`."""

    @functools.wraps(command)
    def called(*, as_json: bool, **typed: Any) -> int:  # noqa: ANN401 - see Wanted
        return command(Wanted(**typed), as_json=as_json)

    return functools.reduce(lambda made, option: option(made), reversed(OPTIONS), called)


@contextmanager
def examined(wanted: Wanted, *, ask: bool) -> Iterator[Examined]:
    """Examine a container, an image or a pod; what that needed is gone after the block."""
    began = time.monotonic()
    if wanted.pod is not None:
        yield _pod(wanted, wanted.pod, began)
        return
    if wanted.namespace or wanted.container or wanted.context:
        raise UsageError("--namespace, --container and --context belong to --pod", POD)
    with session.opened() as asked:
        name = choose(asked, wanted.target, wanted.service)
        began = time.monotonic()
        case, judgement = examine(asked, name, wanted, ask=ask)
        found = answer.document(case, judgement, time.monotonic() - began)
        yield Examined(case, found, emergency.steps(name), asked.environment)


def _pod(wanted: Wanted, name: str, began: float) -> Examined:
    if wanted.target or wanted.service:
        raise UsageError("a pod cannot be combined with another target", POD)
    if wanted.built_from:
        raise UsageError("--built-from belongs to a container or an image of this machine", POD)
    if wanted.rerun:
        raise UsageError(
            "--rerun runs copies on this machine, and a pod's image and volumes are not here",
            "viscaffold diagnose IMAGE examines the files of its image",
        )
    namespace = cluster.named("namespace", wanted.namespace) if wanted.namespace else ""
    kubectl = cluster.find(wanted.context or "", namespace)
    with console.progress(f"examining {name}"):
        case, judgement = session.examine_pod(kubectl, name, wanted.container or "")
    found = answer.document(case, judgement, time.monotonic() - began)
    return Examined(
        case, found, emergency.of_pod(case), lambda: session.environment_of_pod(kubectl, case)
    )


def choose(session: Session, target: str | None, service: str | None) -> str:
    """Return the name of the container or image to look at; ask on a terminal if none is given."""
    if target and service:
        raise UsageError(
            "a target and --compose cannot be combined",
            "viscaffold diagnose NAME, or --compose SERVICE",
        )
    if service:
        return session.compose_service(service)
    return target or _ask(session.unwell())


def _ask(found: list[tuple[str, str]]) -> str:
    listed = "\n".join(f"  {name}  {status}" for name, status in found[:SHOWN])
    listed += f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    names = [name for name, _ in found]
    if not console.interactive():
        raise UsageError(
            f"no container was named; these look unwell:\n{listed}",
            f"viscaffold diagnose {names[0]}",
        )
    console.say(f"These look unwell:\n{listed}")
    return console.ask("Which", names, default=names[0])


def examine(
    session: Session, name: str, wanted: Wanted, *, ask: bool = False
) -> tuple[Case, Judgement]:
    """Judge a container; run copies of it if that may prove more, and the user agrees."""
    with console.progress(f"examining {name}"):
        case, judgement = session.examine(name, wanted.built_from, watch=wanted.rerun)
    if not is_open(case, judgement):
        return case, judgement
    if wanted.rerun or (ask and console.interactive() and _agrees(session.left_out(case))):
        with console.progress("running copies with one thing changed"):
            judgement = session.rerun(case, judgement)
    return case, judgement


def _agrees(left_out: list[str]) -> bool:
    """Say what copies of a container lack, and ask whether to run them."""
    console.say("Copies have no network, no devices and no privileges, and read-only mounts.")
    for item in left_out:
        console.say(f"  They lack {item}.")
    return console.confirm(
        "Not proven. Run isolated copies of it, with one thing changed at a time?"
    )
