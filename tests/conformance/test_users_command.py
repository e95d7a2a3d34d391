"""The command that manages users, and their file: the same in each language."""

import json
import os
import pty
import signal
import stat
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import people
import pytest
import running
import rust_services
from argon2 import PasswordHasher
from client import Client
from conftest import MakeProgram
from people import KEYS, ME, PASSWORD, bearer, log_in, manage
from running import Program

PROMPTS = (b"Password: ", b"Again: ")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""A hash whose parameters are none of the service's."""


@pytest.fixture
def shop(program: MakeProgram) -> Program:
    return program("auth")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "below" / "users.json"


def test_users_are_managed_by_a_command(shop: Program, path: Path) -> None:
    assert manage(shop, path, "list") == (0, "", "")
    added = manage(shop, path, "add", "alice", "--scope", "b", "--scope=a", typed=f"{PASSWORD}\n")
    assert added == (0, "added alice\n", "")
    assert manage(shop, path, "add", "al.1@x-y_z", typed=PASSWORD)[0] == 0
    assert manage(shop, path, "list") == (0, "al.1@x-y_z\nalice a b\n", "")
    assert manage(shop, path, "add", "alice", typed=f"{PASSWORD}\r\n")[0] == 0
    assert manage(shop, path, "list") == (0, "al.1@x-y_z\nalice\n", "")
    assert manage(shop, path, "remove", "alice") == (0, "removed alice\n", "")
    assert manage(shop, path, "list") == (0, "al.1@x-y_z\n", "")


def test_a_password_is_kept_as_an_argon2id_hash_for_the_owner_alone(
    shop: Program, path: Path
) -> None:
    path.parent.mkdir()
    path.write_text('{"users": {}}', encoding="utf-8")
    path.chmod(0o644)
    people.add(shop, path, "alice", "b", "a", "b")

    text = path.read_text(encoding="utf-8")
    user = json.loads(text)["users"]["alice"]
    assert text == json.dumps({"users": {"alice": user}}, indent=2) + "\n"
    assert user["scopes"] == ["a", "b"]
    assert PASSWORD not in text
    assert user["password"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not PasswordHasher().check_needs_rehash(user["password"])
    assert PasswordHasher().verify(user["password"], PASSWORD)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"users.json": 0o600, "users.json.lock": 0o600}


@pytest.mark.parametrize(
    ("args", "typed", "problem"),
    [
        (("add", "alice"), "short\n", "a password has at least 8 characters"),
        (("add", "alice"), "ééééééé\n", "a password has at least 8 characters"),
        (("add", "alice"), "", "a password has at least 8 characters"),
        (("add", "alice"), b"\xff\xfe no text\n", "that was no password"),
        (("add", "a b"), PASSWORD, "a name has up to 64"),
        (("add", ""), PASSWORD, "a name has up to 64"),
        (("add", "../x"), PASSWORD, "a name has up to 64"),
        (("add", ".x"), PASSWORD, "a name has up to 64"),
        (("add", "é"), PASSWORD, "a name has up to 64"),
        (("add", "a" * 65), PASSWORD, "a name has up to 64"),
        (("add", "alice", "--scope", "A"), PASSWORD, "a scope has up to 64"),
        (("add", "alice", "--scope", "a b"), PASSWORD, "a scope has up to 64"),
        (("add", "alice", "--scope", ""), PASSWORD, "a scope has up to 64"),
        (("remove", "alice"), "", "there is no user 'alice'"),
    ],
)
def test_the_command_says_what_is_wrong_and_writes_nothing(
    shop: Program, path: Path, args: tuple[str, ...], typed: str | bytes, problem: str
) -> None:
    status, output, message = manage(shop, path, *args, typed=typed)

    assert (status, output) == (1, "")
    assert message.startswith(problem)
    assert not path.exists()


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("list", "x"),
        ("add",),
        ("add", "alice", PASSWORD),
        ("add", "alice", "--password", PASSWORD),
        ("add", "alice", "--scope"),
        ("remove",),
        ("rename", "alice", "bob"),
    ],
)
def test_wrong_arguments_are_refused_with_how_it_is_used(
    shop: Program, path: Path, args: tuple[str, ...]
) -> None:
    status, output, message = manage(shop, path, *args, typed=PASSWORD)

    assert (status, output) == (2, "")
    assert "usage: " in message
    assert not path.exists()


def test_help_names_every_command(shop: Program, path: Path) -> None:
    status, output, _ = manage(shop, path, "--help")

    assert status == 0
    assert all(name in output for name in ("add", "list", "remove"))


def test_the_command_names_a_file_that_it_cannot_use(shop: Program, path: Path) -> None:
    path.parent.write_text("a file where a directory has to be", encoding="utf-8")
    status, _, message = manage(shop, path, "add", "alice", typed=PASSWORD)

    assert status == 1
    assert str(path.parent) in message


@pytest.mark.parametrize(("beside", "status"), [("lock", 1), ("new", 0)])
def test_a_link_that_others_put_beside_the_file_leads_nowhere(
    shop: Program, path: Path, beside: str, status: int
) -> None:
    path.parent.mkdir()
    other = path.with_name("precious")
    other.write_text("precious", encoding="utf-8")
    path.with_name(f"users.json.{beside}").symlink_to(other)
    ended, _, problem = manage(shop, path, "add", "alice", typed=PASSWORD)

    assert ended == status, problem
    assert path.exists() == (status == 0)
    assert other.read_text(encoding="utf-8") == "precious"


def test_the_command_names_settings_that_are_wrong(shop: Program, path: Path) -> None:
    status, _, message = manage(shop, path, "list", AUTH_USERS_FILE="", AUTH_KEYS="hunter2")

    assert status == 1
    assert "setting AUTH_USERS_FILE is empty" in message
    assert "setting AUTH_KEYS is wrong (its value is not shown)" in message
    assert "hunter2" not in message


def test_the_command_names_a_damaged_file_and_leaves_it(shop: Program, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    for args in (("list",), ("add", "alice"), ("remove", "alice")):
        status, _, message = manage(shop, path, *args, typed=PASSWORD)
        assert (status, f"{path} is damaged" in message) == (1, True)

    assert path.read_text(encoding="utf-8") == "{"


def users(**changes: object) -> str:
    """Return the content of a file with a user, in which some things are different."""
    alice = {"password": CHEAP, "scopes": ["a"], **changes}
    return json.dumps({"users": {"alice": alice}})


MEMBERS = "the user 'alice': it has a password, scopes, and nothing else"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"users": {}}\xff', "it is not UTF-8)"),
        ('{\n"users": {,\n}}', "unexpected JSON in line 2)"),
        ("[" * 100_000, "its JSON is nested too deeply)"),
        ("[]", "it has no object of users)"),
        ("{}", "it has no object of users)"),
        ('{"users": []}', "it has no object of users)"),
        ('{"users": {"alice": 1}}', MEMBERS),
        ('{"users": {"alice": {"scopes": []}}}', MEMBERS),
        (users(name="alice"), MEMBERS),
        (users(password=None), "the user 'alice': a password is not an argon2id hash"),
        (users(scopes="abc"), "the user 'alice': its scopes are no array of strings"),
        (users(scopes=["A"]), "the user 'alice': a scope has up to 64 lower-case letters"),
        (users().replace("alice", "\u00e9"), "the user 'é': a name has up to 64 letters"),
    ],
)
def test_a_file_is_damaged_in_the_same_words_in_each_language(
    shop: Program, path: Path, content: str | bytes, problem: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    status, output, message = manage(shop, path, "list")

    assert (status, output) == (1, "")
    assert message.startswith(f"{path} is damaged ({problem}"), message
    assert CHEAP[-20:] not in message


def test_what_is_done_is_done_where_nobody_reads_the_output(shop: Program, path: Path) -> None:
    people.add(shop, path, "alice")

    def run(redirection: str) -> tuple[int, str]:
        script = f'"$@" {redirection}'
        ran = subprocess.run(
            ["bash", "-c", script, "bash", *people.command(shop, "list")],
            env=people.environment(shop, {"AUTH_USERS_FILE": str(path)}),
            stderr=subprocess.PIPE,
            check=False,
        )
        return ran.returncode, ran.stderr.decode()

    assert run("> >(exec >&-)") == (0, "")
    assert run(">&-") == (0, "")
    full = "the output cannot be written: No space left on device\n"
    assert run("> /dev/full") == (1, full)


def test_a_file_of_users_that_may_have_no_end_is_not_read(shop: Program, path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    for place in (path, Path("/dev/zero"), path.parent):
        status, _, message = manage(shop, place, "list")
        assert (status, f"{place}: not a regular file" in message) == (1, True), message


def control() -> None:
    """Make the terminal that this process reads from the one that controls it."""
    os.setsid()
    os.close(os.open(os.ttyname(0), os.O_RDWR))


class Terminal:
    """The command `add alice` on a terminal."""

    def __init__(self, shop: Program, path: Path) -> None:
        self.ours, theirs = pty.openpty()
        assert self.is_shown()
        self.shown = b""
        self.process = subprocess.Popen(
            people.command(shop, "add", "alice"),
            env=people.environment(shop, {"AUTH_USERS_FILE": str(path)}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=control,  # noqa: PLW1509 - this process has one thread
        )
        os.close(theirs)

    def is_shown(self) -> bool:
        """Tell whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def wait_for(self, text: bytes) -> None:
        while text not in self.shown:
            self.shown += os.read(self.ours, 1024)

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def end(self) -> int:
        try:
            while part := os.read(self.ours, 1024):
                self.shown += part
        except OSError:
            pass  # nobody has it open any more
        os.close(self.ours)
        return self.process.wait(timeout=30)


@pytest.fixture
def terminal(shop: Program, path: Path) -> Terminal:
    return Terminal(shop, path)


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    terminal: Terminal, path: Path
) -> None:
    for prompt in PROMPTS:
        terminal.wait_for(prompt)
        terminal.type(f"{PASSWORD}\n".encode())

    assert terminal.end() == 0
    assert b"added alice" in terminal.shown
    assert b"Warning" not in terminal.shown
    assert PASSWORD.encode() not in terminal.shown
    assert b"*" not in terminal.shown
    assert path.exists()


def test_keys_that_correct_a_line_do_so(terminal: Terminal, path: Path) -> None:
    corrected = "wrong\x15corrext horse" + "\x7f" * 8 + "ct horsf\x7fe"
    for prompt, typed in zip(PROMPTS, (corrected, "correct horse"), strict=True):
        terminal.wait_for(prompt)
        terminal.type(f"{typed}\n".encode())

    assert terminal.end() == 0, terminal.shown
    stored = json.loads(path.read_text(encoding="utf-8"))["users"]["alice"]["password"]
    assert PasswordHasher().verify(stored, "correct horse")


def test_two_different_passwords_are_none(terminal: Terminal, path: Path) -> None:
    for prompt, typed in zip(PROMPTS, (PASSWORD, "another"), strict=True):
        terminal.wait_for(prompt)
        terminal.type(f"{typed}\n".encode())

    assert terminal.end() == 1
    assert b"the two passwords differ" in terminal.shown
    assert not path.exists()


@pytest.mark.parametrize(("key", "status"), [(b"\x03", 130), (b"\x04", 1)])
def test_who_gives_up_leaves_a_terminal_that_shows_what_is_typed(
    terminal: Terminal, path: Path, key: bytes, status: int
) -> None:
    terminal.wait_for(PROMPTS[0])
    assert not terminal.is_shown()
    terminal.type(key)
    assert terminal.process.wait(timeout=30) == status

    assert terminal.is_shown()
    assert not path.exists()


Pristine = Callable[[tuple[str, ...]], Path]


@pytest.fixture
def both(pristine: Pristine) -> dict[str, Program]:
    return {
        "python": running.python(pristine(("auth",))),
        "rust": running.rust(rust_services.binary(("auth",))),
    }


@pytest.mark.parametrize(("writer", "reader"), [("python", "rust"), ("rust", "python")])
def test_a_service_in_another_language_keeps_its_users_and_their_tokens(
    both: dict[str, Program], path: Path, writer: str, reader: str
) -> None:
    one, other = both[writer], both[reader]
    people.add(one, path, "alice", "orders:write")
    people.add(one, path, "bob")
    with one.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=KEYS[0]) as run:
        headers = bearer(Client(run.port))
    written = path.read_bytes()
    with other.start(AUTH_USERS_FILE=str(path), AUTH_KEYS=KEYS[0]) as run:
        client = Client(run.port)

        assert client.get(ME, headers).json() == {"name": "alice", "scopes": ["orders:write"]}
        assert log_in(client).status == 200
        assert log_in(client, "bob", "wrong").status == 401
        assert path.read_bytes() == written, "no hash is renewed"
    assert manage(other, path, "remove", "bob")[0] == 0
    assert manage(one, path, "list") == (0, "alice orders:write\n", "")
    people.add(other, path, "carol")
    assert manage(one, path, "list") == (0, "alice orders:write\ncarol\n", "")


def test_an_outdated_hash_is_renewed_at_the_next_login(shop: Program, path: Path) -> None:
    path.parent.mkdir()
    path.write_text(users(), encoding="utf-8")
    with shop.start(AUTH_USERS_FILE=str(path)) as run:
        client = Client(run.port)
        assert log_in(client, password="wrong").status == 401
        assert CHEAP in path.read_text(encoding="utf-8")
        assert log_in(client).json()["scope"] == "a"
        assert "m=65536,t=3,p=4" in path.read_text(encoding="utf-8")
        assert log_in(client).json()["scope"] == "a"


def test_a_hash_that_cannot_be_renewed_keeps_nobody_out(shop: Program, path: Path) -> None:
    path.parent.mkdir()
    path.write_text(users(), encoding="utf-8")
    path.with_name("users.json.lock").mkdir()  # not even root can write to it
    with shop.start(AUTH_USERS_FILE=str(path)) as run:
        assert log_in(Client(run.port)).status == 200
        run.wait_for_line("a password has an outdated hash, which cannot be renewed: ")


def test_changes_at_once_are_all_kept(shop: Program, path: Path) -> None:
    names = [f"user{number}" for number in range(8)]
    adding = [
        subprocess.Popen(
            people.command(shop, "add", name),
            env=people.environment(shop, {"AUTH_USERS_FILE": str(path)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for name in names
    ]
    for process in adding:
        process.communicate(PASSWORD.encode(), timeout=120)

    assert manage(shop, path, "list")[1].split() == names


def test_a_command_that_is_killed_leaves_the_file_as_it_was_or_as_it_will_be(
    shop: Program, path: Path
) -> None:
    people.add(shop, path, "alice")
    for pause in (0.05, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            people.command(shop, "add", "bob"),
            env=people.environment(shop, {"AUTH_USERS_FILE": str(path)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert process.stdin
        process.stdin.write(f"{PASSWORD}\n".encode())
        process.stdin.close()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert manage(shop, path, "list")[1] in ("alice\n", "alice\nbob\n")
