"""Jobs in metrics, traces and the log: the same in each language."""

import json
import re
from functools import partial
from pathlib import Path

import applications
import pytest
from collector import BROUGHT, PARENT, TRACE, collecting
from conftest import MakeInEachLanguage
from jobs_table import Jobs, enqueue, wait_until_ready
from running import Program
from served import serving, wait_until

STAGES = ("logging", "metrics", "tracing")
BOUNDS = {"0.01", "0.05", "0.1", "0.5", "1", "5", "10", "30", "60", "300", "+Inf"}
CONSUMER = 5
"""SPAN_KIND_CONSUMER of OTLP."""


@pytest.fixture(scope="module")
def observed(in_each_language: MakeInEachLanguage) -> Program:
    """Make a service with jobs, and with all that tells of them."""
    in_rust = partial(applications.working_in_rust, *STAGES)
    return in_each_language(in_rust, applications.working_in_python, "jobs", *STAGES)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(f"sqlite:{tmp_path}/orders.db", tmp_path)


def test_the_run_of_a_job_belongs_to_the_trace_of_the_request(
    observed: Program, jobs: Jobs
) -> None:
    with collecting() as collector:
        settings = {**jobs.settings, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with serving(observed, **settings, JOBS_ATTEMPTS="1") as service:
            for kind in ("quick", "bad"):
                assert service.ask(f"/jobs/{kind}", "POST", headers=BROUGHT).status == 200
            collector.wait(lambda: len(collector.spans) == 4, "spans are missing")
            service.run.wait_for_line("and is dead")
            log = service.log()
    requests = {span.span_id for span in collector.spans if span.parent_id == PARENT}
    runs = {span.name: span for span in collector.spans if span.name.startswith("job ")}
    assert runs.keys() == {"job quick", "job bad"}
    assert {span.trace_id for span in runs.values()} == {TRACE}
    assert {span.parent_id for span in runs.values()} == requests
    assert {span.kind for span in runs.values()} == {CONSUMER}
    assert [runs[name].is_error for name in ("job quick", "job bad")] == [False, True]
    lines = [json.loads(line) for line in log.splitlines() if "and is dead" in line]
    assert len(lines) == 1
    (job,) = {line.job for line in jobs.lines() if line.what == "fails"}
    assert f"job bad {job} failed (attempt 1 of 1) and is dead" in lines[0]["message"]


def test_a_long_reason_holds_up_no_other_job(observed: Program, jobs: Jobs) -> None:
    with serving(observed, **jobs.settings, JOBS_ATTEMPTS="1") as service:
        (long,) = enqueue(service, "shouts")
        wait_until(lambda: jobs.row(long) == ("dead", 1), "it is not dead")
        ((reason,),) = jobs.ask("SELECT reason FROM jobs")
        assert (len(reason), "hunter2" in reason) == (500, False)
        assert "has no answer after" not in service.log()


def test_a_process_that_only_enqueues_shows_what_is_in_the_table(
    observed: Program, jobs: Jobs
) -> None:
    settings = {**jobs.settings, "JOBS_WORKERS": "0"}
    with serving(observed, **settings) as service:
        wait_until_ready(service)
        (dead, _) = enqueue(service, "quick", n=2)
        jobs.do(f"UPDATE jobs SET state = 'dead' WHERE id = '{dead}'")
    with serving(observed, **settings) as service:

        def shows(name: str) -> bool:
            found = re.search(rf"^{name} (\d)", service.ask("/metrics").body.decode(), re.MULTILINE)
            return found is not None and found[1] == "1"

        wait_until(lambda: shows("jobs_waiting") and shows("jobs_dead"), "they are not counted")


def test_jobs_are_counted(observed: Program, jobs: Jobs) -> None:
    with serving(observed, **jobs.settings, JOBS_ATTEMPTS="1") as service:
        for kind in ("quick", "quick", "bad", "unknown"):
            assert service.ask(f"/jobs/{kind}", "POST").status == 200
        wait_until(lambda: len(jobs.lines()) == 3, "they do not run")
        service.run.wait_for_line("and is dead")
        wait_until(lambda: jobs.ask("SELECT count(*) FROM jobs") == [(2,)], "they do not end")

        def counted() -> dict[str, float]:
            lines = service.ask("/metrics").body.decode().splitlines()
            pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("jobs_"))
            return {name: float(value) for name, value in pairs}

        expected = {
            'jobs_done_total{kind="quick",outcome="ok"}': 2,
            'jobs_done_total{kind="bad",outcome="dead"}': 1,
            'jobs_seconds_count{kind="quick"}': 2,
            "jobs_running": 0,
        }
        wait_until(lambda: expected.items() <= counted().items(), f"{counted()}")
        assert {"jobs_waiting", "jobs_dead"} <= counted().keys()
        assert not [name for name in counted() if "unknown" in name]
        bounds = {found[1] for name in counted() if (found := re.search('le="(.+?)"', name))}
        assert bounds == BOUNDS
