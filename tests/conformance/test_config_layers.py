"""Settings from a file, the environment and secret files: the same in each language."""

import os
import re
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import STAGES, MakeProgram
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Program
from served import serving

HOSTILE = "which cannot be read"
VALUES = "expected text in quotes, a whole number, true, false, or a list of texts"
TABLES = "expected settings outside of tables, under the names of their variables"


@dataclass(frozen=True)
class Shown:
    """What `--check-config` printed."""

    status: int
    rows: Mapping[str, str]
    """Name → value and place."""
    problems: frozenset[str]


def check(program: Program, directory: Path, *args: str, **variables: str) -> Shown:
    """Run the command in a directory; nothing has to be written to stdout but rows."""
    ran = subprocess.run(
        [*program.command, "--check-config", *args],
        cwd=directory,
        env={**os.environ, **program.variables, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    rows = dict(re.findall(r"^(\w+) = (.*)$", ran.stdout, re.MULTILINE))
    return Shown(ran.returncode, rows, frozenset(ran.stderr.splitlines()))


@pytest.fixture(scope="module")
def shop(program: MakeProgram) -> Program:
    return program("config")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


NUMBER = st.integers(1, 1000).map(str)
TEXT = st.text("abc.-_~", min_size=1, max_size=5).map(lambda text: f"/x{text}")
ORIGINS = st.lists(st.sampled_from(["https://a.example", "http://b:1"]), min_size=1, max_size=3)
LAYERED = {
    "CORS_ORIGINS": ORIGINS.map(",".join),
    "KEEP_ALIVE_SECONDS": NUMBER,
    "LOG_LEVEL": st.sampled_from(["debug", "INFO", "Error"]),
    "MAX_CONNECTIONS": NUMBER,
    "ROOT_PATH": TEXT,
}
DEFAULTS = {
    "CORS_ORIGINS": "",
    "KEEP_ALIVE_SECONDS": "75",
    "LOG_LEVEL": "INFO",
    "MAX_CONNECTIONS": "500",
    "ROOT_PATH": "",
}
FILLED = st.sampled_from(["", "# PORT = 1\n", "\n\n", "  \t# \"\"\" '''\n"])


def layer() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional=LAYERED)


def toml(name: str, value: str) -> str:
    """Write a setting in one of the forms that the file can have."""
    if name == "CORS_ORIGINS":
        return f"{name} = [\n" + "".join(f'  "{part}",\n' for part in value.split(",")) + "]\n"
    return f"{name} = {value}\n" if value.isdecimal() else f"\"{name}\" = '{value}' # mine\n"


@settings(max_examples=25)
@given(data=st.data())
def test_the_highest_layer_that_sets_a_setting_has_its_value(
    shop: Program, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = tmp_path_factory.mktemp("layers")
    in_file, in_environment, in_secrets = (data.draw(layer()) for _ in range(3))
    expected = {name: f"{value}  # default" for name, value in DEFAULTS.items()}
    text = ""
    for name, value in in_file.items():
        text += data.draw(FILLED)
        expected[name] = f"{value}  # from config.toml, line {text.count(chr(10)) + 1}"
        text += toml(name, value)
    expected |= {name: f"{value}  # from the environment" for name, value in in_environment.items()}
    variables = dict(in_environment)
    for name, value in in_secrets.items():
        secret = place / name
        secret.write_text(value + data.draw(st.sampled_from(["", "\n", "\r\n"])), newline="")
        expected[name] = f"***  # from {secret}, by {name}_FILE"
        if data.draw(st.booleans()):
            variables[f"{name}_FILE"] = str(secret)
        else:
            text += f'{name}_FILE = "{secret}"\n'
    (place / "config.toml").write_text(text, encoding="utf-8")
    shown = check(shop, place, **variables)

    assert (shown.status, shown.problems) == (0, frozenset()), text
    assert {name: shown.rows[name] for name in expected} == expected


def test_a_service_heeds_what_its_file_says(shop: Program, file: Path) -> None:
    file.write_text("MAX_BODY_BYTES = 5\n", encoding="utf-8")
    with serving(shop, CONFIG_FILE=str(file)) as service:
        assert service.ask("/", "POST", b"123456").status == 413
        assert f"{file} sets MAX_BODY_BYTES" in service.log()


def test_the_level_of_the_file_holds_as_soon_as_it_is_read(shop: Program, file: Path) -> None:
    file.write_text('LOG_LEVEL = "ERROR"\n', encoding="utf-8")
    with serving(shop, CONFIG_FILE=str(file)) as service:
        assert "INFO" in service.log()
        assert "listening on" not in service.log()


def test_every_problem_is_told_at_once_with_its_place(shop: Program, file: Path) -> None:
    file.write_text(
        "MAX_CONECTIONS = 7\n"
        "max-body-bytes = 7\n"
        "MAX_CONNECTIONS = 0\n"
        "xyzzy = 'hunter2'\n"
        "PORT = 80\n"
        "KEEP_ALIVE_SECONDS = 1.5\n"
        "ROOT_PATH = 2026-01-01\n"
        "CORS_ORIGINS = [1, 2]\n"
        "LOG_LEVEL = {a = 1}\n"
        "\"a\\nb\" = 'hunter2'\n"
        "[auth]\n"
        "token_seconds = 5\n"
        "[[more.of]]\n",
        encoding="utf-8",
    )
    missing = file.with_name("missing")
    shown = check(shop, file.parent, MAX_BODY_BYTES="big", FORWARDED_ALLOW_IPS_FILE=str(missing))
    place = "(from config.toml, line"

    assert shown.status == 78
    unknown_place = {text for text in shown.problems if text.startswith("setting a?b is unknown")}
    assert len(unknown_place) == 1
    assert shown.problems - unknown_place == {
        f"setting MAX_CONECTIONS is unknown: did you mean MAX_CONNECTIONS? {place} 1)",
        f"setting max-body-bytes is unknown: did you mean MAX_BODY_BYTES? {place} 2)",
        f"setting MAX_CONNECTIONS is '0': expected a whole number from 1 to 100000 {place} 3)",
        f"setting xyzzy is unknown: no setting is called like this {place} 4)",
        f"setting PORT has to be a variable: it is read before any file {place} 5)",
        f"setting KEEP_ALIVE_SECONDS is a number with a fraction: {VALUES} {place} 6)",
        f"setting ROOT_PATH is a date or a time: {VALUES} {place} 7)",
        f"setting CORS_ORIGINS is a list of other things: {VALUES} {place} 8)",
        f"setting LOG_LEVEL is a table: {TABLES} {place} 9)",
        f"setting auth is a table: {TABLES} {place} 11)",
        f"setting more is a table: {TABLES} {place} 13)",
        (
            "setting MAX_BODY_BYTES is 'big': expected a whole number from 1 to 1073741824"
            " (from the environment)"
        ),
        (
            f"setting FORWARDED_ALLOW_IPS_FILE is '{missing}', {HOSTILE}: No such file or directory"
            " (from the environment)"
        ),
    }
    with shop.start(ready=False, CONFIG_FILE=str(file), MAX_BODY_BYTES="big") as run:
        assert run.wait() == 78
        log = run.log()
    assert "setting MAX_CONECTIONS is unknown: did you mean MAX_CONNECTIONS?" in log
    assert "setting MAX_BODY_BYTES is 'big'" in log
    assert "hunter2" not in log + str(shown)


def test_a_long_list_of_problems_is_cut(shop: Program, file: Path) -> None:
    file.write_text("".join(f"unknown{number} = 1\n" for number in range(30)), encoding="utf-8")
    shown = check(shop, file.parent)

    assert len(shown.problems) == 21
    assert "setting CONFIG_FILE has more problems like these" in shown.problems


def test_what_only_looks_like_a_setting_is_none(shop: Program, file: Path) -> None:
    file.write_text(
        "\ufeff# MAX_CONNECTIONS = 1\r\n"
        "CORS_ORIGINS = [\r\n"
        '  "https://a.example", # MAX_CONNECTIONS = 2\r\n'
        "]\r\n"
        'ROOT_PATH = """\r\n'
        "MAX_CONNECTIONS = 3\r\n"
        '\\"""" # """\r\n'
        "LOG_FILE = '''\r\n"
        "MAX_BODY_BYTES = 4\r\n"
        "'''\r\n"
        ' "MAX_CONNECTIONS" = 0x0\r\n'
        "'KEEP_ALIVE_SECONDS' = +0\r\n",
        encoding="utf-8",
        newline="",
    )
    problems = check(shop, file.parent).problems
    places = {re.sub(r"^setting (\w+) .* line (\d+)\)$", r"\1 \2", text) for text in problems}

    assert places == {"ROOT_PATH 5", "LOG_FILE 8", "MAX_CONNECTIONS 11", "KEEP_ALIVE_SECONDS 12"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("LOG_LEVEL = debug\n", 1),
        ("# mine\nPORT 8080\n", 2),
        ("MAX_CONNECTIONS = 1\nMAX_CONNECTIONS = 2\n\n", 2),
        ('\n\nROOT_PATH = "hunter2\nMAX_CONNECTIONS = 1\n', 3),
        ("MAX_CONNECTIONS = 1\n= hunter2\n", 2),
        ("[auth\nkeys = 1\n", 1),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_the_line(
    shop: Program, file: Path, text: str, line: int
) -> None:
    file.write_text(text, encoding="utf-8")
    shown = check(shop, file.parent)
    why = f"line {line} is no TOML; text stands in quotes, and a name stands once"

    assert shown.status == 78
    assert shown.problems == {f"setting CONFIG_FILE is 'config.toml', {HOSTILE}: {why}"}


def test_values_that_no_parser_can_take_are_refused(shop: Program, file: Path) -> None:
    for text in ("MAX_CONNECTIONS = " + "[" * 20_000, "MAX_CONNECTIONS = " + "9" * 20_000):
        file.write_text(text, encoding="utf-8")
        shown = check(shop, file.parent)
        assert shown.status == 78
        assert len(shown.problems) == 1


def hostile(place: Path) -> dict[str, tuple[Path, str]]:
    """Make what may be in the place of a file; return each with the reason for its refusal."""
    pipe, loop, large, coded = (place / name for name in ("pipe", "loop", "large", "coded"))
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    large.write_text("# " + "x" * 65_535, encoding="utf-8")
    coded.write_bytes(b"# fine\nROOT_PATH = '/\xe4'\n")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "socket"))
    listener.close()
    return {
        "missing": (place / "missing", "No such file or directory"),
        "directory": (place, "it is a directory: Docker makes one where a mounted file is missing"),
        "pipe": (pipe, "it is no file, but a pipe or a device"),
        "endless device": (Path("/dev/zero"), "it is no file, but a pipe or a device"),
        "socket": (place / "socket", "No such device or address"),
        "loop": (loop, "Too many levels of symbolic links"),
        "below a file": (coded / "x", "Not a directory"),
        "too large": (large, "it has more than 65536 bytes"),
        "no text": (coded, "line 2 is no text in UTF-8"),
    }


def test_whatever_is_in_the_place_of_a_file_is_refused_at_once(
    shop: Program, tmp_path: Path
) -> None:
    for about, (path, reason) in hostile(tmp_path).items():
        shown = check(shop, tmp_path, CONFIG_FILE=str(path))
        assert shown.status == 78, about
        assert shown.problems == {f"setting CONFIG_FILE is '{path}', {HOSTILE}: {reason}"}, about
        shown = check(shop, tmp_path, ROOT_PATH_FILE=str(path))
        problem = f"setting ROOT_PATH_FILE is '{path}', {HOSTILE}: {reason}"
        assert shown.problems == {f"{problem} (from the environment)"}, about
    with shop.start(ready=False, CONFIG_FILE=str(tmp_path / "pipe")) as run:
        assert run.wait(10) == 78
        assert "but a pipe or a device" in run.log()


def test_a_link_to_a_file_is_followed_as_in_a_mounted_config_map(shop: Program, file: Path) -> None:
    data = file.with_name("..2026")
    data.mkdir()
    (data / "config.toml").write_text("MAX_CONNECTIONS = 7\n", encoding="utf-8")
    file.with_name("..data").symlink_to(data)
    file.symlink_to("..data/config.toml")

    assert check(shop, file.parent).rows["MAX_CONNECTIONS"] == "7  # from config.toml, line 1"


def test_a_path_that_is_none_and_a_secret_that_is_empty_are_named(
    shop: Program, file: Path
) -> None:
    empty = file.with_name("empty")
    empty.write_text("\n", encoding="utf-8")
    text = f'ROOT_PATH_FILE = "a\\u0000b"\nCORS_ORIGINS_FILE = "{empty}"\n'
    file.write_text(text, encoding="utf-8")
    origins = "origins like https://example.com, comma-separated; or * alone"

    assert check(shop, file.parent).problems == {
        f"setting ROOT_PATH_FILE is 'a?b', {HOSTILE}: that is no path (from config.toml, line 1)",
        (
            f"setting CORS_ORIGINS is empty: expected {origins}; or unset it for its default"
            f" (from {empty}, by CORS_ORIGINS_FILE)"
        ),
    }


def test_no_secret_is_ever_shown(program: MakeProgram, tmp_path: Path) -> None:
    shop = program(*STAGES)
    file, secret = tmp_path / "config.toml", tmp_path / "secret"
    key = "hunter2:" + "x" * 32
    file.write_text(f"AUTH_KEYS = '{key}'\n", encoding="utf-8")
    shown = check(shop, tmp_path)
    assert (shown.status, shown.rows["AUTH_KEYS"]) == (0, "***  # from config.toml, line 1")
    assert "hunter2" not in str(shown)
    for wrong in (f"AUTH_KEYS = {key}\n", "AUTH_KEYS = 'hunter2'\n", f"AUTH_KEYZ = '{key}'\n"):
        file.write_text(wrong, encoding="utf-8")
        shown = check(shop, tmp_path)
        assert shown.status == 78
        assert "hunter2" not in str(shown)
    file.unlink()
    secret.write_text("debug-hunter2", encoding="utf-8")
    shown = check(shop, tmp_path, LOG_LEVEL_FILE=str(secret), AUTH_KEYS_FILE=str(secret))
    assert {"LOG_LEVEL", "AUTH_KEYS"} == {text.split()[1] for text in shown.problems}
    assert "hunter2" not in str(shown)


def test_the_command_connects_to_nothing_and_takes_no_arguments(
    program: MakeProgram, tmp_path: Path
) -> None:
    shop = program(*STAGES)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shown = check(shop, tmp_path, HOST="127.0.0.1", PORT=str(taken.getsockname()[1]))
    assert shown.status == 0
    assert list(tmp_path.iterdir()) == []
    assert shown.rows["HOST"] == "127.0.0.1  # from the environment"
    assert check(shop, tmp_path, "now").problems == {"--check-config takes no arguments"}
    assert check(shop, tmp_path, "now").status == 2


def test_without_the_stage_there_is_no_such_command(program: MakeProgram, tmp_path: Path) -> None:
    shown = check(program(), tmp_path, CONFIG_FILE="/missing", PORT="x")

    assert shown.status == 2
    assert any(line.startswith("usage: ") for line in shown.problems)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (None, 0, "there is no config.toml: settings come from the environment"),
        ("# MAX_CONNECTIONS = 5\n", 0o644, "config.toml sets nothing"),
        ("ROOT_PATH = '/x'\nMAX_CONNECTIONS = 5\n", 0o644, "sets ROOT_PATH, MAX_CONNECTIONS"),
        ("", 0o666, "config.toml can be changed by everybody here: chmod o-w config.toml"),
    ],
)
def test_the_start_says_where_settings_come_from(
    shop: Program, file: Path, text: str | None, mode: int, said: str
) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
    with shop.start(limit=f"cd {file.parent}") as run:
        run.wait_for_line(said)
        assert ("can be changed by everybody" in run.log()) == (mode == 0o666)
