"""Providers that a Java program looks up, and that no file in META-INF/services declares."""

import io
import zipfile

import pytest
from compiled import jar, kind
from recorded import File, case, elf, folder, program

from scaffolder.diagnose.causes.java.providers import LOADER
from scaffolder.diagnose.verdict.judge import judge

JAVA = {"/usr/bin/java": program(elf())}
MAIN = kind("shop/Main", is_abstract=False, refers=(LOADER, "shop/Codec", "java/util/Optional"))
QUIET = kind("shop/Main", is_abstract=False, refers=("shop/Codec",))
CODEC = kind("shop/Codec", is_abstract=True)
NONE = "java.util.NoSuchElementException: No value present"


def with_file(data: bytes, name: str) -> bytes:
    kept = io.BytesIO(data)
    with zipfile.ZipFile(kept, "a") as made:
        made.writestr(name, "shop.Json")
    return kept.getvalue()


WHOLE = jar(shop_Main=MAIN, shop_Codec=CODEC)


@pytest.mark.parametrize(
    ("data", "log", "is_told"),
    [
        (WHOLE, NONE, True),
        (WHOLE, "", True),
        (WHOLE, "ERROR no suitable provider", True),
        (WHOLE, "ERROR the moon is full", False),
        (with_file(WHOLE, "META-INF/services/shop.Other"), NONE, True),
        (with_file(WHOLE, "META-INF/services/shop.Codec"), NONE, False),
        (jar(shop_Main=QUIET, shop_Codec=CODEC), NONE, False),
        (jar(shop_Main=MAIN, shop_Codec=kind("shop/Codec", is_abstract=False)), NONE, False),
        (jar(shop_Main=MAIN), NONE, False),
        (WHOLE[:-30], NONE, False),
    ],
    ids=[
        "missing", "silent", "no provider", "another complaint", "others are declared", "declared",
        "nobody asks", "a class of its own", "not in the jar", "a damaged jar",
    ],
)  # fmt: skip
def test_what_a_class_asks_for_is_to_be_declared(data: bytes, log: str, *, is_told: bool) -> None:
    files = {**JAVA, "/app/shop.jar": File(data)}
    found = judge(case("java -jar /app/shop.jar", log, files=files))

    assert (found.cause == "java-provider-missing") is is_told, found
    assert not is_told or "/app/shop.jar has no META-INF/services/shop.Codec" in found.text


@pytest.mark.parametrize("is_declared", [False, True])
def test_it_is_looked_for_beside_classes_in_directories(*, is_declared: bool) -> None:
    declared = "/app/META-INF/services/shop.Codec"
    places = ("/app", "/app/shop", "/app/META-INF", "/app/META-INF/services")
    files = {
        **JAVA,
        **{place: folder() for place in places},
        "/app/shop/Main.class": File(MAIN),
        "/app/shop/Codec.class": File(CODEC),
        **({declared: File(b"shop.Json")} if is_declared else {}),
    }
    found = judge(case("java -cp /app shop.Main", NONE, files=files))

    assert (found.cause == "java-provider-missing") is not is_declared
