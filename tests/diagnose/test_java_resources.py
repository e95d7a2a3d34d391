"""Resources of Java programs that the jar does not have."""

import pytest
from compiled import compiled, jar
from recorded import File, case, elf, folder, program

from scaffolder.diagnose.verdict.judge import judge

NULL = 'Exception in thread "main" java.lang.NullPointerException'
JAVA = {"/usr/bin/java": program(elf())}
READS = compiled("tariff", uses="getResourceAsStream")
NAMES = compiled("/tariffs/2026.csv", uses="shop/Tariffs")


@pytest.mark.parametrize(
    ("classes", "log", "is_told"),
    [
        ({"shop_Main": NAMES, "shop_Tariffs": READS}, NULL, True),
        ({"shop_Main": compiled("/tariffs/\x01.csv"), "shop_Tariffs": READS}, NULL, True),
        ({"shop_Main": NAMES}, NULL, False),
        ({"shop_Main": compiled("tariff"), "shop_Tariffs": READS}, NULL, False),
        ({"shop_Main": NAMES, "shop_Tariffs": READS}, "java.lang.IllegalStateException", False),
    ],
    ids=["missing", "computed", "nobody asks", "none is named", "another exception"],
)
def test_a_resource_that_a_class_names_is_looked_for_in_the_jar(
    classes: dict[str, bytes], log: str, *, is_told: bool
) -> None:
    files = {**JAVA, "/app/shop.jar": File(jar("shop.Main", **classes))}
    found = judge(case("java -jar /app/shop.jar", log, files=files))

    assert (found.cause == "java-resource-missing") is is_told, found
    assert not is_told or ".csv, which is not in /app/shop.jar" in found.text


def test_one_that_is_beside_the_classes_or_in_the_container_is_there() -> None:
    classes = {"/app/shop/Main.class": File(NAMES), "/app/shop/Tariffs.class": File(READS)}
    own = {**JAVA, "/app": folder(), "/app/shop": folder(), **classes}
    there = {**own, "/app/tariffs/2026.csv": File()}
    absolute = {**own, "/tariffs/2026.csv": File()}

    def cause(files: dict[str, File]) -> str:
        return judge(case("java -cp /app shop.Main", NULL, files=files)).cause

    assert "java-resource-missing" not in {cause(there), cause(absolute)}
