"""What programs say of themselves that they were built without."""

import pytest
from recorded import case, elf, program

from scaffolder.diagnose.programs.built import without
from scaffolder.diagnose.verdict.rewording import factor_of


@pytest.mark.parametrize(
    ("texts", "value", "word"),
    [
        (b"built with: \0+file -s3\0", "s3://monthly", "s3"),
        (b"TLS+file -s3file:///var", "s3://monthly", "s3"),
        (b"This binary was compiled without zstd.\0", "zstd", "zstd"),
        (b"kafka support is not compiled in\0", "kafka://a:9092", "kafka"),
        (b"s3 only if built with --features s3\0", "s3://monthly", ""),
        (b"built with: \0+file +s3\0", "s3://monthly", ""),
        (b"built with: \0+file -s3\0", "file:///x", ""),
        (b"use -s3 to choose\0", "s3://monthly", ""),
        (b"", "s3://monthly", ""),
    ],
)
def test_a_word_of_a_value_that_a_program_was_built_without(
    texts: bytes, value: str, word: str
) -> None:
    found, told = without(texts, value)

    assert found == word
    assert word in told
    assert bool(told) is bool(word)


def test_a_value_for_which_a_program_was_not_built_is_told_so() -> None:
    of = case(
        "/exporter",
        files={"/exporter": program(elf(text=b"built with: \0+file -s3\0"))},
        config={"env": {"TARGET": "s3://monthly"}},
    )
    cure, other = (factor_of(of, {"TARGET": value}).cure for value in (None, "x"))

    assert cure
    assert other
    assert "and was built without s3: `+file -s3`" in cure.text
    assert cure.fix.startswith("build it with s3")
    assert "built" not in other.text
