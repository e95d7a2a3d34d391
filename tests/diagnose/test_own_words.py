"""The tool's own words about a file or a setting that is named as a secret stay readable."""

from dataclasses import replace

import pytest
from recorded import case

from examples import tried
from scaffolder.diagnose.causes.evidence import Evidence
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.report.answer import document
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rerun import Rerun


@pytest.mark.parametrize(
    "call", ["openat\t-2\tp={}\tx=0", "openat\t-13\tp={}\tx=0", "openat\t-21\tp={}\tx=1"]
)
@pytest.mark.parametrize("path", ["/srv/config/master_key", "/run/secrets/db_password"])
def test_the_reason_is_told_of_a_file_that_is_named_as_a_secret(path: str, call: str) -> None:
    found = case(**tried(call.format(path)))
    rerun = Rerun(
        tried=[f"rerun with an empty file at {path}: exits with 1"],
        evidence=(Evidence("rerun", "docker run", f"{path}: keeps running"),),
    )

    assert "redacted" not in str(document(found, judge(found, rerun), 1.0))


def test_a_value_is_redacted_all_the_same() -> None:
    found = case(**tried("openat\t-2\tp=/srv/master_key\tx=0"))
    rerun = Rerun(tried=["rerun with master_key: exits4with5"])

    assert "exits4with5" not in str(document(found, judge(found, rerun), 1.0))


LOST = "Error: ENOENT: no such file or directory, open '/run/secrets/db_password'"


def test_a_path_that_is_named_as_a_secret_stays_in_a_command_that_mounts_it() -> None:
    mount = Evidence("rerun", "docker run -v ./db_password:/run/secrets/db_password:ro", "")
    rerun = Rerun(evidence=(mount,), tried=[f"rerun with {mount.command}: keeps running"])
    kept = Swallowed(LOST, frozenset({"Error"}), "/app/main.js:4", "")

    logged = case(log=LOST)
    handled = case()
    handled.seen = replace(handled.seen, swallowed=kept)
    for found in (logged, handled):
        assert "redacted" not in str(document(found, judge(found, rerun), 1.0))


@pytest.mark.parametrize("words", ["db_password=/tmp/db_password", "token: /x/my_password"])
def test_a_value_that_looks_like_a_path_is_redacted(words: str) -> None:
    found = case(log=words)
    rerun = Rerun(tried=[words])

    assert words not in str(document(found, judge(found, rerun), 1.0))
