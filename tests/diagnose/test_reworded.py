"""Copies get their values in other words, until it is clear which one a program does not take."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import File, case, program

from examples import STARTED
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.silence.vocabulary import near
from scaffolder.diagnose.evidence.arguments import arguments, rewritten
from scaffolder.diagnose.evidence.config import Image, Mount, Port
from scaffolder.diagnose.evidence.settings import settings, written
from scaffolder.diagnose.report.redaction import of_case
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.handed import with_room
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.read_settings import read_settings
from scaffolder.diagnose.verdict.reworded import is_open, reworded
from scaffolder.diagnose.verdict.rewording import factor_of, meant
from scaffolder.diagnose.verdict.spellings import spellings
from scaffolder.docker.client import Engine

Env = Mapping[str, str]
Play = Callable[..., tuple[Factor | None, list[Env]]]


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("POLL_INTERVAL", "30", "30s"),
        ("CACHE_TTL", "PT30", "pt30"),
        ("POLL_INTERVAL", "30s", "30"),
        ("RETENTION", "7d", "168h"),
        ("GRACE", "30 seconds", "30s"),
        ("CACHE_SIZE", "512", "512M"),
        ("RATIO", "1,5", "1.5"),
        ("MAX_ROWS", "10,000", "10000"),
        ("WORKERS", "0", "1"),
        ("WORKERS", "-4", "1"),
        ("PORT", "80800", "8080"),
        ("BIND_ADDR", "localhost:8080", "0.0.0.0:8080"),
        ("LISTEN_ADDR", "8080", ":8080"),
        ("LISTEN_ADDR", ":8080", "0.0.0.0:8080"),
        ("BIND", "0.0.0.0", "0.0.0.0:8080"),
        ("BIND", "http://0.0.0.0:8080/", "0.0.0.0:8080"),
        ("ENABLE_HTTP", "True", "true"),
        ("DEBUG", "1", "true"),
        ("DEBUG", "off", "false"),
        ("LOG_LEVEL", "VERBOSE", "verbose"),
        ("LOG_LEVEL", "warning", "warn"),
        ("MODE", "Production", "production"),
        ("MODE", "fast", "FAST"),
        ("API_URL", "api.example.com/v1", "http://api.example.com/v1"),
        ("REDIS_URL", "cache/0", "redis://cache/0"),
        ("API_URL", "http://api/", "http://api"),
        ("DATABASE_URL", "postgres://db/x", "postgresql://db/x"),
        ("ORIGINS", "a; b", "a,b"),
        ("ORIGINS", "a,b", '["a", "b"]'),
        ("LABELS", "a:b,c:d", "a=b,c=d"),
        ("OPTIONS", "{'a': 1}", '{"a": 1}'),
        ("DATA", "/data", "/data/"),
        ("GREETING", '"hello"', "hello"),
        ("UPSTREAM", "backend:9000", "http://backend:9000"),
        ("REDIS", "cache:6379", "redis://cache:6379"),
    ],
)
def test_a_value_is_written_as_it_may_have_been_meant(name: str, value: str, meant: str) -> None:
    found = spellings(name, value)

    assert meant in found, found
    assert value not in found


def test_a_key_is_tried_in_its_usual_lengths_and_forms() -> None:
    assert sorted(map(len, spellings("SESSION_KEY", "short"))) == [32, 44, 64]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Play:
    def play(runs: Callable[[Env], bool], **more: Any) -> tuple[Factor | None, list[Env]]:  # noqa: ANN401 - of a case
        ran: list[Env] = []

        def run(_engine: Engine, of: Case, factor: Factor, **_tracer: object) -> Outcome:
            ran.append(factor.config.env)
            alive = runs(factor.config.env)
            return Outcome(alive=alive, exit_code=0 if alive else of.exit_code, text="")

        monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
        found = reworded(Engine("docker"), case(**more), [], lambda: False)
        return found and found[0], ran

    return play


def is_duration(text: str | None) -> bool:
    return re.fullmatch(r"\d+s", text or "") is not None


MANY = {"POLL_INTERVAL": "30", "NAME": "orders", "URL": "http://x/", "MAX": "5", "PATH": "/bin"}


def test_the_one_value_of_many_that_is_not_taken_is_found_with_few_copies(played: Play) -> None:
    found, ran = played(lambda env: is_duration(env["POLL_INTERVAL"]), config={"env": MANY})

    assert found
    assert found.name == "POLL_INTERVAL=30s"
    assert found.cure
    assert found.cure.proves
    assert found.cure.text == "the program does not take the value '30' of POLL_INTERVAL"
    assert len(ran) < 8
    assert all(env["PATH"] == "/bin" for env in ran)


def test_what_other_spellings_break_is_found_one_by_one(played: Play) -> None:
    def runs(env: Env) -> bool:
        return is_duration(env["POLL_INTERVAL"]) and env["NAME"] == "orders"

    found, _ = played(runs, config={"env": MANY})

    assert found
    assert found.name == "POLL_INTERVAL=30s"


def test_two_values_that_are_not_taken_are_both_named(played: Play) -> None:
    def runs(env: Env) -> bool:
        return is_duration(env["POLL_INTERVAL"]) and is_duration(env["MAX"])

    found, _ = played(runs, config={"env": {"POLL_INTERVAL": "30", "MAX": "5"}})

    assert found
    assert found.name == "POLL_INTERVAL=30s and MAX=5s"


def test_a_value_of_the_image_is_tried_and_not_left_out(played: Play) -> None:
    env = {"BIND_ADDR": "localhost:8080"}
    more = {"config": {"env": env}, "image": Image(env=env)}
    found, _ = played(lambda env: env.get("BIND_ADDR") == "0.0.0.0:8080", **more)
    none, ran = played(lambda env: "BIND_ADDR" not in env, **more)

    assert found
    assert none is None
    assert all("BIND_ADDR" in env for env in ran)


def test_where_no_spelling_helps_one_variable_less_is_no_proof(played: Play) -> None:
    env = {"FEATURES": "x-1/y", "NAME": "a"}
    found, _ = played(lambda env: "FEATURES" not in env, config={"env": env})

    assert found
    assert found.name == "without FEATURES"
    assert found.cure
    assert not found.cure.proves


def test_nothing_is_found_where_no_copy_runs(played: Play) -> None:
    found, ran = played(lambda _env: False, config={"env": MANY})

    assert found is None
    assert len(ran) <= 16


def test_what_runs_with_nonsense_as_well_ends_over_what_the_value_stands_for(played: Play) -> None:
    found, _ = played(lambda env: env["WORKERS"] != "5000", config={"env": {"WORKERS": "5000"}})
    flag, _ = played(lambda env: env["TLS"] != "True", config={"env": {"TLS": "True"}})

    for one in (found, flag):
        assert one
        assert one.cure
        assert not one.cure.proves
        assert "stands for" in one.cure.text


def test_a_yes_that_is_written_otherwise_than_what_is_taken_is_found(played: Play) -> None:
    more = {"config": {"env": {"CACHE": "On"}}}
    found, _ = played(lambda env: env["CACHE"] in ("on", "off"), **more)

    assert found
    assert found.name == "CACHE=on"
    assert found.cure
    assert found.cure.proves


SERVES = {"exposed": (Port(3000),)}


def test_a_yes_that_is_not_taken_leaves_a_server_with_nothing_to_do(played: Play) -> None:
    env = {"ENABLE_HTTP": "True", "PORT": "3000"}
    found, _ = played(
        lambda env: env["ENABLE_HTTP"] == "true",
        exit_code=0,
        config={"env": env, **SERVES},
        image=Image(env=env),
    )

    assert found
    assert found.cure
    assert found.cure.proves
    assert "and then has nothing to do" in found.cure.text


@pytest.mark.parametrize("env", [{"MODE": "migrate"}, {"RUN_ONCE": "True"}, {"STEPS": "3"}])
def test_a_job_that_a_server_was_told_to_do_is_none(played: Play, env: Env) -> None:
    found, _ = played(lambda other: other != env, exit_code=0, config={"env": env, **SERVES})

    assert found is None


def test_what_is_no_secret_is_quoted_and_what_may_be_one_is_not(played: Play) -> None:
    env = {"SESSION_KEY": "hunter2"}
    found, _ = played(lambda env: len(env.get("SESSION_KEY", "")) == 64, config={"env": env})

    assert found
    assert found.cure
    said = f"{found.name} {found.cure.text}: {found.name} {found.cure.fix}"
    assert "hunter2" not in said + found.flags
    assert "openssl rand -hex 32" in said
    assert "0123" not in said
    of = case(config={"env": env})
    assert of_case(of)(said) == said


FILE = "/etc/orders/app.json"
READ = f"{STARTED}C\t1\t7\t7\topenat\t3\tp={FILE}\tx=0\nX\t2\t7\t3\t0"


def in_file(content: str, path: str = FILE) -> dict[str, Any]:
    """Return a silent container that has read a file before it ended."""
    return {"files": {path: File(content.encode())}, "exit_code": 3, "trace": READ}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Play:
    def play(runs: Callable[[str], bool], **more: Any) -> tuple[Factor | None, list[Env]]:  # noqa: ANN401 - of a case
        def run(_engine: Engine, of: Case, factor: Factor, **_tracer: object) -> Outcome:
            content = factor.files.get(FILE)
            alive = content is not None and runs(content.decode())
            return Outcome(alive=alive, exit_code=0 if alive else of.exit_code, text="")

        monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
        found = reworded(Engine("docker"), case(**more), [], lambda: False)
        return found and found[0], []

    return play


DOCUMENT = '{"name": "a", "http": {"port": "80", "level": "info"}, "ttl": 30, "peers": ["b"]}'


@pytest.mark.parametrize(
    ("content", "runs", "text", "advice"),
    [
        (DOCUMENT, lambda d: json.loads(d)["http"]["port"] == 80, "'80' of http.port", "80 without quotes"),
        (DOCUMENT, lambda d: json.loads(d)["ttl"] == "30s", "'30' of ttl", "30s"),
        ("[q]\nttl = 30 sec\nname = a\n", lambda d: "ttl = 30s\n" in d, "'30 sec' of ttl", "30s"),
        ("ttl: 30 sec # how long\nname: 'a'\n", lambda d: "ttl: 30s # how long\n" in d, "'30 sec' of ttl", "30s"),
        ('port = "80"\nname = "a"\n', lambda d: "port = 80\n" in d, "'80' of port", "80 without quotes"),
        ("port = 80\r\nname = a\r\n", lambda d: 'port = "80"\n' in d, "'80' of port", '"80", in quotes'),
    ],
    ids=["a number in JSON", "a duration in JSON", "INI", "YAML", "TOML", "in quotes"],
)  # fmt: skip
def test_the_setting_of_a_file_that_is_not_taken_is_found(
    read: Play, content: str, runs: Callable[[str], bool], text: str, advice: str
) -> None:
    found, _ = read(runs, **in_file(content))

    assert found
    assert found.cure
    assert found.cure.proves
    assert found.cure.text == f"the program does not take the value {text} in {FILE}"
    assert found.cure.fix.endswith(f"such as {advice}")
    assert found.flags == f"-v ./app.json:{FILE}"


def test_a_secret_with_a_line_break_at_its_end_is_found_and_not_shown(read: Play) -> None:
    found, _ = read(lambda content: content == "hunter2", **in_file("hunter2\n"))

    assert found
    assert found.cure
    assert found.cure.text == (
        f"the program does not take what {FILE} has, with the line break at its end"
    )
    assert "without the line break" in found.cure.fix
    assert "hunter2" not in f"{found.name} {found.cure.text} {found.cure.fix} {found.flags}"


def test_a_file_whose_meaning_is_to_blame_is_told_so(read: Play) -> None:
    found, _ = read(lambda content: content != "hunter2\n", **in_file("hunter2\n"))

    assert found
    assert found.cure
    assert found.cure.text == f"the program ends over what is in {FILE}"
    assert found.name == f"another content of {FILE}"


def test_several_values_are_told_in_one_sentence() -> None:
    of = case(**in_file("x\n"), config={"env": {"A": "1", "B": "2"}})
    whole = read_settings(of)[0]

    assert meant(of, {"A": "x"}) == "what the value '1' of A stands for"
    assert meant(of, {"A": "x", "B": "x"}) == (
        "what the value '1' of A and the value '2' of B stand for"
    )
    assert meant(of, {"A": "x", whole: "x"}) == (
        f"what the value '1' of A stands for and what is in {FILE}"
    )


def test_a_setting_that_no_spelling_helps_is_left_out_and_no_proof(read: Play) -> None:
    found, _ = read(lambda document: "peers" in document and '"b"' not in document and "ttl" in document,
                    **in_file(DOCUMENT))  # fmt: skip

    assert found
    assert found.cure
    assert not found.cure.proves or "peers.0" in found.cure.text


def test_a_secret_of_a_file_is_not_told(read: Play) -> None:
    content = '{"session_key": "hunter2", "url": "redis://:hunter3@cache:6379"}'
    found, _ = read(lambda d: len(json.loads(d)["session_key"]) == 64, **in_file(content))

    assert found
    assert found.cure
    assert "hunter" not in f"{found.name} {found.cure.text} {found.cure.fix} {found.flags}"


def test_a_password_in_an_address_of_a_file_is_redacted(read: Play) -> None:
    more = in_file('{"url": "postgres://app:hunter3@db/x", "a": "b"}')
    found, _ = read(lambda d: "postgresql://" in d, **more)

    assert found
    assert found.cure
    said = of_case(case(**more))(f"{found.name} {found.cure.text} {found.cure.fix} {found.flags}")
    assert "postgresql://" in said
    assert "hunter3" not in said


@pytest.mark.parametrize(
    "content",
    [
        '{"a": "' + "9" * 50_000 + '"}',
        "[" * 900 + "1" + "]" * 900,
        '{"a":' * 900 + "1" + "}" * 900,
        "a = " + " " * 60_000 + "x\n",
        "a = " + "9" * 400 + "\nb: '" + "9" * 400 + "d'\n",
    ],
    ids=["digits", "lists", "objects", "blanks", "digits of lines"],
)
def test_a_file_that_is_made_to_be_hard_to_read_is_read(read: Play, content: str) -> None:
    found, _ = read(lambda _: False, **in_file(content))

    assert found is None


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/usr/share/app.json", DOCUMENT),
        ("/app/node_modules/x/settings.json", DOCUMENT),
        ("/etc/passwd", "a: b\n"),
        ("/app/main.py", "a = 5\n"),
        (FILE, "only prose\nof two lines\n"),
        (FILE, "a = 5\n" + "# x\n" * 30_000),
    ],
    ids=["of the system", "of a library", "accounts", "code", "no settings", "large"],
)
def test_a_file_that_is_none_of_settings_is_left_as_it_is(path: str, content: str) -> None:
    trace = READ.replace(FILE, path)
    assert not read_settings(case(**{**in_file(content, path), "trace": trace}))


def test_the_file_that_was_read_last_comes_first() -> None:
    other = "/srv/b.toml"
    trace = READ.replace("X\t2", f"C\t2\t7\t7\topenat\t3\tp={other}\tx=0\nX\t3")
    files = {FILE: File(DOCUMENT.encode()), other: File(b"a = 1\n")}
    found = read_settings(case(files=files, exit_code=3, trace=trace))

    assert [s.where for s in found][:2] == [f"a in {other}", f"name in {FILE}"]


def test_a_file_of_a_mount_is_replaced_and_the_rest_of_the_mount_kept(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(DOCUMENT)
    whole = Mount("bind", str(tmp_path), "/etc/orders")
    alone = Mount("bind", str(tmp_path / "app.json"), FILE)
    kept = {}
    for mount in (whole, alone):
        of = case(**in_file(DOCUMENT), config={"mounts": (mount,)})
        factor = factor_of(of, {read_settings(of)[0]: "b"})
        kept[mount] = with_room(factor.config, factor.files).mounts

    assert kept == {whole: (replace(whole, is_own=True),), alone: ()}


WORKER = ("worker", "--poll=30", "--level", "VERBOSE", "serve", "-v", "/etc/x.toml")


def test_arguments_are_options_with_values_and_words() -> None:
    found = [(argument.where, argument.value) for argument in arguments(WORKER)]

    assert found == [("the option --poll", "30"), ("the option --level", "VERBOSE"),
                     ("argument 4", "serve"), ("the option -v", "/etc/x.toml")]  # fmt: skip
    assert arguments(("sh", "-c", "x", "serve")) == []
    assert arguments(("python3", "/app/main.py")) == []


@pytest.mark.parametrize(
    ("value", "argv"),
    [
        ("30s", ("worker", "--poll=30s", *WORKER[2:])),
        (None, ("worker", *WORKER[2:])),
    ],
)
def test_an_option_is_written_otherwise_or_left_out(value: str, argv: tuple[str, ...]) -> None:
    assert rewritten(WORKER, {arguments(WORKER)[0]: value}) == argv


def test_an_option_is_left_out_with_its_value() -> None:
    assert rewritten(WORKER, {arguments(WORKER)[1]: None}) == ("worker", "--poll=30", *WORKER[4:])


@given(st.lists(st.text(alphabet="-=ax1", min_size=1, max_size=5), min_size=1, max_size=6))
def test_arguments_that_are_not_changed_stay_as_they_are(argv: list[str]) -> None:
    same = {argument: argument.value for argument in arguments(argv)}
    assert rewritten(argv, same) == tuple(argv)


def test_an_argument_that_is_not_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_engine: Engine, _case: Case, factor: Factor, **_tracer: object) -> Outcome:
        return Outcome(alive="--poll=30s" in factor.config.argv, exit_code=2, text="")

    monkeypatch.setattr("scaffolder.diagnose.verdict.copies.run", run)
    config = {"entrypoint": ("worker",), "command": WORKER[1:]}
    of = case(command=WORKER, exit_code=2, config=config)
    found = reworded(Engine("docker"), of, [], lambda: False)

    assert found
    assert found[0].cure
    assert found[0].cure.text == "the program does not take the value '30' of the option --poll"
    assert found[0].cure.proves
    assert found[0].flags == "IMAGE --poll=30s --level VERBOSE serve -v /etc/x.toml"


SOURCES = ("filesystem", "memory", "postgres", "info", "production")


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("filesytem", ["filesystem"]),
        ("postgress", ["postgres"]),
        ("inof", ["info"]),
        ("Memory", ["memory"]),
        ("memory", []),
        ("redis", []),
    ],
)
def test_a_word_is_taken_for_the_one_of_the_program_that_it_is_like(
    value: str, meant: list[str]
) -> None:
    assert near(value, SOURCES) == meant


def test_a_misspelled_word_is_found_by_the_words_of_the_program(played: Play) -> None:
    app = {"/app/main.js": program("if (b === 'filesystem') x()"), "/usr/bin/node": program(b"x")}
    more = {
        "files": app,
        "config": {"command": ("node", "/app/main.js"), "env": {"B": "filesytem"}},
    }
    found, _ = played(lambda env: env["B"] == "filesystem", **more)

    assert found
    assert found.cure
    assert found.cure.proves
    assert found.cure.fix == "give B a value that it can read, such as filesystem"


@given(st.text(alphabet="ab\"'=: {}[],#\n\r\t0", max_size=60))
def test_a_value_that_is_written_anew_leaves_the_rest_as_it_is(content: str) -> None:
    for setting in settings(FILE, content):
        changed = written(content, {setting: "zz"})
        again = {s.place: s.value for s in settings(FILE, changed)}
        before = {s.place: s.value for s in settings(FILE, content)}
        assert again == {**before, setting.place: "zz"}


def test_what_ended_over_something_known_is_left_alone() -> None:
    of = case(exit_code=1, config={"env": MANY})
    assert is_open(of, judge(of))

    killed = case(exit_code=137, state={"oom_killed": True}, config={"env": MANY})
    assert not is_open(killed, judge(killed))
    done = case(exit_code=0, config={"env": MANY})
    assert not is_open(done, judge(done))


@pytest.mark.parametrize(
    ("call", "is_left"),
    [
        ("connect\t-111\ts=2:10.0.0.1:80", True),
        ("mmap\t-12", True),
        ("openat\t-2\tp=/etc/app.toml\tx=0", False),
    ],
)
def test_what_ended_over_an_answer_or_a_limit_is_left_alone(call: str, *, is_left: bool) -> None:
    rows = (STARTED.rstrip(), f"C\t1\t7\t7\t{call}", "X\t2\t7\t1\t0")
    of = case(exit_code=1, config={"env": MANY}, trace="\n".join(rows))

    assert is_open(of, None) != is_left, of.seen.failed_call


APP = {"/app/main.js": program("console.log('api booted')"), "/usr/bin/node": program(b"x")}


@pytest.mark.parametrize(
    ("log", "env", "is_fine"),
    [
        ("api booted\n", {}, False),
        ("api booted\nmigrated the tables\n", {}, True),
        ("wrote 12 rows\n", {}, True),
        ("api booted\n", {"MODE": "check"}, True),
        ("api booted\n", {"SSL_CERT_FILE": "/etc/ca.pem"}, False),
    ],
)
def test_a_server_that_had_nothing_to_do_is_no_job_and_what_tells_of_its_work_is_one(
    log: str, env: dict[str, str], *, is_fine: bool
) -> None:
    argv = ("node", "/app/main.js")
    of = case(
        log=log,
        files=APP,
        exit_code=0,
        config={"command": argv, "env": {"PORT": "3000", **env}, **SERVES},
        image=Image(env={"PORT": "3000"}, command=argv),
    )

    assert judge(of).verdict == ("healthy" if is_fine else "likely"), judge(of)


NAMED = "".join(f"process.env.{n};" for n in ("A_REGION", "B_BUCKET", "C_TOKEN", "D_ID"))


def test_of_many_variables_that_nothing_sets_the_one_that_is_needed_is_found(played: Play) -> None:
    app = {"/app/main.js": program(NAMED), "/usr/bin/node": program(b"x")}
    more = {"files": app, "config": {"command": ("node", "/app/main.js"), "env": {}}}
    found, ran = played(lambda env: "C_TOKEN" in env, **more)
    none, _ = played(lambda _env: False, **more)

    assert found
    assert found.name == "the variable C_TOKEN"
    assert found.cure
    assert found.cure.text == "the program exits because the variable C_TOKEN is not set"
    assert found.cure.proves
    assert len(ran) < 6
    assert none is None
