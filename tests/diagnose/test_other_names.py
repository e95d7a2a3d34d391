"""A variable that names a peer, and that the program does not read: it reads another one."""

import pytest
from recorded import File, case, elf, program

from examples import SERVER
from scaffolder.diagnose.evidence.facts import Neighbour
from scaffolder.diagnose.verdict.judge import judge

READS = "const up = process.env.{} || 'http://127.0.0.1:9000';\n"
PRODUCTS = Neighbour("products", "running", networks=("net",), names=("products",))
REFUSED = "Error: connect ECONNREFUSED 127.0.0.1:9000"


@pytest.mark.parametrize(
    ("read", "env", "words"),
    [
        ("UPSTREAM_URL", {"UPSTREAM": "http://u:hunter2@products:9000"}, "it reads UPSTREAM_URL"),
        ("OTHER_URL", {"UPSTREAM": "http://products:9000"}, "the program does not use that"),
        ("UPSTREAM_URL", {"UPSTREAM": "http://nobody:9000"}, ""),
        ("UPSTREAM_URL", {"UPSTREAM": "http://products:7000"}, ""),
        ("UPSTREAM_URL", {}, ""),
    ],
)
def test_who_is_asked_instead_of_a_peer_is_told_with_the_variable_that_names_it(
    read: str, env: dict[str, str], words: str
) -> None:
    files = {
        **SERVER, "/usr/bin/node": program(elf()), "/a.js": File(READS.format(read).encode()),
    }  # fmt: skip
    config = {"env": env, "network": "net", "networks": {"net": "10.0.0.2"}}
    of = case("node /a.js", REFUSED, files=files, config=config, sources={"around": (PRODUCTS,)})
    found = judge(of)

    assert found.cause == "connection-refused"
    assert ("the program does not use that" in found.text) is bool(words)
    assert words in found.text
    assert "hunter2" not in f"{found.text} {found.fix} {found.evidence}"
