"""Of an outage, the log names the first causes, each once."""

from conftest import Imported


def test_of_an_outage_five_causes_are_named_each_once(imported: Imported) -> None:
    named = imported("runtime.outage").Named()
    causes = ["refused", "refused", "timeout", "password", "refused", "read-only", "no host", "6th"]

    said = [named.still(cause) for cause in causes]
    assert said == ["", None, "still ", "still ", None, "still ", "still ", None]
