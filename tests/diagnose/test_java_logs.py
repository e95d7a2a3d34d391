"""A log that goes nowhere, and what the classes of a program can log."""

import pytest
from compiled import LOGGER, compiled, jar
from hypothesis import given
from hypothesis import strategies as st
from recorded import File, case, elf, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.harmless import matters
from scaffolder.diagnose.evidence.log_search import last_words
from scaffolder.diagnose.evidence.trace import Call
from scaffolder.diagnose.programs import jars
from scaffolder.diagnose.verdict.judge import judge

NOWHERE = (
    'SLF4J: Failed to load class "org.slf4j.impl.StaticLoggerBinder".\n'
    "SLF4J: Defaulting to no-operation (NOP) logger implementation\n"
    "SLF4J: See http://www.slf4j.org/codes.html#StaticLoggerBinder for further details."
)
NONE = "SLF4J(W): No SLF4J providers were found.\nSLF4J(W): Defaulting to no-operation (NOP) logger implementation"
HELD = "cannot take the index lock, held by {}"
JAVA = {"/usr/bin/java": program(elf())}


OWN = jar(shop_Main=compiled("up", HELD), shop_db_Lock=compiled("waiting for {}"))


def ended(command: str, log: str = NOWHERE, data: bytes = OWN, exit_code: int = 1) -> Case:
    files = {**JAVA, "/app/shop.jar": File(data)}
    return case(command, log, exit_code, files=files, config={"workdir": "/app"})


@pytest.mark.parametrize("log", [NOWHERE, NONE])
@pytest.mark.parametrize(
    "command",
    ["java -Xmx64m -jar shop.jar up", "java -cp /lib/slf4j.jar:/app/shop.jar shop.Main up"],
)
def test_what_a_program_would_have_logged_is_in_its_classes(log: str, command: str) -> None:
    found = judge(ended(command, log))

    assert (found.verdict, found.cause) == ("likely", "java-log-nowhere")
    assert f"tells of a failure: `{HELD}`" in found.text
    assert "waiting for" not in found.text
    assert "free it there" in found.fix
    assert "slf4j-simple" in found.fix


@pytest.mark.parametrize(
    "data", [b"no jar", jar(shop_Main=compiled("up")), jar(org_Other=compiled(HELD))]
)
def test_without_such_words_only_the_log_is_told(data: bytes) -> None:
    found = judge(ended("java -jar shop.jar", data=data))

    assert found.cause == "java-log-nowhere"
    assert found.text.endswith("so that nothing says why it exits with 1")
    assert "lock" not in found.fix


def test_what_is_said_otherwise_comes_before_the_log_that_is_not_there() -> None:
    said = f"{NOWHERE}\njava.lang.IllegalStateException: no profile"

    assert judge(ended("java -jar shop.jar", said)).cause != "java-log-nowhere"
    assert judge(ended("java -jar shop.jar", exit_code=137)).cause != "java-log-nowhere"


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        (NOWHERE.splitlines(), ""),
        (["cache: cannot read /x", "cache: falling back to memory"], ""),
        (["cache: cannot read /x", "store: falling back to memory"], "cache: cannot read /x"),
        (["cache: cannot read /x", "cache: ready"], "cache: cannot read /x"),
        (["error: bad key", *NOWHERE.splitlines()], "error: bad key"),
    ],
)
def test_a_complaint_of_who_goes_on_with_less_is_no_reason(lines: list[str], last: str) -> None:
    assert last_words(lines) == last


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (compiled("a b", "c"), ["a b", "c"]),
        (compiled("a b", uses="java/util/List"), []),
        (compiled("a b")[:-9], []),
        (b"\0" * 40, []),
    ],
)
def test_the_literals_of_a_class_that_logs_are_read(data: bytes, found: list[str]) -> None:
    assert list(jars.literals(data, LOGGER)) == found


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    list(jars.literals(jars.MAGIC + data, LOGGER))
    jars.texts(data, "", LOGGER)


@pytest.mark.parametrize(
    "path", ["/etc/java-21-openjdk/net.properties", "/usr/lib/jvm/java-21/conf/net.properties"]
)
def test_what_java_reads_of_its_own_is_no_progress(path: str) -> None:
    """It reads how to reach others when that has failed."""
    assert not matters(Call(0, 7, 7, "openat", 2, path, path))
    assert matters(Call(0, 7, 7, "openat", 2, "/etc/app/net.conf", "/etc/app/net.conf"))
