"""Programs that do not take what they are themselves: a user, the first process, a host's name."""

from typing import Any

import pytest
from recorded import IDENTITY, case

from examples import SERVER, STARTED, said
from scaffolder.diagnose.docker import inspect
from scaffolder.diagnose.evidence.config import Config
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.verdict import allowed, held_back
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.itself import itself
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.docker.client import Engine


def changed(**more: Any) -> list[str]:  # noqa: ANN401 - of a case
    return [factor.flags for factor in itself(case(**{"files": SERVER, **more}))]


def test_a_silent_end_may_be_one_of_root_of_pid_1_or_of_a_name() -> None:
    assert changed() == ["--user 1000:1000", "--init", "--hostname orders-0"]


@pytest.mark.parametrize(
    "more",
    [
        {"exit_code": 0},
        {"exit_code": 139},
        {"trace": f"{STARTED}C\t1\t7\t7\topenat\t-2\tp=/etc/app.toml\tx=0\nX\t2\t7\t1\t0"},
        {"config": {"user": "app", "init": True, "hostname": "orders-1"}},
    ],
    ids=["done", "crashed", "asked in vain", "is others already"],
)
def test_what_has_another_reason_or_is_so_already_is_not_changed(more: dict[str, Any]) -> None:
    assert changed(**more) == []


def test_the_name_of_a_host_has_only_what_it_may() -> None:
    of = case(files=SERVER)
    of.target = "-my_shop.api" + "x" * 80

    name = list(itself(of))[-1].config.hostname
    assert name.startswith("myshopapixx")
    assert name.endswith("-0")
    assert len(name) <= 63


@pytest.mark.parametrize(
    ("line", "cause", "config"),
    [
        ("initdb: error: cannot be run as root", "root-refused", {}),
        ("Refusing to start the agent as root user.", "root-refused", {}),
        ('"root" execution of the server is not permitted.', "root-refused", {}),
        ("running as root is not supported", "root-refused", {}),
        ("FATAL: don't run as PID 1", "pid-1-refused", {}),
        (f"invalid hostname: {IDENTITY[:12]} has no ordinal", "host-name-refused", {}),
        ("bad hostname 'shard'", "host-name-refused", {"hostname": "shard"}),
    ],
)
def test_what_a_program_says_of_itself_is_understood(
    line: str, cause: str, config: dict[str, Any]
) -> None:
    found = judge(case(**said(line, config=config)))

    assert (found.cause, found.verdict) == (cause, "proven")


@pytest.mark.parametrize(
    ("line", "config"),
    [
        ("initdb: error: cannot be run as root", {"user": "1000"}),
        ("warning: do not run pip as root", {}),
        ("must be run as root", {}),
        ("must not be run as PID 1", {"init": True}),
        ("could not resolve hostname db", {}),
    ],
)
def test_what_is_said_of_others_is_not_taken_for_it(line: str, config: dict[str, Any]) -> None:
    found = judge(case(**said(line, config=config)))

    refused = ("root-refused", "pid-1-refused", "host-name-refused")
    assert found.cause not in refused or found.verdict != "proven"


def test_copies_have_the_name_and_the_addresses_that_a_container_was_given() -> None:
    options = allowed.options(Config(hosts=("db:10.0.0.2",)), "orders-1")

    assert options[options.index("--hostname") + 1] == "orders-1"
    assert [o for o in options if "add-host" in o] == [
        "--add-host=db:10.0.0.2",
        "--add-host=orders-1:127.0.0.1",
    ]


def test_a_name_that_is_only_the_id_was_not_given() -> None:
    def name(own: str) -> str:
        return inspect.config({"Id": IDENTITY, "Config": {"Hostname": own}}).hostname

    assert (name(IDENTITY[:12]), name("orders-1"), name("")) == ("", "orders-1", "")


WRITES = "C\t1\t7\t7\topenat\t3\tp=/run/app.conf\tx=241\n"
DENIED = WRITES.replace("\t3\tp", "\t-13\tp")


@pytest.mark.parametrize(
    ("own", "others", "is_held"),
    [
        (WRITES, DENIED, True),
        ("", DENIED, False),
        (WRITES, WRITES, False),
        (WRITES, DENIED.replace("x=241", "x=0"), False),
        (WRITES, DENIED.replace("-13", "-2"), False),
    ],
    ids=["before", "only afterwards", "granted", "only read", "not there"],
)
def test_a_copy_that_is_denied_what_the_container_did_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, own: str, others: str, *, is_held: bool
) -> None:
    of = case(files=SERVER, trace=f"{STARTED}{own}X\t2\t7\t1\t0")
    other = Outcome(alive=True, exit_code=0, text="", trace=read(f"{STARTED}{others}"))
    monkeypatch.setattr(held_back, "run", lambda *_: other)
    user, init, _name = itself(of)

    tried = ["rerun with an ordinary user: keeps running"]
    call = held_back.held_back(Engine("docker"), of, user, tried)
    assert (call is not None) is is_held
    assert tried[0].endswith("denied /run/app.conf, which the container uses: no proof") is is_held
    assert held_back.held_back(Engine("docker"), of, init, tried) is None
