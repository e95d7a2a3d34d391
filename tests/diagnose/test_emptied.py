"""Scripts that redirect what they read from a file to the file itself."""

import pytest
from recorded import File, case

from examples import sh
from scaffolder.diagnose.programs.pipelines import emptied
from scaffolder.diagnose.verdict.judge import judge


@pytest.mark.parametrize(
    "line",
    [
        "jq '.a = 1' /data/a.json > /data/a.json",
        'jq ".a = 1" "$FILE" > "$FILE"',
        "jq . <$FILE >$FILE",
        "cat $FILE | sort | uniq >$FILE",
        "sed -e s/a/b/ ${FILE} 1> ${FILE}",
        'envsubst < "$FILE" > "$FILE" && run',
    ],
)
def test_a_file_that_is_read_and_written_by_one_pipeline_is_emptied(line: str) -> None:
    (found,) = emptied(f"FILE=/data/a.json\n{line}\n", {})

    assert found[0] == "/data/a.json"


@pytest.mark.parametrize(
    "line",
    [
        "jq . $FILE > $FILE.new && mv $FILE.new $FILE",
        "cat $FILE >> $FILE",
        "echo $FILE > $FILE",
        "run $FILE > /dev/null 2>&1",
        "sort -o $FILE $FILE",
        "run > $FILE; cat $FILE",
        "run --out $FILE 2>&1",
        "cat < $FILE >(cat)",
    ],
)
def test_what_is_written_elsewhere_later_or_behind_it_stays(line: str) -> None:
    assert [*emptied(f"FILE=/data/a.json\n{line}\n", {})] == []


@pytest.mark.parametrize(("content", "is_told"), [(b"", True), (b"{}", False)])
def test_it_is_told_where_the_file_is_empty(content: bytes, *, is_told: bool) -> None:
    text = "#!/bin/sh\nset -e\njq . /data/a.json > /data/a.json\nexec run /data/a.json\n"
    example = sh(text, log="Unexpected end of JSON input")
    example["files"] = {**example["files"], "/data/a.json": File(content)}
    found = judge(case(**example))

    assert (found.cause == "script-empties-input") is is_told, found
