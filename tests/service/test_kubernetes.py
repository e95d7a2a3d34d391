"""The manifests of the stage kubernetes: clusters take them, and they fit the service."""

import os
import re
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import manifests
import pytest
import yaml
from client import Client
from conftest import MakeProgram, MakeService, Pristine, files, git, state, viscaffold
from manifests import ALONE, FOLDER, OVERLAYS, WITH_USERS, Manifests
from real_parts import require_program

from scaffolder.languages.all import LANGUAGES
from scaffolder.templates import catalogue, template
from scaffolder.verify import requests

if TYPE_CHECKING:
    from teams import MakeTeam

OLDEST = "1.30.0"
SETTING = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


WITH_CONFIG = ("config", "kubernetes")


def blocks(root: Path, language: str) -> list[str]:
    """Return what the page of the stage shows in a language."""
    page = (root / "docs/stages/kubernetes.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def examples(root: Path) -> list[dict[str, Any]]:
    """Return the YAML of the page."""
    return [yaml.safe_load(block) for block in blocks(root, "yaml")]


@pytest.fixture(autouse=True)
def _with_kubectl() -> None:
    manifests.require(manifests.obstacle())


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[ALONE, WITH_USERS, None], ids=["alone", "auth", "all"])
def made(request: pytest.FixtureRequest, language: str, pristine: Pristine) -> Path:
    """A service with the stage, alone, with the partner that it knows, and with all."""
    return pristine(request.param or manifests.every(language), language)


@pytest.fixture
def production(language: str, pristine: Pristine) -> Manifests:
    return manifests.of(pristine(WITH_USERS, language), "production")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_clusters_take_what_an_overlay_makes(made: Path, overlay: str) -> None:
    found = manifests.of(made, overlay)

    assert {"Deployment", "Service", "NetworkPolicy"} < {*manifests.kinds(found)}
    for manifest in found:
        for version in (OLDEST, ""):
            assert manifests.problems(manifest, version) == [], manifest["kind"]


BROKEN: dict[str, tuple[str, manifests.Change]] = {
    "key that no manifest has": ("Deployment", lambda it: it["spec"].update(replica=2)),
    "text for a number": ("Deployment", lambda it: it["spec"].update(minReadySeconds="5 s")),
    "no selector": ("Deployment", lambda it: it["spec"].pop("selector")),
    "probe without a port": (
        "Deployment",
        lambda it: it["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"].pop(
            "port"
        ),
    ),
    "no port": ("Service", lambda it: it["spec"]["ports"][0].pop("port")),
    "list for a mapping": ("NetworkPolicy", lambda it: it["spec"].update(podSelector=[])),
    "no target": ("HorizontalPodAutoscaler", lambda it: it["spec"].pop("scaleTargetRef")),
    "selector of another kind": ("PodDisruptionBudget", lambda it: it["spec"].update(selector="x")),
}


@pytest.mark.parametrize(("kind", "change"), BROKEN.values(), ids=BROKEN)
def test_a_broken_manifest_is_found(
    production: Manifests, kind: str, change: manifests.Change
) -> None:
    manifest = deepcopy(manifests.one(production, kind))
    change(manifest)

    assert manifests.problems(manifest) != []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("base/kustomization.yaml", "  - service.yaml\n", "  - servce.yaml\n"),
        ("base/kustomization.yaml", "resources:", "resource:"),
        ("base/deployment.yaml", "kind: Deployment\n", ""),
        ("base/deployment.yaml", "    spec:\n", "   spec:\n"),
        ("base/kustomization.yaml", "settings.env", "setting.env"),
        ("overlays/staging/kustomization.yaml", "    behavior: merge\n", ""),
        ("overlays/staging/kustomization.yaml", "../../base", "../base"),
    ],
)
def test_an_overlay_that_is_broken_is_not_built(
    pristine: Pristine, tmp_path: Path, path: str, old: str, new: str
) -> None:
    folder = tmp_path / "kubernetes"
    shutil.copytree(pristine(ALONE) / FOLDER, folder)
    text = (folder / path).read_text(encoding="utf-8")
    assert old in text
    (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    assert manifests.build(folder / "overlays/staging").returncode != 0


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_both_languages_have_the_same_manifests(pristine: Pristine, overlay: str) -> None:
    python, rust = (
        manifests.of(pristine(WITH_USERS, language), overlay) for language in ("python", "rust")
    )
    for found in (python, rust):
        assert manifests.container(found)["resources"]["requests"].pop("memory")

    assert python == rust


def test_staging_is_one_pod_and_production_several(made: Path) -> None:
    staging, production = (manifests.of(made, overlay) for overlay in OVERLAYS)
    scaled = {"HorizontalPodAutoscaler", "PodDisruptionBudget"}

    assert {*manifests.kinds(production)} - {*manifests.kinds(staging)} == scaled
    for found in (staging, production):
        assert "replicas" not in manifests.one(found, "Deployment")["spec"]
    assert manifests.one(production, "HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 2
    namespaces = {manifest["metadata"]["namespace"] for manifest in (*staging, *production)}
    assert namespaces == {"orders-staging", "orders-production"}


def test_the_pods_read_the_file_of_settings_where_the_service_looks_for_it(
    pristine: Pristine, language: str
) -> None:
    root = pristine(WITH_CONFIG, language)
    found = manifests.of(root, "production")
    compose = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))["services"]["app"]
    name, mount = manifests.mounted(found, "config.toml")

    assert f"./config.toml:{mount['mountPath']}:ro" in compose["volumes"]
    assert (mount["subPath"], mount["readOnly"]) == ("config.toml", True)
    assert manifests.config(found, name)["data"].keys() == {"config.toml"}
    assert "CONFIG_FILE" not in (root / FOLDER / "base/settings.env").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_changed_file_of_settings_starts_new_pods(
    pristine: Pristine, tmp_path: Path, kind: str
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(("config", "database", "kubernetes")), root)
    before = manifests.of(root, "staging")
    file = root / FOLDER / "base/config.toml"
    file.write_text(f'{file.read_text(encoding="utf-8")}CORS_ORIGINS = ["https://a.example"]\n')
    after = manifests.of(root, "staging")

    old, new = (manifests.mounted(found, "config.toml", kind)[0] for found in (before, after))
    assert old != new
    assert "https://a.example" in manifests.config(after, new)["data"]["config.toml"]


def test_an_environment_gets_a_file_of_settings_of_its_own(
    pristine: Pristine, language: str, tmp_path: Path
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(WITH_CONFIG, language), root)
    overlay = root / FOLDER / "overlays/staging"
    (overlay / "config.toml").write_text("MAX_CONNECTIONS = 20\n", encoding="utf-8")
    (entry,) = [
        entry for example in examples(root) for entry in example.get("configMapGenerator", ())
    ]
    kustomization = manifests.read(overlay / "kustomization.yaml")
    kustomization["configMapGenerator"].append(entry)
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    staging, production = (manifests.of(root, overlay) for overlay in OVERLAYS)
    files = [
        manifests.config(found, manifests.mounted(found, "config.toml")[0])["data"]["config.toml"]
        for found in (staging, production)
    ]

    assert files[0] == "MAX_CONNECTIONS = 20\n"
    assert files[1] == (root / FOLDER / "base/config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stages", "secret"),
    [
        (("config", "database", "kubernetes"), "DATABASE_URL"),
        (("config", "kubernetes", "metrics"), "METRICS_TOKEN"),
    ],
)
def test_a_secret_becomes_a_file_as_the_page_says(
    pristine: Pristine, language: str, tmp_path: Path, stages: tuple[str, ...], secret: str
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(stages, language), root)
    overlay = root / FOLDER / "overlays/staging/kustomization.yaml"
    (patch,) = (one for one in examples(root) if "/run/secrets/" in str(one))
    overlay.write_text(overlay.read_text(encoding="utf-8") + yaml.safe_dump(patch))
    found = manifests.of(root, "staging")
    started = [one for one in found if one["kind"] in {"Deployment", "Job"}]

    assert len(started) == (2 if "database" in stages else 1)
    for one in started:
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        given = {variable["name"]: variable for variable in container["env"]}
        (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "secrets")
        (mount,) = (one for one in container["volumeMounts"] if one["name"] == "secrets")
        assert secret not in given
        assert given[f"{secret}_FILE"]["value"] == f"{mount['mountPath']}/{secret}"
        assert (volume["secret"]["secretName"], mount["readOnly"]) == ("orders-files", True)
        assert manifests.problems(one) == []


def test_the_namespace_of_prometheus_is_let_in_whoever_else_is(
    pristine: Pristine, language: str
) -> None:
    found = manifests.of(pristine(("kubernetes", "metrics"), language), "production")
    rules = manifests.one(found, "NetworkPolicy")["spec"]["ingress"]
    name = {"kubernetes.io/metadata.name": "monitoring"}
    (monitoring,) = (
        rule for rule in rules if rule["from"] == [{"namespaceSelector": {"matchLabels": name}}]
    )

    assert monitoring["ports"] == [{"port": "http"}]
    alone = manifests.of(pristine(ALONE, language), "production")
    assert rules[:1] == manifests.one(alone, "NetworkPolicy")["spec"]["ingress"]
    assert manifests.one(found, "Service")["spec"] == manifests.one(alone, "Service")["spec"]


def test_each_pod_says_where_its_metrics_are(pristine: Pristine, language: str) -> None:
    root = pristine(("kubernetes", "metrics"), language)
    found = manifests.of(root, "staging")
    annotations = manifests.one(found, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    (port,) = manifests.container(found)["ports"]
    steps = catalogue.read(template.builtin().root)["metrics"].verify

    assert annotations["prometheus.io/scrape"] == "true"
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    assert f"GET {annotations['prometheus.io/path']}" in {step.request for step in steps}
    alone = manifests.of(pristine(ALONE, language), "staging")
    assert "annotations" not in manifests.one(alone, "Deployment")["spec"]["template"]["metadata"]


def test_the_monitor_of_the_operator_selects_the_service_once_it_is_switched_on(
    pristine: Pristine, language: str, tmp_path: Path
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(("kubernetes", "metrics"), language), root)
    base = root / FOLDER / "base/kustomization.yaml"
    text = base.read_text(encoding="utf-8")
    assert "ServiceMonitor" not in manifests.kinds(manifests.of(root, "production"))
    base.write_text(text.replace("# - service-monitor.yaml", "- service-monitor.yaml"))
    found = manifests.of(root, "production")
    monitor = manifests.one(found, "ServiceMonitor")["spec"]
    service = manifests.one(found, "Service")
    labels = service["metadata"]["labels"]

    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert labels[monitor["jobLabel"]] == "orders"
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_grafana_finds_the_dashboard_of_production(pristine: Pristine, language: str) -> None:
    root = pristine(("kubernetes", "metrics"), language)
    found = manifests.config(manifests.of(root, "production"), "orders-dashboard")
    (name,) = found["data"]

    assert name == "orders.json"
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = (root / "monitoring/dashboard.json").read_text(encoding="utf-8")
    assert found["data"][name] == dashboard
    assert "__inputs" not in dashboard  # nobody is asked for them


def test_prometheus_takes_the_job_and_the_rules_of_the_page(
    pristine: Pristine, language: str, tmp_path: Path
) -> None:
    root = pristine(("kubernetes", "metrics"), language)
    promtool = require_program("promtool")
    (job,) = (one for one in examples(root) if "scrape_configs" in one)
    (scraped,) = job["scrape_configs"]
    # Debian's Prometheus is built without what asks clusters.
    del scraped["kubernetes_sd_configs"]
    scraped["static_configs"] = [{"targets": ["orders:8080"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(job), encoding="utf-8")
    (tmp_path / "kubectl").write_text("#!/bin/sh\ncat\n", encoding="utf-8")
    (tmp_path / "kubectl").chmod(0o755)
    (command,) = (one for one in blocks(root, "bash") if "PrometheusRule" in one)
    made = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=root,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    rule = yaml.safe_load(made.stdout)
    rules = manifests.read(root / "monitoring/alerts.yml")
    check = [promtool, "check", "config", str(tmp_path / "prometheus.yml")]

    assert subprocess.run(check, check=False).returncode == 0
    assert (rule["kind"], rule["metadata"]) == ("PrometheusRule", {"name": "orders"})
    assert rule["spec"] == rules
    assert all(f'job="{scraped["job_name"]}"' in one["expr"] for one in rules["groups"][0]["rules"])


def test_the_job_of_the_page_keeps_the_pods_of_the_service(pristine: Pristine) -> None:
    root = pristine(("database", "kubernetes", "metrics"))
    (job,) = (one for one in examples(root) if "scrape_configs" in one)
    keeps = job["scrape_configs"][0]["relabel_configs"][0]
    found = manifests.of(root, "production")
    kept = {}
    for kind in ("Deployment", "Job"):
        started = manifests.one(found, kind)["spec"]["template"]
        labels = {
            f"__meta_kubernetes_pod_label_{re.sub('[./]', '_', name)}": value
            for name, value in started["metadata"]["labels"].items()
        }
        for port in started["spec"]["containers"][0].get("ports", [{"name": ""}]):
            labels["__meta_kubernetes_pod_container_port_name"] = port["name"]
            joined = ";".join(labels[name] for name in keeps["source_labels"])
            kept[kind] = re.fullmatch(keeps["regex"], joined) is not None

    assert kept == {"Deployment": True, "Job": False}


def test_what_selects_the_pods_fits_their_labels(production: Manifests) -> None:
    deployment = manifests.one(production, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        manifests.one(production, "Service")["spec"]["selector"],
        manifests.one(production, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(
            constraint["labelSelector"]["matchLabels"]
            for constraint in manifests.pod(production)["topologySpreadConstraints"]
        ),
    ]

    # The policy is for all pods of the service, whatever they do.
    policy = manifests.one(production, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert policy == {"app.kubernetes.io/name": "orders"}
    assert len(selectors) == 5
    for selector in selectors:
        assert selector.keys() == {"app.kubernetes.io/name", "app.kubernetes.io/component"}
        assert selector.items() <= labels
    for manifest in production:
        recommended = {"instance", "managed-by", "name", "part-of", "version"}
        found = {label.partition("/")[2] for label in manifest["metadata"]["labels"]}
        assert recommended <= found, manifest["kind"]
    tag = manifests.container(production)["image"].rpartition(":")[2]
    assert dict(labels)["app.kubernetes.io/version"] == tag


@pytest.mark.parametrize("name", ["null", "on"])
def test_a_name_that_yaml_reads_as_something_else_stays_a_name(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    ran = viscaffold("new", str(root), "--no-git", "--stage", "kubernetes", "--stage", "auth")
    assert ran.code == 0, ran.err
    found = manifests.of(root, "production")

    assert manifests.one(found, "Deployment")["metadata"]["name"] == name
    assert {problem for manifest in found for problem in manifests.problems(manifest)} == set()


def test_the_probes_ask_routes_that_the_service_answers(
    program: MakeProgram, pristine: Pristine
) -> None:
    service = program()
    found = manifests.of(pristine(ALONE, service.language), "production")
    asked = {probe["httpGet"]["path"] for probe in manifests.probes(found).values()}
    steps = catalogue.read(template.builtin().root)["kubernetes"].verify

    assert {f"GET {path}" for path in asked} == {step.request for step in steps}
    with service.start() as run:
        for step in steps:
            requests.play(step, run.port, run.log)
        answers = {path: Client(run.port).get(path).status for path in (*asked, "/health/lives")}
    assert answers == {**dict.fromkeys(asked, 200), "/health/lives": 404}


def constants(language: str) -> dict[str, float]:
    """Return what the runtime waits for, in seconds."""
    root = template.builtin().root / "template" / language / "src"
    places = {
        "python": {
            "start": ("runtime/__init__.py", r"^START_SECONDS = ([\d.]+)"),
            "stop": ("runtime/__init__.py", r"^STOP_SECONDS = ([\d.]+)"),
            "hang": ("runtime/supervisor.py", r"^STALL_SECONDS = ([\d.]+)"),
            "check": ("health.py.jinja", r"^CHECK_SECONDS = ([\d.]+)"),
            "drain": ("runtime/__init__.py", r"^DRAIN_SECONDS = ([\d.]+)"),
        },
        "rust": {
            "start": ("runtime/mod.rs", r"START_SECONDS: u64 = (\d+)"),
            "stop": ("runtime/mod.rs", r"STOP_SECONDS: u64 = (\d+)"),
            "hang": ("runtime/event_loops.rs", r"STALL: Duration = Duration::from_secs\((\d+)\)"),
            "check": ("health.rs", r"CHECK: Duration = Duration::from_secs\((\d+)\)"),
            "drain": ("runtime/server.rs", r"DRAIN: Duration = Duration::from_secs\((\d+)\)"),
        },
    }[language]
    package = root / "{{package}}" if language == "python" else root
    found = {}
    for name, (path, pattern) in places.items():
        (value,) = re.findall(pattern, (package / path).read_text(encoding="utf-8"), re.MULTILINE)
        found[name] = float(value)
    return found


def test_a_pod_gets_longer_than_the_service_takes(language: str, production: Manifests) -> None:
    runtime = constants(language)
    pod, container = manifests.pod(production), manifests.container(production)
    probes = manifests.probes(production)
    settings = manifests.one(production, "ConfigMap")["data"]
    grace = pod["terminationGracePeriodSeconds"]
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    deadline = manifests.one(production, "Deployment")["spec"]["progressDeadlineSeconds"]

    assert runtime["drain"] < runtime["stop"]
    assert grace > waits + runtime["stop"] + 5
    assert float(settings["START_SECONDS"]) == runtime["start"]
    assert manifests.budget(probes["startup"]) > runtime["start"] + 15
    assert manifests.budget(probes["liveness"]) > runtime["hang"] + 15
    assert probes["readiness"]["timeoutSeconds"] > runtime["check"]
    assert probes["readiness"]["periodSeconds"] >= probes["readiness"]["timeoutSeconds"]
    # All nodes have to hear of the end of a pod before it refuses requests.
    assert waits >= 5
    assert deadline > manifests.budget(probes["startup"]) + waits


def test_the_comments_have_the_numbers_of_the_runtime(language: str, pristine: Pristine) -> None:
    runtime = constants(language)
    text = (pristine(ALONE, language) / FOLDER / "base/deployment.yaml").read_text("utf-8")

    assert f"up to {runtime['stop']:g} s in which the service stops" in text
    assert f"after {runtime['hang']:g} s, it ends a service that hangs" in text


def test_the_pod_is_hardened_as_the_image_is(language: str, pristine: Pristine) -> None:
    root = pristine(WITH_USERS, language)
    found = manifests.of(root, "production")
    pod, container = manifests.pod(found), manifests.container(found)
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    compose = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))["services"]["app"]

    (user, group) = re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)[0]
    (volume,) = re.findall(r'^VOLUME \["(.+)"\]$', dockerfile, re.MULTILINE)
    (port,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    security = pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["ports"] == [{"containerPort": int(port), "name": "http"}]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": compose["cap_drop"]},
        "privileged": False,
        "readOnlyRootFilesystem": compose["read_only"],
    }
    assert container["resources"]["limits"] == {"memory": f"{compose['mem_limit'].rstrip('m')}Mi"}
    writable = {
        mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")
    }
    assert writable == {volume, *compose["tmpfs"]}


def test_a_stage_without_settings_has_no_heading_for_them(made: Path) -> None:
    assert "# Stage kubernetes" not in (made / ".env.example").read_text(encoding="utf-8")


def test_every_setting_stands_in_one_place(made: Path, language: str, pristine: Pristine) -> None:
    """Those that are no secret in settings.env, with their default; the others in the Secret."""
    entries = catalogue.read_yaml(template.builtin().root / "template/stages.yml")
    there = catalogue.read_yaml(made / ".copier-answers.yml")["stages"]
    known = catalogue.load(template.builtin().root, language)
    stages = [entries[name] for name in known.closure(there)]
    settings = {k: v for e in stages for k, v in e.get(language, {}).get("settings", {}).items()}
    secret = {name for name, setting in settings.items() if setting.get("secret")}
    kept = {file for entry in stages for file in entry.get("data", {}).get("files", ())}
    placed = {name for name, setting in settings.items() if setting.get("default") in kept}
    expected = defaults(pristine((), language) / ".env.example")
    expected |= {name: str(setting.get("default", "")) for name, setting in settings.items()}
    for name in ("HOST", "PORT", "PUBLISH_ADDRESS", *secret, *placed, "CONFIG_FILE"):
        expected.pop(name, None)
    staging = manifests.of(made, "staging")
    given = {one["name"]: one for one in manifests.container(staging).get("env", ())}

    assert defaults(made / FOLDER / "base/settings.env") == expected
    assert manifests.config(staging, "orders")["data"].keys() < expected.keys()
    # With a database, users are in a table: the pods have no users file.
    assert given.keys() == secret | (set() if "database" in known.closure(there) else placed)
    for name in secret:
        reference = given[name]["valueFrom"]["secretKeyRef"]
        assert given[name].keys() == {"name", "valueFrom"}
        assert (reference["name"], reference["key"]) == ("orders", name)
        assert reference.get("optional", False) is not settings[name].get("shared", False)


def defaults(path: Path) -> dict[str, str]:
    """Return the settings that a file names, with the value that it has for them."""
    return dict(SETTING.findall(path.read_text(encoding="utf-8")))


def test_no_manifest_has_the_value_of_a_secret(made: Path) -> None:
    for overlay in OVERLAYS:
        assert "Secret" not in manifests.kinds(manifests.of(made, overlay))
    for path, content in files(made / FOLDER).items():
        for name, value in SETTING.findall(content.decode()):
            assert not re.search(r"KEY|SECRET|PASSWORD|TOKEN$", name), (path, name, value)


def test_users_come_from_a_secret_where_there_are_any(pristine: Pristine, language: str) -> None:
    alone = manifests.of(pristine(ALONE, language), "production")
    container = manifests.container(alone)
    users = manifests.of(pristine(WITH_USERS, language), "production")
    (volume,) = (v for v in manifests.pod(users)["volumes"] if v["name"] == "users")
    (mount,) = (m for m in manifests.container(users)["volumeMounts"] if m["name"] == "users")
    given = {variable["name"]: variable for variable in manifests.container(users)["env"]}

    assert "env" not in container
    assert not [text for manifest in alone for text in manifests.texts(manifest) if "user" in text]
    assert volume["secret"] == {"secretName": "orders-users", "defaultMode": 0o440}
    assert mount["readOnly"] is True
    assert given["AUTH_USERS_FILE"]["value"] == f"{mount['mountPath']}/users.json"
    assert manifests.pod(users)["securityContext"]["fsGroup"] == 1000


def test_users_in_the_table_of_a_database_need_no_secret(pristine: Pristine, language: str) -> None:
    every = manifests.of(pristine((*WITH_USERS, "database"), language), "production")

    assert "users" not in {volume["name"] for volume in manifests.pod(every)["volumes"]}
    assert "AUTH_USERS_FILE" not in {one["name"] for one in manifests.container(every)["env"]}


def test_a_job_migrates_with_the_image_and_the_settings_of_the_service(
    pristine: Pristine, language: str
) -> None:
    root = pristine(("database", "kubernetes"), language)
    found = manifests.of(root, "production")
    job = manifests.one(found, "Job")
    started = job["spec"]["template"]
    (migrates,) = started["spec"]["containers"]
    pod, serves = manifests.pod(found), manifests.container(found)
    same = ("image", "env", "envFrom", "securityContext", "volumeMounts")
    alone = manifests.of(pristine(ALONE, language), "production")

    assert "Job" not in manifests.kinds(alone)
    assert {key: migrates[key] for key in same} == {key: serves[key] for key in same}
    for key in ("securityContext", "volumes", "automountServiceAccountToken"):
        assert started["spec"][key] == pod[key]
    command = " ".join(migrates["args"])
    assert f" orders {command}\n" in (root / "docs/stages/database.md").read_text("utf-8")
    # Not one of those that the Service sends requests to.
    labels = started["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "orders"
    assert labels["app.kubernetes.io/component"] == "migrations"
    (address,) = (one for one in serves["env"] if one["name"] == "DATABASE_URL")
    assert "optional" not in address["valueFrom"]["secretKeyRef"]


TEAM = """\
broker:
  title: Broker
  summary: a connection that is kept
  requires: []
  connects: {a broker: 5671, its admin: 15671}
  python:
    dependencies: []
    settings:
      BROKER_URL: {secret: true, shared: true, about: where it is}
      BROKER_PASSWORD: {secret: true, about: its password}
      BROKER_SECONDS: {default: 5, about: how long to wait}
"""


def test_the_manifests_follow_what_a_stage_says_of_itself(team: "MakeTeam", tmp_path: Path) -> None:
    source = team(
        {
            "stages.yml": TEAM,
            "template/python/{{stage.kafka}}/src/{{package}}/stages/kafka.py": None,
        }
    )
    root = tmp_path / "orders"
    flags = ("--template", str(source), "--trust", "--no-git")
    ran = viscaffold("new", str(root), *flags, "--stage", "kubernetes", "--stage", "broker")
    assert ran.code == 0, ran.err
    found = manifests.of(root, "production")
    env = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in manifests.container(found)["env"]
    }
    egress = manifests.one(found, "NetworkPolicy")["spec"]["egress"]
    text = (root / FOLDER / "base/network-policy.yaml").read_text(encoding="utf-8")

    assert env == {
        "BROKER_PASSWORD": {"name": "orders", "key": "BROKER_PASSWORD", "optional": True},
        "BROKER_URL": {"name": "orders", "key": "BROKER_URL"},
    }
    assert [port["port"] for rule in egress for port in rule["ports"]] == [53, 53, 5671, 15671]
    assert "# Stage broker: a broker\n" in text
    assert "# BROKER_SECONDS=5\n" in (root / FOLDER / "base/settings.env").read_text("utf-8")


@pytest.mark.parametrize("order", [("kubernetes", "auth"), ("auth", "kubernetes")], ids="-".join)
def test_stages_leave_no_trace_in_the_manifests_in_any_order(
    service: MakeService, pristine: Pristine, order: tuple[str, ...]
) -> None:
    root = service()
    before = state(root)
    for name in order:
        assert viscaffold("add-stage", name).code == 0
        git(root, "commit", "--quiet", "--message", name)
    assert files(root) == files(pristine(WITH_USERS))
    for name in order:
        assert viscaffold("remove-stage", name, "--keep-data").code == 0
        git(root, "commit", "--quiet", "--message", name)
    assert viscaffold("remove-stage", "api").code == 0

    assert files(root) == before[0]


def test_the_patch_of_the_page_makes_the_one_pod_that_keeps_its_files(
    pristine: Pristine, tmp_path: Path
) -> None:
    root = tmp_path / "orders"
    shutil.copytree(pristine(ALONE), root)
    (patch,) = blocks(root, "yaml")
    overlay = root / FOLDER / "overlays/staging/kustomization.yaml"
    overlay.write_text(overlay.read_text(encoding="utf-8") + patch, encoding="utf-8")
    found = manifests.of(root, "staging")

    assert manifests.one(found, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    (data,) = (volume for volume in manifests.pod(found)["volumes"] if volume["name"] == "data")
    assert data == {"name": "data", "persistentVolumeClaim": {"claimName": "orders-data"}}
    assert manifests.problems(manifests.one(found, "Deployment")) == []


def test_the_page_names_what_is_there(made: Path) -> None:
    page = (made / "docs/stages/kubernetes.md").read_text(encoding="utf-8")
    there = {path.split("/")[0] for path in files(made / FOLDER)}
    steps = re.findall(r"^(\d+)\. ", page, re.MULTILINE)

    assert there == {"base", "overlays", ".checkov.yaml"}
    scaler = manifests.one(manifests.of(made, "production"), "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert "two to six pods" in page
    for path in re.findall(r"^\| `([^`]*)` \|", page.split("## Deploy")[0], re.MULTILINE)[1:]:
        assert (made / FOLDER / path).exists(), path
    assert steps == [str(number) for number in range(1, len(steps) + 1)]
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page):
        assert (made / "docs/stages" / link).exists(), link
