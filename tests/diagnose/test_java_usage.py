"""Java programs that are started without the argument that they need, and say nothing."""

from typing import Any

import pytest
from compiled import compiled, jar
from recorded import File, case, elf, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed
from scaffolder.diagnose.programs.java_command import Started, started
from scaffolder.diagnose.programs.usage import commands, required
from scaffolder.diagnose.verdict.judge import judge

USAGE = "shop 1.2\nusage: shop COMMAND\n\n  up       apply\n  status   show\n"
ENDING = Ending("Main.java:46 (shop.Main.main)", "System.exit(2)", ())


def ran(command: str = "java -cp /app shop.Main", text: str = USAGE, **more: Any) -> Case:  # noqa: ANN401 - of a case
    files = {
        "/usr/bin/java": program(elf()),
        "/app/shop/Main.class": File(compiled("up", text)),
        "/app/shop.jar": File(jar(shop_Main=compiled("up"), shop_cli_Help=compiled(text))),
        "/app/plain.jar": File(jar("Main", Main=compiled(text), org_Other=compiled("up"))),
        "/app/other.jar": File(jar("Main", Main=compiled("up"), org_Other=compiled(text))),
    }
    return case(command, files=files, **{"exit_code": 2, "ending": ENDING, **more})


@pytest.mark.parametrize(
    ("command", "config"),
    [
        ("java -Xmx64m -cp /lib/x.jar:/app shop.Main", {}),
        ("java -jar /app/shop.jar", {}),
        ("java -jar plain.jar", {"workdir": "/app"}),
        ("java shop.Main", {"workdir": "/app"}),
        ("java shop.Main", {"env": {"CLASSPATH": "/app"}}),
        ("java --class-path /app/shop.jar -Dx=1 shop.Main", {}),
    ],
)
def test_the_usage_in_its_classes_names_what_is_missing(
    command: str, config: dict[str, Any]
) -> None:
    found = judge(ran(command, config=config))

    assert (found.verdict, found.cause) == ("likely", "java-argument-missing")
    assert "`usage: shop COMMAND` (up, status)" in found.text
    assert "System.exit(2) at Main.java:46" in found.text
    assert "such as up" in found.fix


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("java -cp /app shop.Main up", {}),
        ("java -jar /app/shop.jar up", {}),
        ("java -jar /app/other.jar", {}),
        ("java -cp /app shop.Main", {"text": "usage: shop [--port N]"}),
        ("java -cp /app shop.Main", {"text": "the usage of MEMORY"}),
        ("java -cp /app shop.Main", {"exit_code": 69}),
        ("java -cp /app shop.Main", {"exit_code": 0}),
        ("java -cp /app shop.Main", {"log": "up"}),
        (
            "java -cp /app shop.Main",
            {"swallowed": Swallowed("x.Y: no queue", frozenset({"Y"}), "shop.Main", "System.exit")},
        ),
        ("java -cp /none shop.Main", {}),
        ("java -m shop/shop.Main", {}),
    ],
)
def test_nothing_is_said_to_be_missing_otherwise(command: str, more: dict[str, Any]) -> None:
    assert judge(ran(command, **more)).cause != "java-argument-missing"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("java -jar a.jar x -y", Started("", ("a.jar",), ("x", "-y"))),
        ("/opt/bin/java -cp a.jar:/b x.Main -v", Started("x.Main", ("a.jar", "/b"), ("-v",))),
        ("java --class-path=/b @opts -Xmx1g Main", Started("Main", ("/b",), ())),
        ("java --add-opens java.base/x=ALL Main", Started("Main", (".",), ())),
        ("java -version", None),
        ("java -jar", Started("", ("",), ())),
        ("javac Main", None),
    ],
)
def test_what_a_command_of_java_starts(command: str, found: Started | None) -> None:
    assert started(tuple(command.split()), {}) == found


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        (["usage: x COMMAND", "", "Commands:", "  up   apply", "\tdown\tundo", "", "Options:"], ["up", "down"]),
        (["usage: x <up|down>", "see the manual"], []),
        (["  up   apply"], []),
    ],
)  # fmt: skip
def test_the_commands_below_a_usage(usage: list[str], known: list[str]) -> None:
    assert commands(usage) == known
    assert bool(required(usage)) == usage[0].startswith("usage")


def reading(command: str, *texts: str, uses: str = "getenv", **more: Any) -> Case:  # noqa: ANN401 - of a case
    files = {
        "/usr/bin/java": program(elf()),
        "/app/shop/Main.class": File(compiled("up", *texts, uses=uses)),
        "/app/shop.jar": File(
            jar(shop_Main=compiled("up"), shop_Settings=compiled(*texts, uses=uses))
        ),
    }
    return case(command, files=files, **{"exit_code": 2, "ending": ENDING, **more})


@pytest.mark.parametrize("command", ["java -cp /app shop.Main", "java -jar /app/shop.jar"])
def test_a_variable_that_a_program_in_java_reads_and_nothing_sets_is_named(command: str) -> None:
    found = judge(reading(command, "LEDGER_DSN", "ledger"))

    assert (found.cause, found.verdict) == ("variable-missing", "likely")
    assert "LEDGER_DSN" in found.text


@pytest.mark.parametrize(
    ("texts", "log", "is_told"),
    [
        (("BATCH_SIZE",), "java.lang.NumberFormatException: Cannot parse null string: null", True),
        (("BATCH_SIZE",), 'java.lang.NumberFormatException: For input string: "1k"', False),
        (
            ("BATCH_SIZE", "LIMIT_MB"),
            "java.lang.NumberFormatException: Cannot parse null string",
            False,
        ),
    ],
)
def test_the_only_variable_that_is_not_there_is_what_is_null(
    texts: tuple[str, ...], log: str, *, is_told: bool
) -> None:
    found = judge(reading("java -cp /app shop.Main", *texts, log=log, ending=None))

    assert (found.cause == "variable-missing") is is_told, found
    assert not is_told or "BATCH_SIZE is not set" in found.text


@pytest.mark.parametrize(
    "example",
    [
        {"texts": ("LEDGER_DSN",), "uses": "toString"},
        {"texts": ("LEDGER_DSN",), "config": {"env": {"LEDGER_DSN": "x"}}},
        {"texts": ("ledger_dsn", "DSN")},
    ],
    ids=["a constant of an enum", "set", "spelled otherwise"],
)
def test_other_texts_of_a_program_in_java_are_no_variables(example: dict[str, Any]) -> None:
    texts = example.pop("texts")

    assert judge(reading("java -cp /app shop.Main", *texts, **example)).cause != "variable-missing"
