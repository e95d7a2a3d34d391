"""A pod: what the cluster says of it, and what its container shows, as a cause or as none."""

import json
from typing import Any

import pytest
from pod_examples import (
    CONFIGURED,
    IMAGE,
    LOGS,
    NODES,
    POD_EXAMPLES,
    crashed,
    pending,
    probed,
    pull,
    refused,
)
from pods import (
    BACKOFF,
    NAME,
    PROBE,
    at,
    case,
    conditions,
    container,
    event,
    node,
    pod,
    running,
    status,
    terminated,
    waiting,
)

from examples import EXAMPLES
from scaffolder.diagnose.causes.catalogue import causes
from scaffolder.diagnose.causes.in_pods import DOCKER
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import candidates, judge

KNOWN = {cause.id: cause for cause in causes()}
OWN = {name for name, cause in KNOWN.items() if cause.family == "pods"}


def example(name: str) -> Any:  # noqa: ANN401 - a case
    found, *events = POD_EXAMPLES[name]
    return case(found, *events, log=LOGS.get(name, ""), node=NODES.get(name), workload=(
        "deployment/orders" if not found["metadata"]["name"] else ""))  # fmt: skip


def test_every_cause_of_pods_has_an_example() -> None:
    assert POD_EXAMPLES.keys() == OWN


@pytest.mark.parametrize("name", POD_EXAMPLES)
def test_a_cause_is_found_first_in_its_pod(name: str) -> None:
    found = judge(example(name))

    assert found.cause == name, (found, found.others)
    assert found.verdict in ("proven", "likely")
    assert found.fix
    assert found.commands
    assert {e.source for e in found.evidence} <= {*KNOWN[name].reads, "inspect", "logs"}
    assert found.evidence
    assert all(e.command.startswith("kubectl -n shop ") for e in found.evidence)


@pytest.mark.parametrize(
    "name",
    ["pod-unschedulable", "pod-quota", "pod-node-lost", "pod-image-missing", "pod-image-denied",
     "pod-configuration-missing", "pod-runs-as-root", "pod-volume", "pod-command-missing",
     "pod-liveness", "pod-startup", "pod-not-ready", "pod-evicted", "pod-completed",
     "pod-stop-slow", "pod-stays"],
)  # fmt: skip
def test_the_clusters_words_and_another_fact_prove_it(name: str) -> None:
    assert judge(example(name)).verdict == "proven"


@pytest.mark.parametrize(
    "name", [name for name, found in POD_EXAMPLES.items() if len(found) > 1 and name not in (
        "pod-image-name", "pod-not-started", "pod-configuration-missing")]
)  # fmt: skip
def test_without_its_events_nothing_is_proven_that_they_prove(name: str) -> None:
    found, *_ = POD_EXAMPLES[name]
    judged = judge(case(found, workload="" if found["metadata"]["name"] else "deployment/orders"))

    if judged.cause == name:
        exempt = {"pod-image-missing", "pod-image-denied", "pod-image-never"}
        assert judged.verdict == "likely" or name in exempt


def test_a_secret_that_the_manifest_does_not_name_is_no_proof() -> None:
    found = judge(case(pending(waiting("CreateContainerConfigError", 'secret "other" not found'),
                               spec={"containers": [container(**CONFIGURED)]})))  # fmt: skip

    assert (found.cause, found.verdict) == ("pod-configuration-missing", "likely")


def test_a_missing_key_is_named() -> None:
    words = "couldn't find key AUTH_KEYS in Secret shop/orders"
    found = judge(case(pending(waiting("CreateContainerConfigError", words),
                               spec={"containers": [container(**CONFIGURED)]})))  # fmt: skip

    assert found.text.startswith("the Secret orders has no key AUTH_KEYS in the namespace shop")
    assert "--from-literal=AUTH_KEYS=..." in found.commands[0]


def test_a_program_that_the_image_names_is_likely_only() -> None:
    found, *_ = refused('exec: "/app/sever": stat /app/sever: no such file or directory: unknown')

    assert judge(case(found)).verdict == "likely"


# What the status and the log of a container show


@pytest.mark.parametrize("limit", ["128Mi", ""])
def test_a_container_that_exceeded_its_limit_is_proven_only_with_a_limit(limit: str) -> None:
    limits = {"limits": {"memory": limit}} if limit else {}
    own = {"containers": [container(resources=limits)]}
    found = judge(case(crashed(137, "OOMKilled", spec=own)))

    assert found.cause == "oom-killed"
    assert found.verdict == ("proven" if limit else "likely")
    assert "limits.memory" in found.fix
    assert "set resources deployment/orders" in found.commands[0]


LAST_WORDS = {
    "variable-missing": "KeyError: 'DATABASE_URL'",
    "python-module-missing": "ModuleNotFoundError: No module named 'flask'",
    "connection-refused": 'psycopg.OperationalError: connection to server at "db" (10.0.0.9),'
    " port 5432 failed: Connection refused",
    "file-missing": "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/config.yml'",
    "said-why": "FATAL: the moon is full",
}


@pytest.mark.parametrize("name", LAST_WORDS)
def test_the_containers_own_last_words_name_the_cause(name: str) -> None:
    found = judge(case(crashed(1), log=LAST_WORDS[name]))

    assert found.cause == name
    assert LAST_WORDS[name].split(": ")[-1][:30] in json.dumps(
        [found.text, *map(str, found.evidence)]
    )
    assert not DOCKER.search(found.fix)


def test_files_that_nobody_saw_prove_nothing() -> None:
    found = judge(case(crashed(1), log=LAST_WORDS["file-missing"]))

    assert found.verdict == "likely"
    assert {e.source for e in found.evidence} <= {"logs", "inspect"}


def test_a_variable_that_a_secret_may_have_is_not_proven_to_be_missing() -> None:
    own = {"containers": [container(**CONFIGURED)]}

    assert judge(case(crashed(1), log=LAST_WORDS["variable-missing"])).verdict == "proven"
    assert judge(case(crashed(1, spec=own), log=LAST_WORDS["variable-missing"])).verdict == "likely"


def test_a_variable_of_a_secret_that_the_pod_names_is_set() -> None:
    source = {"secretKeyRef": {"name": "orders", "key": "DATABASE_URL"}}
    own = container(env=[{"name": "DATABASE_URL", "valueFrom": source}])
    found = case(crashed(1, spec={"containers": [own]}), log=LAST_WORDS["variable-missing"])

    assert "variable-missing" not in [cause.id for cause, _ in candidates(found)]


def test_a_cause_in_an_init_container_says_that_the_others_wait() -> None:
    found, *_ = POD_EXAMPLES["pod-init-failed"]
    judged = judge(case(found, log=LAST_WORDS["connection-refused"]))

    assert judged.cause == "connection-refused"
    assert "init container migrate" in judged.text


def test_a_silent_end_is_undetermined_and_its_image_is_to_be_examined() -> None:
    found = judge(case(crashed(1)))

    assert found.verdict == "undetermined"
    assert f"viscaffold diagnose {IMAGE}" in found.commands[0]
    assert "--rerun" not in " ".join(found.commands)


@pytest.mark.parametrize("name", [n for n, c in KNOWN.items() if c.family != "pods"])
def test_no_answer_about_a_pod_speaks_of_docker(name: str) -> None:
    """The log of each container that has an example is that of a pod."""
    from recorded import case as recorded

    kept = recorded(**EXAMPLES[name])
    state, config = kept.state, kept.config
    own = container(
        command=list(config.entrypoint), args=list(config.command),
        env=[{"name": key, "value": value} for key, value in config.env.items()],
        securityContext={"readOnlyRootFilesystem": config.read_only},
    )  # fmt: skip
    up = state.status == "running" and not kept.restarts
    told = (
        status(running(900), ready=True)
        if up
        else status(
            BACKOFF, terminated(kept.exit_code, "OOMKilled" if state.oom_killed else "Error"), 4
        )
    )
    text = "\n".join(line.text for line in kept.log.lines)
    found = case(pod(told, spec={"containers": [own]}), log=text)

    for cause, hit in ((c, h) for c, h in candidates(found) if c.family != "pods"):
        shown = [e.command for e in hit.evidence]
        claim = hit.text.replace(text, "").partition(": ")[0]
        assert not DOCKER.search(" ".join([claim, hit.fix, *shown])), cause.id
        assert not [command for command in hit.commands if DOCKER.search(command)]
        assert not {e.source for e in hit.evidence} - {"inspect", "events", "logs"}


# What is no fault


HEALTHY = {
    "running and ready": pod(status(running(), ready=True), conditions=conditions(ready=True)),
    "a job that is done": pod(
        status(terminated(0, "Completed")), phase="Succeeded", spec={"restartPolicy": "Never"}
    ),
    "a job that complained on its way": pod(
        status(terminated(0, "Completed")), phase="Succeeded", spec={"restartPolicy": "OnFailure"}
    ),
    "a pod that has just been made": pod(phase="Pending", meta={"creationTimestamp": at(3)}),
    "an image that is being pulled": pod(
        status(waiting("ContainerCreating")), phase="Pending", meta={"creationTimestamp": at(20)}
    ),
    "a start that may take its time": pod(
        status(running(5)), spec={"containers": [container(readinessProbe=PROBE)]}
    ),
    "a pod that is being deleted": pod(
        status(running(), ready=True), meta={"deletionTimestamp": at(-20)}
    ),
    "a pod that recovered from failed starts": pod(
        status(running(3000), terminated(1, ago=3001, lived=2), 3, ready=True),
        conditions=conditions(ready=True),
    ),
    "a sidecar that runs beside": pod(
        status(running(), ready=True),
        spec={"initContainers": [container("proxy", restartPolicy="Always")]},
        initContainerStatuses=[status(running(), name="proxy", ready=True)],
        conditions=conditions(ready=True),
    ),
    "one that was restarted with its node long ago": pod(
        status(running(9000), terminated(255, "Unknown", ago=9010), 1, ready=True),
        conditions=conditions(ready=True),
    ),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_this_is_no_fault(name: str) -> None:
    log = "WARNING: cache is cold, going on\nwrote 3 rows" if "complained" in name else ""
    found = judge(case(HEALTHY[name], log=log, node=node()))

    assert found.verdict == "healthy", found


def test_a_probe_that_failed_long_ago_is_no_fault() -> None:
    found, *events = probed("liveness", "HTTP probe failed with statuscode: 500")
    found["status"]["containerStatuses"] = [
        status(running(3000), terminated(137, ago=3001, lived=60), 5, ready=True)
    ]
    old = [{**one, "lastTimestamp": at(3100)} for one in events]

    assert judge(case(found, *old)).verdict == "healthy"


def test_a_slow_leak_that_is_killed_again_and_again_is_a_fault() -> None:
    last = terminated(137, "OOMKilled", ago=1500, lived=2400)
    found = judge(case(pod(status(running(1499), last, 12, ready=True))))

    assert (found.cause, found.verdict) == ("oom-killed", "proven")


# Which container, and which phase


def test_the_container_that_fares_worst_is_looked_at() -> None:
    two = {"containers": [container(), container("proxy")]}
    statuses = (status(running(), ready=True), status(BACKOFF, terminated(1), 3, "proxy"))
    found = case(pod(*statuses, spec=two))

    assert found.pod
    assert found.pod.chosen.name == "proxy"
    assert "(container proxy)" in judge(case(pod(*statuses, spec=two), log="panic: x")).text


def test_a_container_can_be_chosen() -> None:
    two = {"containers": [container(), container("proxy")]}
    statuses = (status(running(), ready=True), status(BACKOFF, terminated(1), 3, "proxy"))

    assert judge(case(pod(*statuses, spec=two), container="orders")).verdict == "healthy"


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        (status(waiting("ContainerCreating")), Phase.START),
        (status(BACKOFF, terminated(1), 3), Phase.DIED),
        (status(BACKOFF, terminated(128, "StartError"), 3), Phase.START),
        (status(running(2), terminated(1, ago=3), 3), Phase.DIED),
        (status(running(9000), terminated(1, ago=9001), 3), Phase.RUNNING),
    ],
)
def test_how_far_it_got(told: dict[str, Any], phase: Phase) -> None:
    assert case(pod(told)).phase == phase


def test_a_pod_by_itself_is_replaced_and_one_of_a_deployment_changed() -> None:
    alone = judge(case(crashed(137, "OOMKilled", meta={"ownerReferences": []})))

    assert "replace --force" in alone.commands[1]


# What others wrote


def test_secrets_of_the_pod_and_escapes_are_not_shown() -> None:
    own = container(env=[{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}])
    words = "FATAL: cannot log in with hunter2-hunter2 \x1b[2J"
    found = case(crashed(1, spec={"containers": [own]}), log=words)
    text = json.dumps(document(found, judge(found), 0), ensure_ascii=False)

    assert "hunter2" not in text
    assert "\x1b" not in text


def test_a_message_without_end_is_cut() -> None:
    looked_at = case(*pull("ImagePullBackOff", "not found " * 100_000))

    assert len(json.dumps(document(looked_at, judge(looked_at), 0))) < 20_000


def test_names_of_the_pod_are_quoted_in_commands() -> None:
    hostile = "x; touch PASTED"
    two = {"containers": [container(hostile)]}
    found = judge(case(pod(status(BACKOFF, terminated(1), 3, hostile), spec=two), log="panic: x"))

    logs = next(e.command for e in found.evidence if e.source == "logs")
    assert f"-c '{hostile}'" in logs
    assert NAME in logs


def test_an_unscheduled_pod_waits_for_what_the_message_says() -> None:
    words = "0/2 nodes are available: 2 node(s) had untolerated taint {gpu: true}."
    lacking = conditions(
        scheduled=False,
        PodScheduled={"status": "False", "reason": "Unschedulable", "message": words},
    )
    found = judge(case(pending(spec={"nodeName": ""}, conditions=lacking),
                       event("FailedScheduling", words, container="")))  # fmt: skip

    assert "a taint that it does not tolerate (gpu: true)" in found.text
