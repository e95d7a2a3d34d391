"""Keystores that a password does not open."""

import pytest
from compiled import compiled
from recorded import File, case

from examples import STATIC
from scaffolder.diagnose.causes.catalogue import causes
from scaffolder.diagnose.verdict.judge import judge

SAID = "java.io.IOException: keystore password was incorrect"
ENV = {"KS_PASS": "hunter2", "DB_PASSWORD": "x1y2z3", "PORT": "8080"}
OPENS = (
    "P\t0\t7\t/usr/bin/java\tjava\\x00-cp\\x00/app\\x00Main\\x00\n"
    "C\t1\t7\t7\topenat\t3\tp=/etc/app/keystore.p12\tx=0\nX\t2\t7\t5\t0"
)


def test_the_variable_that_the_program_reads_is_named_and_its_value_is_not() -> None:
    files = {"/usr/bin/java": STATIC, "/app/Main.class": File(compiled("KS_PASS", "PKCS12"))}
    of = case("java -cp /app Main", SAID, 5, files, config={"env": ENV}, trace=OPENS)
    found = judge(of)

    assert found.cause == "keystore-password"
    assert "KS_PASS" in found.text
    assert "/etc/app/keystore.p12" in found.text
    assert "DB_PASSWORD" not in found.text
    assert found.fix.startswith("give KS_PASS the password")
    assert "hunter2" not in f"{found.text} {found.fix} {found.evidence}"


def test_without_a_source_all_that_have_passwords_are_named() -> None:
    found = judge(case(log=SAID, config={"env": ENV}))

    assert "the container has KS_PASS, DB_PASSWORD" in found.text


def test_without_such_a_variable_that_is_told() -> None:
    assert "no variable of the container has one" in judge(case(log=SAID)).text


@pytest.mark.parametrize(
    "log",
    ["error:1C800064:Provider routines::bad decrypt", "login failed: password is incorrect"],
)
def test_other_passwords_and_other_data_are_not_told_so(log: str) -> None:
    find = next(each.find for each in causes() if each.id == "keystore-password")

    assert find(case(log=log, config={"env": ENV})) is None
