"""Keys that stand in another section than the one in which a program reads them."""

import pytest
from recorded import File, case, program

from examples import SERVER, STARTED
from scaffolder.diagnose.evidence.sections import in_other_sections, moved
from scaffolder.diagnose.verdict.renamed import other_keys

FILE = (
    "[queue]\ninterval = 15\n\n[smtp]\nhost = relay\nspool = /var/spool/in\n\n[log]\nlevel = info\n"
)
RIGHT = (
    "[queue]\nspool = /var/spool/in\ninterval = 15\n\n[smtp]\nhost = relay\n\n[log]\nlevel = info\n"
)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('cp.get("queue", "spool", fallback="")', ["queue"]),
        ("conf['queue']['spool']", ["queue"]),
        ('conf.get("queue").get("spool")', ["queue"]),
        ('conf["queue"].get("spool")', ["queue"]),
        ('cp.get("smtp", "spool")', []),
        ('cp.get("queue", "spool") or cp.get("smtp", "spool")', []),
        ('cp.get("queue", "spool") or cp.get("log", "spool")', []),
        ('cp.get("worker", "spool")', []),
        ('cp.get("queue", "interval")', []),
        ("queue.spool", []),
    ],
)
def test_a_key_is_wanted_where_the_source_reads_it(source: str, wanted: list[str]) -> None:
    assert [each.wanted for each in in_other_sections(FILE, [source])] == wanted


def test_a_key_that_is_in_both_sections_is_where_it_should_be() -> None:
    both = FILE.replace("interval", "spool = /x\ninterval")

    assert not [*in_other_sections(both, ['get("queue", "spool")'])]


def test_a_moved_key_is_in_the_other_section_and_nothing_else_changes() -> None:
    (found,) = in_other_sections(FILE, ['get("queue", "spool")'])

    assert moved(FILE, found) == RIGHT


def test_a_copy_gets_the_key_where_it_is_read() -> None:
    script = '#!/usr/bin/python3\nspool = conf.get("queue", "spool", fallback="")\n'
    files = {**SERVER, "/app/server": program(script), "/etc/mailer.ini": File(FILE.encode())}
    opened = "C\t1\t7\t7\topenat\t3\tp=/etc/mailer.ini\tx=0\n"
    of = case(files=files, trace=f"{STARTED}{opened}X\t9\t7\t1\t0", exit_code=1)
    (factor,) = (each for each in other_keys(of) if "moved" in each.name)

    assert factor.files == {"/etc/mailer.ini": RIGHT.encode()}
    assert factor.cure
    assert factor.cure.text.endswith("has `spool` in [smtp], and the program reads it in [queue]")
    assert factor.cure.fix == "move spool to [queue] in /etc/mailer.ini"
