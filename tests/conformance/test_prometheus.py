"""A real Prometheus reads a service, and takes its rules; promtool has nothing against either."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeProgram, Pristine
from prometheus_client.parser import text_string_to_metric_families
from real_parts import require_program
from running import free_port
from served import Served, serving, wait_until

TOKEN = "a-token-for-prometheus"
MONITORING = ("alerts.yml", "alerts.test.yml", "dashboard.json", "prometheus.yml")
FOR_GRAFANA = {"$job": "orders", "$instance": ".*", "$__rate_interval": "5m"}


@pytest.fixture(scope="module")
def monitoring(pristine: Pristine) -> Path:
    """Return the folder of a service with every partner that adds to it."""
    return pristine(("cache", "metrics")) / "monitoring"


def promtool(*args: str, cwd: Path, stdin: str = "", fails: bool = False) -> str:
    """Run promtool; return what it prints."""
    ran = subprocess.run(
        [require_program("promtool"), *args],
        cwd=cwd,
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (ran.returncode != 0) == fails, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


class Prometheus:
    """A server that scrapes every second."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **query: str) -> Any:  # noqa: ANN401 - whatever it says
        try:
            url = f"{self.url}/{path}?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None  # it starts, or reads what it has written

    def value(self, expression: str) -> float | None:
        found = self.ask("query", query=expression)
        return float(found["result"][0]["value"][1]) if found and found["result"] else None


@contextmanager
def prometheus(configuration: Path, data: Path) -> Iterator[Prometheus]:
    port = free_port()
    command = [
        require_program("prometheus"),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield Prometheus(port)
        finally:
            server.kill()


def configured(monitoring: Path, served: Served, place: Path) -> Path:
    """Return the service's own configuration, for another port, in a hurry and with a token."""
    for name in MONITORING:
        (place / name).write_bytes((monitoring / name).read_bytes())
    (place / "token").write_text(TOKEN, encoding="ascii")
    path = place / "prometheus.yml"
    text = path.read_text(encoding="utf-8")
    for before, after in {
        "15s": "1s",
        "app:8080": f"127.0.0.1:{served.port}",
        "# authorization:": "authorization:",
        "/etc/prometheus/token": str(place / "token"),
    }.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_real_prometheus_reads_a_service_and_takes_its_rules(
    program: MakeProgram, monitoring: Path, tmp_path: Path
) -> None:
    with serving(program("metrics"), METRICS_TOKEN=TOKEN) as served:
        for number in range(7):
            served.ask(f"/nowhere/{number}")
        configuration = configured(monitoring, served, tmp_path)
        with prometheus(configuration, tmp_path / "data") as server:
            wait_until(lambda: server.value('up{job="orders"}') == 1, "it is not scraped")
            unknown = server.value('http_requests_total{route="unknown", status="404"}')
            restarts = server.value("changes(process_start_time_seconds[1m])")
            rules = server.ask("rules")["groups"][0]["rules"]

    assert unknown == 7
    assert restarts == 0
    assert len(rules) == 9
    assert {rule["state"] for rule in rules} == {"inactive"}


def test_promtool_has_nothing_against_a_scrape(program: MakeProgram, monitoring: Path) -> None:
    with serving(program("metrics")) as served:
        served.ask("/")
        text = served.ask("/metrics").body.decode()

    assert promtool("check", "metrics", cwd=monitoring, stdin=text) == ""
    wrong = text.replace("http_requests_total", "http_requests_milliseconds")
    assert "milliseconds" in promtool("check", "metrics", cwd=monitoring, stdin=wrong, fails=True)


def test_the_rules_and_the_configuration_are_valid(monitoring: Path) -> None:
    assert "9 rules found" in promtool("check", "rules", "alerts.yml", cwd=monitoring)
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml", cwd=monitoring)


def test_each_alert_fires_where_it_has_to_and_not_where_it_must_not(
    monitoring: Path, tmp_path: Path
) -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml", cwd=monitoring)
    text = (monitoring / "alerts.yml").read_text(encoding="utf-8")
    rules = re.findall(r"- alert: (\w+)", text)
    assert len(rules) == 9
    for name in MONITORING:
        (tmp_path / name).write_bytes((monitoring / name).read_bytes())
    for rule in rules:
        # One that never fires, and one that always does.
        for comparison in ("and vector(1) > 2", "or vector(1)"):
            broken = re.sub(
                rf"(- alert: {rule}\n)(.*?)\n(        for:|        labels:)",
                rf"\1\2 {comparison}\n\3",
                text,
                flags=re.DOTALL,
            )
            assert broken != text
            (tmp_path / "alerts.yml").write_text(broken, encoding="utf-8")
            assert "FAILED" in promtool(
                "test", "rules", "alerts.test.yml", cwd=tmp_path, fails=True
            )


def test_the_dashboard_asks_for_what_there_is(
    program: MakeProgram, monitoring: Path, tmp_path: Path
) -> None:
    dashboard = json.loads((monitoring / "dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for before, after in FOR_GRAFANA.items():
        expressions = [text.replace(before, after) for text in expressions]
    rules = [{"record": f"panel:{n}", "expr": text} for n, text in enumerate(expressions)]
    # JSON is YAML, too.
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file), cwd=tmp_path)

    with serving(program("metrics")) as served:
        served.ask("/")
        text = served.ask("/metrics").body.decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    there = {"up", "service_memory_used_bytes", "service_memory_limit_bytes"}  # with a limit
    there |= {sample.name for sample in samples}
    alerts = (monitoring / "alerts.yml").read_text(encoding="utf-8")
    for text in (*expressions, alerts):
        for name in re.findall(r"\b(?:http|process|service)_\w+|\bup\b", text):
            assert name in there, text


@pytest.mark.parametrize("stages", [("metrics",), ("cache", "metrics")], ids="-".join)
def test_both_languages_come_with_the_same_files(
    pristine: Pristine, stages: tuple[str, ...]
) -> None:
    python, rust = (
        [(pristine(stages, language) / "monitoring" / name).read_bytes() for name in MONITORING]
        for language in ("python", "rust")
    )

    assert python == rust
    dashboard = json.loads(python[MONITORING.index("dashboard.json")])
    assert ("cache_operations_total" in str(dashboard)) == ("cache" in stages)
