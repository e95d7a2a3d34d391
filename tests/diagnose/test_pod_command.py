"""`diagnose --pod`: what is asked of a cluster, what is made of its refusals, and the answer."""

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, viscaffold
from jsonschema import validate
from kubernetes_validate import validate as is_of_kubernetes
from pod_examples import CONFIGURED, POD_EXAMPLES, crashed, pending
from pods import NAME, UID, conditions, container, node, pod, running, status, waiting

SCHEMAS = Path(__file__).parent.parent.parent / "docs/schemas"
KUBECTL = f"""#!{sys.executable} -IS
import json, sys, time
from pathlib import Path
home = Path(__file__).parent
words = sys.argv[1:]
with (home / "asked").open("a") as file:
    file.write(json.dumps(words) + "\\n")
for wanted, answer in json.loads((home / "answers.json").read_text()):
    if all(word in words for word in wanted.split()):
        time.sleep(answer.get("wait", 0))
        sys.stdout.write(answer.get("out", ""))
        sys.stderr.write(answer.get("err", ""))
        sys.exit(answer.get("code", 0))
sys.stderr.write("Error from server (NotFound): the server could not find it\\n")
sys.exit(1)
"""
"""A kubectl that plays the first record whose words it was given, and keeps what it was asked."""
FORBIDDEN = (
    'Error from server (Forbidden): {what} is forbidden: User "dev" cannot {verb} resource'
    ' "{what}" in API group "" in the namespace "shop"\n'
)

Cluster = Callable[[dict[str, Any]], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in first in PATH; without Docker, which nothing here needs."""
    place = tmp_path / "kubectl"
    place.write_text(KUBECTL, encoding="utf-8")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def cluster(home: Path) -> Cluster:
    def answers(records: dict[str, Any]) -> None:
        """Keep records: words → a document, a text, or an answer with `code`, `err` and `wait`."""
        (home / "answers.json").write_text(
            json.dumps([[words, played(record)] for words, record in records.items()]), "utf-8"
        )

    def played(record: Any) -> dict[str, Any]:  # noqa: ANN401 - as said above
        if isinstance(record, str):
            return {"out": record}
        is_answer = record.keys() <= {"out", "err", "code", "wait"}
        return record if is_answer else {"out": json.dumps(record)}

    return answers


def items(*documents: Any) -> dict[str, Any]:  # noqa: ANN401 - documents
    return {"apiVersion": "v1", "kind": "List", "items": list(documents)}


def asked(home: Path) -> list[list[str]]:
    return [json.loads(line) for line in (home / "asked").read_text("utf-8").splitlines()]


def diagnose(*args: str) -> Ran:
    return viscaffold("diagnose", "--pod", *args)


LOG = "2026-11-27T22:10:01.000000000Z KeyError: 'DATABASE_URL'\n"


@pytest.mark.parametrize("name", POD_EXAMPLES)
def test_recorded_pods_and_events_are_as_kubernetes_has_them(name: str) -> None:
    found, *events = POD_EXAMPLES[name]
    if found["metadata"]["name"]:
        is_of_kubernetes(found, "1.32", strict=False)
    for event in events:
        is_of_kubernetes(event, "1.32", strict=False)


def test_a_recorded_pod_of_another_shape_would_be_noticed() -> None:
    with pytest.raises(Exception, match="integer"):
        is_of_kubernetes(crashed("one"), "1.32", strict=False)  # type: ignore[arg-type]


def test_a_pod_is_read_and_its_answer_is_of_the_schema(cluster: Cluster) -> None:
    cluster({f"pod {NAME}": crashed(1), "events": items(), "node": node(), f"logs {NAME}": LOG})
    ran = diagnose(NAME, "-n", "shop", "--json")
    found = json.loads(ran.out)

    validate(found, json.loads((SCHEMAS / "diagnosis.json").read_text("utf-8")))
    assert ran.code == 10
    assert (found["kind"], found["target"]) == ("pod", NAME)
    assert (found["verdict"], found["cause"]["id"]) == ("proven", "variable-missing")
    assert found["fix"]["commands"] == [
        "kubectl -n shop set env deployment/orders --containers orders NAME=..."
    ]
    assert "nothing is run in a pod" in found["not_read"][-1]
    assert ran.err == ""


def test_only_reading_verbs_are_used_within_a_time(cluster: Cluster, home: Path) -> None:
    cluster({f"pod {NAME}": crashed(1), "events": items(), "node": node(), f"logs {NAME}": LOG,
             "services": items()})  # fmt: skip
    diagnose(NAME, "-n", "shop", "--context", "stage")
    calls = asked(home)

    assert {next(word for word in call if not word.startswith("-")) for call in calls} == {
        "get", "logs",
    }  # fmt: skip
    assert all("--request-timeout=12s" in call for call in calls)
    assert all(call[0] == "--context=stage" for call in calls)
    assert all("--namespace=shop" in call for call in calls)
    assert any(f"--field-selector=involvedObject.uid={UID}" in call for call in calls)
    assert any({"--previous", "--container=orders"} <= set(call) for call in calls)


def test_a_person_reads_the_same(cluster: Cluster) -> None:
    found, *events = POD_EXAMPLES["pod-image-missing"]
    cluster({f"pod {NAME}": found, "events": items(*events)})
    ran = diagnose(NAME, "-n", "shop")

    assert ran.code == 10
    assert ran.out.startswith(f"{NAME}: Proven: the registry has no image registry.example/orders")
    assert "$ kubectl -n shop get events --field-selector involvedObject.name=" in ran.out
    assert "kubectl -n shop rollout undo deployment/orders  # go back to the version" in ran.out


def test_a_healthy_pod_is_no_fault(cluster: Cluster) -> None:
    well = pod(status(running(), ready=True), conditions=conditions(ready=True))
    cluster({f"pod {NAME}": well, "events": items(), "node": node(), "logs": ""})
    ran = diagnose(NAME, "-n", "shop")

    assert ran.code == 0
    assert "Healthy: it runs and is ready" in ran.out
    assert "In an emergency" not in ran.out


def test_a_report_is_filled_in(cluster: Cluster) -> None:
    own = container(env=[{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}])
    cluster({f"pod {NAME}": crashed(1, spec={"containers": [own]}), "events": items(),
             "node": node(), "logs": LOG + "2026-11-27T22:10:02Z with hunter2-hunter2\n",
             "version": {"clientVersion": {"gitVersion": "v1.32.4"},
                         "serverVersion": {"gitVersion": "v1.31.0"}}})  # fmt: skip
    ran = viscaffold("report", "--pod", NAME, "-n", "shop", "--json")
    found = json.loads(ran.out)

    validate(found, json.loads((SCHEMAS / "report.json").read_text("utf-8")))
    assert found["environment"]["Kubernetes"] == "client v1.32.4, server v1.31.0"
    assert found["environment"]["Node"] == "v1.32.1 containerd://2.0.2"
    assert found["reproduce"] == "kubectl -n shop rollout restart deployment/orders"
    assert found["actual"].startswith("CrashLoopBackOff, exit code 1, 7 restarts")
    assert "hunter2" not in ran.out
    assert viscaffold("report", "--pod", NAME, "-n", "shop").out.startswith("## Bug report: ")


def test_the_namespace_of_the_context_is_taken(cluster: Cluster, home: Path) -> None:
    cluster({"config view": "team", f"pod {NAME}": crashed(1), "events": items(), "logs": LOG})
    diagnose(NAME)

    assert all("--namespace=team" in call for call in asked(home) if "get" in call)


# A workload


DEPLOYMENT = {
    "metadata": {"name": "orders", "uid": "d1"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app.kubernetes.io/name": "orders"}},
             "template": {"metadata": {"labels": {}}, "spec": {"containers": [container()]}}},
}  # fmt: skip


def test_of_a_workload_the_sickest_pod_is_looked_at(cluster: Cluster, home: Path) -> None:
    well = pod(status(running(), ready=True), meta={"name": "orders-well"})
    cluster({"deployment orders": DEPLOYMENT, "pods": items(well, crashed(1)), "events": items(),
             "node": node(), "logs": LOG})  # fmt: skip
    found = json.loads(diagnose("deploy/orders", "-n", "shop", "--json").out)

    assert (found["target"], found["cause"]["id"]) == (NAME, "variable-missing")
    assert any("--selector=app.kubernetes.io/name=orders" in call for call in asked(home))


def test_a_workload_without_pods_says_what_refuses_them(cluster: Cluster) -> None:
    said = 'pods "orders-1" is forbidden: exceeded quota: team, requested: limits.memory=512Mi'
    failure = {"type": "ReplicaFailure", "status": "True", "message": said}
    _, *events = POD_EXAMPLES["pod-quota"]
    cluster({
        "deployment orders": {**DEPLOYMENT, "status": {"conditions": [failure]}},
        "pods": items(), "services": items(),
        "--field-selector=involvedObject.kind=ReplicaSet": items(*events),
        "events": items(),
    })  # fmt: skip
    found = json.loads(diagnose("deployment/orders", "-n", "shop", "--json").out)

    assert (found["target"], found["verdict"]) == ("deployment/orders", "proven")
    assert found["cause"]["id"] == "pod-quota"


@pytest.mark.parametrize("target", ["service/orders", "/orders", "deploy/Orders!", "-f", "a b", ""])
def test_a_target_that_is_none_is_refused_before_anything_is_asked(
    cluster: Cluster, home: Path, target: str
) -> None:
    cluster({})
    ran = diagnose(target, "-n", "shop") if not target.startswith("-") else diagnose(f"x{target}!")

    assert ran.code == 2
    assert not (home / "asked").exists() or all("get" not in call for call in asked(home))


# What is in the way


def test_without_kubectl_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = diagnose(NAME)

    assert ran.code == 1
    assert "kubectl was not found" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("The connection to the server localhost:8080 was refused", "no cluster answers"),
        ("Unable to connect to the server: lookup k8s.example: no such host", "no cluster answers"),
        ("error: You must be logged in to the server (Unauthorized)", "does not know this user"),
        (FORBIDDEN.format(what="pods", verb="get"),
         "this user may not get pods in the namespace shop"),
        ("panic: \x1b[2J odd", "kubectl failed: panic: \\x1b[2J odd"),
    ],
)  # fmt: skip
def test_a_cluster_that_does_not_answer_is_an_error_with_advice(
    cluster: Cluster, words: str, said: str
) -> None:
    cluster({"get": {"err": words, "code": 1}})
    ran = diagnose(NAME, "-n", "shop", "--json")

    assert ran.code == 1
    assert said in ran.err
    assert "\x1b" not in ran.err
    assert ran.out == ""


def test_a_context_that_is_unknown_names_those_that_are(cluster: Cluster) -> None:
    wrong = 'error: context "stag" does not exist'
    cluster({"get-contexts": "stage\nprod\n", "get": {"err": wrong, "code": 1}})
    ran = diagnose(NAME, "-n", "shop", "--context", "stag")

    assert ran.code == 2
    assert "did you mean stage?" in ran.err


def test_a_pod_that_is_not_there_names_those_that_are_near(cluster: Cluster) -> None:
    gone = 'Error from server (NotFound): pods "orders-6c9f7d5b8-x2x4z" not found'
    cluster({f"pod {NAME[:-1]}z": {"err": gone, "code": 1}, "pods": items(crashed(1))})
    ran = diagnose(f"{NAME[:-1]}z", "-n", "shop")

    assert ran.code == 2
    assert f"did you mean {NAME}?" in ran.err


def test_what_may_not_be_read_is_said_and_the_rest_is_read(cluster: Cluster) -> None:
    def no(what: str, verb: str) -> dict[str, Any]:
        return {"err": FORBIDDEN.format(what=what, verb=verb), "code": 1}

    cluster({f"pod {NAME}": crashed(137, "OOMKilled"), "events": no("events", "list"),
             "node": no("nodes", "get"), "services": no("services", "list"),
             "logs": no("pods/log", "get")})  # fmt: skip
    ran = diagnose(NAME, "-n", "shop", "--json")
    found = json.loads(ran.out)

    assert found["cause"]["id"] == "oom-killed"
    assert "this user may not list events in the namespace shop" in found["not_read"]
    assert any("may not get pods/log" in line for line in found["not_read"])


def test_a_run_before_that_is_forgotten_leaves_the_log_of_this_one(cluster: Cluster) -> None:
    gone = "Error from server (BadRequest): previous terminated container not found"
    cluster({f"pod {NAME}": crashed(1), "events": items(), "node": node(), "services": items(),
             "--previous": {"err": gone, "code": 1}, "logs": LOG})  # fmt: skip

    assert json.loads(diagnose(NAME, "-n", "shop", "--json").out)["cause"]["id"] == (
        "variable-missing"
    )


def test_a_cluster_that_hangs_is_given_up(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffolder.diagnose.kubernetes.client.SECONDS", 1.0)
    cluster({"get": {"wait": 20}})
    began = time.monotonic()
    ran = diagnose(NAME, "-n", "shop")

    assert ran.code == 1
    assert "did not answer `kubectl get` within 1 s" in ran.err
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "null", "{", "[" * 200_000, '{"spec": 7}', '{"spec": {"containers": {}}}',
     '{"spec": {"containers": [{"name": 7}]}}', '{"spec": {"containers": [{"image": "x"}]}}',
     json.dumps(pod(status(waiting("x") | {"waiting": [1]}))),
     json.dumps(pod(status({"waiting": {"reason": 7}})))],
    ids=range(11),
)  # fmt: skip
def test_a_document_of_a_strange_shape_is_an_error_and_no_answer(
    cluster: Cluster, answer: str
) -> None:
    cluster({f"pod {NAME}": {"out": answer}, "get": items()})
    ran = diagnose(NAME, "-n", "shop", "--json")

    assert ran.code in (1, 2)
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_an_answer_without_end_is_not_read(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffolder.diagnose.kubernetes.client.LIMIT", 100_000)
    cluster({"get": {"out": "x" * 1_000_000}})
    ran = diagnose(NAME, "-n", "shop")

    assert ran.code == 1
    assert "too long to read" in ran.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("orders", "--pod", NAME), "cannot be combined with another target"),
        (("--pod", NAME, "--rerun"), "--rerun runs copies on this machine"),
        (("orders", "-n", "shop"), "belong to --pod"),
        (("orders", "--context", "stage"), "belong to --pod"),
        (("--pod", NAME, "--container", "other"), "there is no container of the pod 'other'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    cluster: Cluster, args: tuple[str, ...], said: str
) -> None:
    own = {"containers": [container(**CONFIGURED)]}
    cluster({f"pod {NAME}": pending(spec=own), "get": items(), "config": "shop"})
    ran = viscaffold("diagnose", *args)

    assert ran.code == 2
    assert said in ran.err
