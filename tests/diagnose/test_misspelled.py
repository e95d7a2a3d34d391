"""Keys in files of settings that a program reads under another name."""

import json
from typing import Any

import pytest
from compiled import compiled
from recorded import File, case, program

from examples import STARTED, STATIC, py
from scaffolder.diagnose.causes.variables.misspelled import misspelled
from scaffolder.diagnose.evidence.keys import keys, near, renamed
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed
from scaffolder.diagnose.verdict.factors import factors
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.rerun import Rerun

PROPERTIES, DOCUMENT = "/app/application.properties", "/etc/shop.json"
PYTHON_READS = (
    "P\t0\t7\t/usr/local/bin/python3\tpython3\\x00/app/main.py\\x00\n"
    f"C\t1\t7\t7\topenat\t3\tp={DOCUMENT}\tx=0\nX\t2\t7\t3\t0"
)
READS = "import json, sys\nc = json.load(open('/etc/shop.json'))\nif not c.get('port'):\n    sys.exit(3)\nhost = c['host']\n"


def reader(content: str, source: str = READS, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    files = {DOCUMENT: File(content.encode())}
    return {**py(source, exit_code=3, files=files, **more), "trace": PYTHON_READS}


def native(text: bytes, content: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    files = {"/app/server": program(STATIC.content + text), "/etc/s.ini": File(content.encode())}
    trace = f"{STARTED}C\t1\t7\t7\topenat\t3\tp=/etc/s.ini\tx=0\nX\t2\t7\t3\t0"
    return {"files": files, "exit_code": 3, "trace": trace, **more}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# server.x = 1\nserver.prot=8080\n log-level : info\n", ["server.prot", "log-level"]),
        ('[http]\n"port" = 1\n[[peers]]\nname = "x"\n', ["http", "port", "peers", "name"]),
        ("export A_B='x'\n- name: y\n  deep:\n    port: 1\n", ["A_B", "name", "deep", "port"]),
        ('{"a": {"b-c": "d: e", "f": ["g"]}}', ["a", "b-c", "f"]),
        ("only prose, of one line\n", []),
    ],
)
def test_keys_stand_before_a_colon_or_an_equals_sign(text: str, found: list[str]) -> None:
    assert keys(text) == found


@pytest.mark.parametrize(
    ("text", "key", "name", "after"),
    [
        ("server.prot=prot\n", "server.prot", "server.port", "server.port=prot\n"),
        ("a:\n  prot: 1 # prot\n", "prot", "port", "a:\n  port: 1 # prot\n"),
        ("[htpt]\nx=1\n", "htpt", "http", "[http]\nx=1\n"),
        ('{"prot": "prot", "x": {"prot" : 1}}', "prot", "port",
         '{"port": "prot", "x": {"port" : 1}}'),
        ("prot_a=1\nprot=2\n", "prot", "port", "prot_a=1\nport=2\n"),
    ],
)  # fmt: skip
def test_a_key_is_renamed_and_nothing_else(text: str, key: str, name: str, after: str) -> None:
    assert renamed(text, key, name) == after


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("server.prot", "server.port"), ("listen_adr", "listen_addr"), ("maxConnections", "max_connections"),
        ("max-conections", "max_connections"), ("DATABSE_URL", "DATABASE_URL"), ("hosst", "host"),
        ("log_lvel", "log_level"), ("conection_tiemout", "connection_timeout"),
    ],
)  # fmt: skip
def test_a_name_is_near_that_differs_by_a_letter_or_two(key: str, name: str) -> None:
    assert near(key, {name, "unrelated", "other.name"}) == [name]


@pytest.mark.parametrize(
    ("key", "name"),
    [("port", "sort"), ("ttl", "tls"), ("user", "name"), ("read_timeout", "send_timeout"),
     ("color", "port"), ("id", "ip")],
)  # fmt: skip
def test_other_names_are_not_near(key: str, name: str) -> None:
    assert not near(key, {name})


def test_the_key_that_a_silent_program_reads_is_told() -> None:
    found = judge(case(**reader('{"prot": 8080, "host": "a", "colour": "red"}')))

    assert (found.cause, found.verdict) == ("key-misspelled", "likely")
    assert found.text == f"{DOCUMENT} has `prot`, and the program reads `port`"


def test_a_copy_gets_the_file_with_the_key_renamed() -> None:
    content = '{"http": {"prot": 8080}, "hsot": "prot"}'
    names = {
        f.name: f for f in factors(case(**reader(content))) if f.cure and f.cure.factor == "key"
    }

    assert list(names) == [
        f"prot renamed to port in {DOCUMENT}",
        f"hsot renamed to host in {DOCUMENT}",
        f"prot renamed to port and hsot renamed to host in {DOCUMENT}",
    ]
    last = list(names.values())[-1].files[DOCUMENT]
    assert last
    assert json.loads(last) == {"http": {"port": 8080}, "host": "prot"}


def test_keys_of_properties_are_compared_with_the_texts_of_classes() -> None:
    files = {
        "/usr/bin/java": STATIC,
        "/app/Main.class": File(compiled("server.port", "application.properties")),
        PROPERTIES: File(b"server.prot=8080\nspring.banner=off\n"),
    }
    trace = (
        "P\t0\t7\t/usr/bin/java\tjava\\x00-cp\\x00/app\\x00Main\\x00\n"
        f"C\t1\t7\t7\topenat\t3\tp={PROPERTIES}\tx=0\nX\t2\t7\t3\t0"
    )
    of = case("java -cp /app Main", exit_code=3, files=files, trace=trace)

    assert [each.words for each in misspelled(of)] == [
        f"{PROPERTIES} has `server.prot`, and the program reads `server.port`"
    ]


def test_what_the_code_in_front_of_an_end_names_is_read_without_its_bounds() -> None:
    glued = b"\0openupstreamclose\0"
    without = misspelled(case(**native(glued, "upstraem=x\n")))
    ending = Ending("", "exit(3)", (), named=("upstream",))
    found = judge(case(**native(glued, "upstraem=x\n", ending=ending)))

    assert not without
    assert found.cause == "key-misspelled"
    assert "reads `upstream`" in found.text


def test_what_an_exception_names_decides_between_keys() -> None:
    kept = Swallowed("KeyError: 'host'", frozenset({"KeyError"}), "/app/main.py:3", "sys.exit(3)")
    of = case(**reader('{"prot": 8080, "hsot": "a"}'), swallowed=kept)

    assert judge(of).text == f"{DOCUMENT} has `hsot`, and the program reads `host`"


@pytest.mark.parametrize(
    "more",
    [
        reader('{"port": 99999, "host": "a", "hosts": ["b"], "colour": 1}'),
        reader('{"port": 1, "prot": 2, "host": "a"}'),
        reader('{"prot": 1, "host": "a"}', f"{READS}old = c.get('prot')\n"),
        reader('{"pots": 1, "host": "a"}', "pot = 1\nprint(pot)\nraise SystemExit(3)\n"),
        reader("a text: not of settings\n", READS),
        native(b"\0upstream\0", "upstream=x\nupstreams.count=3\n"),
        native(b"\0listen\0glistening\0glisten_x\0", "glisten=1\n"),
    ],
    ids=[
        "an optional key beside all that are needed", "both are there", "it is read, too",
        "a name of a variable", "prose", "has the key", "has the key within another text",
    ],
)  # fmt: skip
def test_keys_that_are_no_misspellings_are_left(more: dict[str, Any]) -> None:
    assert not misspelled(case(**more))


def test_what_a_program_says_itself_comes_first() -> None:
    of = case(**reader('{"prot": 8080, "host": "a"}', log="Error: no licence for this host"))

    assert judge(of).cause != "key-misspelled"


def test_a_key_that_a_copy_has_renamed_in_vain_is_told_last() -> None:
    of = case(
        **reader('{"prot": 8080, "host": "a"}', READS.replace("sys.exit", "raise SystemExit"))
    )
    vain = Rerun(tried=[f"rerun with prot renamed to port in {DOCUMENT}: exits with 3"])
    other = Rerun(tried=[f"rerun with hsot renamed to host in {DOCUMENT}: exits with 3"])

    assert judge(of, other).cause == "key-misspelled"
    found = judge(of, vain)
    assert found.cause != "key-misspelled" or "all the same" in found.text
