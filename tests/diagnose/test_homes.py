"""Paths that begin with ~, and that no shell expands."""

from typing import Any

import pytest
from recorded import case, program

from examples import SERVER, said
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.wanted import wanted

FILES = {**SERVER, "/etc/passwd": program("app:x:1000:1000::/home/app:/bin/sh\n")}
ENDS = "P\t1\t7\t/app/server\t/app/server\nC\t9\t7\t7\topenat\t-2\tp=%s\td=/srv\nX\t20\t7\t4\t0\n"


def silent(path: str, command: str = "/app/server", **config: Any) -> Case:  # noqa: ANN401 - of a Config
    config = {"user": "app", "workdir": "/srv", **config}
    return case(command, files=FILES, exit_code=4, trace=ENDS % path, config=config)


def test_a_value_is_expanded_in_a_copy() -> None:
    of = silent("~/data/state.json", env={"DATA_DIR": "~/data"})
    found = judge(of)

    assert found.cause == "home-not-expanded", found
    assert found.fix == "write the whole path: -e DATA_DIR=/home/app/data"
    first = next(iter(wanted(of)))
    assert first.config.env == {"DATA_DIR": "/home/app/data"}


def test_home_is_what_the_variable_says() -> None:
    of = silent("~/state", env={"STATE": "~/state", "HOME": "/data"})

    assert "STATE=/data/state" in judge(of).fix


@pytest.mark.parametrize("argument", ["~/app.conf", "--config=~/app.conf"])
def test_an_argument_is_expanded_by_no_shell_either(argument: str) -> None:
    found = judge(silent("~/app.conf", f"/app/server {argument}"))

    assert found.cause == "home-not-expanded", found
    assert argument.replace("~", "/home/app") in found.fix


@pytest.mark.parametrize(
    "config",
    [
        {"env": {"DATA_DIR": "~/data"}},
        {"env": {"BACKUP": "/data/~/old"}, "command": ("/app/server", "a~/b")},
        {"command": ("/bin/sh", "-c", "exec /app/server --data ~/data")},
    ],
    ids=["other", "inside", "expanded"],
)
def test_what_was_not_asked_for_explains_nothing(config: dict[str, Any]) -> None:
    found = judge(case(**said("cannot open /etc/orders.conf: no such file", config=config)))

    assert found.cause != "home-not-expanded"
