"""Tests of containers are skipped where they cannot be run, and fail where they have to be."""

import containers
import pytest


def test_a_skip_is_a_failure_where_docker_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_DOCKER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="container tests: no socket"):
        containers.skip("no socket")
    monkeypatch.setenv("REQUIRE_DOCKER", "1")
    with pytest.raises(pytest.fail.Exception, match="no socket"):
        containers.skip("no socket")
