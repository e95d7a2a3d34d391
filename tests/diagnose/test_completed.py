"""What stands in a program beside what it was given: keys, options and variables that are missing."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.settings import settings
from scaffolder.diagnose.evidence.swallowed import Swallowed
from scaffolder.diagnose.programs.companions import beside
from scaffolder.diagnose.verdict.completed import added, completed

TABLE = b"\0node_id\0listen\0seed_peers\0%s: no such node\0stats\0"
SOURCE = b"const REQUIRED = ['root', 'archive.days', 'delete.days'];\nrun({ tenant, format = 'json' }) {}\n"


@pytest.mark.parametrize(
    ("texts", "known", "first"),
    [
        ([("native", TABLE)], {"node_id", "listen"}, "seed_peers"),
        ([("source", SOURCE)], {"root", "archive.days"}, "delete.days"),
        ([("source", SOURCE)], {"format"}, "tenant"),
        ([("classes", b"broker.url\nbroker.destination\nauto\n")], {"broker.url"}, "broker.destination"),
        ([("go", b'x\0json:"queue"\0json:"region,omitempty"\0')], {"queue"}, "region"),
    ],
)  # fmt: skip
def test_the_name_beside_known_ones_comes_first(
    texts: list[tuple[str, bytes]], known: set[str], first: str
) -> None:
    assert beside(texts, known)[0] == first


def test_nothing_stands_beside_names_that_a_program_does_not_have() -> None:
    assert beside([("native", TABLE), ("source", SOURCE)], {"other"}) == []
    assert beside([("native", b"\0listen\0" + b"a text\0" * 9 + b"seed_peers\0")], {"listen"}) == []


def read(content: str, name: str = "app.yml", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    """Return a container in C whose copy read a file of settings, and ended."""
    binary = program(elf(text=TABLE))
    files = {**SERVER, "/app/server": binary, f"/etc/{name}": File(content.encode())}
    opened = f"C\t1\t7\t7\topenat\t3\tp=/etc/{name}\tx=0\n"
    return {"files": files, "trace": f"{STARTED}{opened}X\t9\t7\t1\t0", "exit_code": 1, **more}


@pytest.mark.parametrize(
    ("content", "name", "new"),
    [
        ("node_id: a\nlisten: :80\n", "app.yml", "node_id: a\nlisten: :80\nseed_peers: 1"),
        ("node_id=a\nlisten=b", "app.conf", "node_id=a\nlisten=b\nseed_peers=1"),
        ('{"node": {"node_id": "a", "listen": "b"}}', "app.json",
         '{"node": {"node_id": "a", "listen": "b", "seed_peers": "1"}}'),
    ],
)  # fmt: skip
def test_a_copy_gets_the_key_that_the_file_lacks(content: str, name: str, new: str) -> None:
    factors = [f for f in completed(case(**read(content, name))) if "seed_peers" in f.name]

    assert [factor.files for factor in factors] == [{f"/etc/{name}": new.encode()}]
    assert factors[0].cure
    assert factors[0].cure.proves


def test_a_key_that_the_file_has_is_not_added() -> None:
    content = "node_id: a\nlisten: b\nseed_peers: c\n"

    assert not [f for f in completed(case(**read(content))) if "seed_peers" in f.name]


@pytest.mark.parametrize(
    "more",
    [
        {"exit_code": 0},
        {"trace": ""},
        {"swallowed": Swallowed("No module named x", frozenset({"ModuleNotFoundError"}), "", "")},
        {"trace": f"{STARTED}C\t1\t7\t7\topenat\t-2\tp=/etc/other\tx=0\nX\t2\t7\t1\t0"},
    ],
    ids=["it is done", "nobody watched", "it lacks code", "a call failed"],
)
def test_nothing_is_added_where_something_else_is_known(more: dict[str, Any]) -> None:
    assert [*completed(case(**read("node_id: a\n") | more))] == []


def test_a_mistake_of_its_own_may_be_that_of_an_argument_that_is_missing() -> None:
    told = Swallowed(
        "IndexError: list index out of range", frozenset({"IndexError"}), "/a.py:1", ""
    )

    assert [f.name for f in completed(case(**read("node_id: a\n", swallowed=told)))] == [
        "an argument"
    ]


def test_options_and_variables_are_given_that_stand_beside_given_ones() -> None:
    table = b"\0from\0to\0interval\0SEARCH_INDEX\0SEARCH_KEY\0"
    files = {**SERVER, "/app/server": program(elf(text=table))}
    config = {"env": {"SEARCH_INDEX": "/i"}}
    of = case(
        files=files, command="/app/server --from=a", config=config,
        trace=f"{STARTED}X\t9\t7\t2\t0", exit_code=2,
    )  # fmt: skip
    found = {factor.name: factor for factor in completed(of)}

    assert found["the option --to"].config.argv == ("/app/server", "--from=a", "--to", "1")
    assert found["the variable SEARCH_KEY"].config.env["SEARCH_KEY"]
    assert "the option --from" not in found
    assert "the variable SEARCH_INDEX" not in found


@pytest.mark.parametrize(
    ("command", "files", "is_given"),
    [
        ("/app/server", {}, True),
        ("/sbin/tini -- /app/server", {"/sbin/tini": program(elf())}, True),
        ("/app/server serve", {}, False),
        ("/app/server --from=a", {}, False),
        (("sh", "-c", "/app/server"), {"/bin/sh": program(elf())}, False),
        (("sh", "/run.sh"), {"/bin/sh": program(elf()), "/run.sh": File(b"test -n x$1\n")}, True),
    ],
)
def test_a_program_without_arguments_gets_one(
    command: str | tuple[str, ...], files: dict[str, File], *, is_given: bool
) -> None:
    of = case(
        command=command, files={**SERVER, **files}, trace=f"{STARTED}X\t9\t7\t1\t0", exit_code=1
    )
    found = [factor for factor in completed(of) if factor.name == "an argument"]

    assert bool(found) is is_given
    assert [factor.config.argv[-1] for factor in found] == ["1"] * is_given
    assert [factor.cure and factor.cure.cause for factor in found] == [
        "argument-missing"
    ] * is_given


@pytest.mark.parametrize(
    "name", ["help", "version", "dry-run", "SKIP_CHECKS", "no_tls", "MIGRATE_ONLY", "uninstall"]
)
def test_what_has_a_program_do_less_proves_nothing(name: str) -> None:
    table = f"\0from\0{name}\0FROM\0".encode()
    files = {**SERVER, "/app/server": program(elf(text=table)), "/etc/a.conf": File(b"from=1\n")}
    opened = "C\t1\t7\t7\topenat\t3\tp=/etc/a.conf\tx=0\n"
    of = case(
        files=files, command="/app/server --from=a", config={"env": {"FROM": "a"}},
        trace=f"{STARTED}{opened}X\t9\t7\t2\t0", exit_code=2,
    )  # fmt: skip

    assert not [factor.name for factor in completed(of) if name in factor.name]


def test_a_line_that_is_no_setting_any_more_gets_none() -> None:
    setting = settings("/a.yml", "a: 1\n")[0]

    assert added("- x\n", setting, "b") == ""
    assert added("", setting, "b") == ""
