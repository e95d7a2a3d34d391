"""Users in the table of the stage database: the same in each language, and in both databases."""

import json
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import databases
import people
import psycopg
import pytest
from argon2 import PasswordHasher
from client import Client, Reply
from conftest import MakeProgram
from people import KEYS, ME, PASSWORD, USERS, bearer, log_in
from running import Program, Run, free_port
from served import wait_until

if TYPE_CHECKING:
    from postgresql_server import Server

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(
    PASSWORD, salt=b"0123456789abcdef"
)
"""A hash whose parameters are none of the service's."""


@dataclass(frozen=True)
class Shop:
    """A service, its database, and the file that it had its users in before."""

    program: Program
    url: str
    path: Path

    @property
    def variables(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.url, "DATABASE_WAIT_SECONDS": "2"}
        return {**own, "AUTH_USERS_FILE": str(self.path), "AUTH_KEYS": KEYS[0]}

    @property
    def command(self) -> str:
        return "orders auth" if self.program.language == "rust" else "python -m orders auth"

    @property
    def imported(self) -> Path:
        """What the file is called when its users were imported."""
        return self.path.with_name("users.json.imported")

    def awaited(self, count: int) -> str:
        """Return what is said while the users in the file are to be imported."""
        return (
            f"the users in {self.path} ({count}) are not in the table auth_users yet:"
            f" {self.command} import {self.path}"
        )

    def bring(self, count: int) -> None:
        """Import the users in the file."""
        done = f"imported {count} from {self.path}; it is called {self.imported} now\n"
        assert self.manage("import", str(self.path)) == (0, done, "")

    def manage(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        return people.manage(self.program, self.path, *words, typed=typed, **self.variables)

    def add(self, name: str, *scopes: str) -> None:
        flags = [f"--scope={scope}" for scope in scopes]
        assert self.manage("add", name, *flags, typed=PASSWORD) == (0, f"added {name}\n", "")

    def migrate(self) -> None:
        assert databases.manage(self.program, self.url, "upgrade").status == 0

    @contextmanager
    def start(self, **more: str) -> Iterator[tuple[Run, Client]]:
        with self.program.start(ready=True, **{**self.variables, **more}) as run:
            yield run, Client(run.port)

    def write(self, **users: str) -> None:
        """Write a users file: the hash of each."""
        content = {name: {"password": hashed, "scopes": ["a"]} for name, hashed in users.items()}
        self.path.write_text(json.dumps({"users": content}), encoding="utf-8")

    def run(self, statement: str) -> list[Any]:
        """Run a statement of SQL; return the rows of a query."""
        if self.url.startswith("sqlite:"):
            with sqlite3.connect(self.url.removeprefix("sqlite:")) as connection:
                rows = connection.execute(statement).fetchall()
            connection.close()
            return rows
        with psycopg.connect(self.url) as server:
            cursor = server.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/below/orders.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database("users")


@pytest.fixture
def empty(program: MakeProgram, url: str, tmp_path: Path) -> Shop:
    return Shop(program("auth", "database"), url, tmp_path / "users.json")


@pytest.fixture
def shop(empty: Shop) -> Shop:
    empty.migrate()
    return empty


@pytest.fixture
def file_shop(program: MakeProgram, tmp_path: Path) -> Shop:
    """A service with SQLite alone, where the database makes no difference."""
    url = f"sqlite:{tmp_path}/orders.db"
    return Shop(program("auth", "database"), url, tmp_path / "users.json")


def readiness(client: Client) -> Reply:
    return client.get("/health/ready")


def test_the_table_is_made_where_the_service_would_make_it(empty: Shop) -> None:
    if empty.url.startswith("sqlite:"):
        empty.add("ada")
        assert empty.manage("list")[:2] == (0, "ada\n")
        return
    missing = "migrations are missing (auth: 0000 of 0001): "
    command = empty.command.replace("auth", "db upgrade")
    assert empty.manage("list") == (1, "", f"{missing}{command}\n")
    empty.migrate()
    assert empty.manage("list") == (0, "", "")


def test_users_are_managed_by_a_command_that_leaves_the_file_alone(shop: Shop) -> None:
    assert shop.manage("add", "alice", "--scope", "b", "--scope=a", typed=PASSWORD)[0] == 0
    shop.add("al.1@x-y_z")
    assert shop.manage("list") == (0, "al.1@x-y_z\nalice a b\n", "")
    rows = shop.run("SELECT name, password, scopes FROM auth_users ORDER BY name")
    assert [(row[0], row[2]) for row in rows] == [("al.1@x-y_z", "[]"), ("alice", '["a","b"]')]
    assert PasswordHasher().verify(rows[1][1], PASSWORD)
    shop.add("alice")
    assert shop.manage("remove", "al.1@x-y_z") == (0, "removed al.1@x-y_z\n", "")
    assert shop.manage("list") == (0, "alice\n", "")
    assert shop.manage("remove", "bob") == (1, "", "there is no user 'bob'\n")
    assert shop.manage("add", "a b", typed=PASSWORD)[0] == 1
    assert not shop.path.exists()


def test_changes_of_users_count_at_once(shop: Shop) -> None:
    shop.add("alice")
    shop.add("bob", "users:read")
    with shop.start() as (run, client):
        alice, bob = bearer(client), bearer(client, "bob")
        assert client.get(USERS, bob).json() == ["alice", "bob"]
        assert log_in(client, "carol").status == 401
        shop.add("carol")
        shop.run("UPDATE auth_users SET scopes = '[]' WHERE name = 'bob'")
        shop.manage("remove", "alice")

        assert log_in(client, "carol").status == 200
        assert client.get(USERS, bob).status == 403, "a scope that was taken away"
        assert client.post("/api/v1/items", {}, bob).status == 422
        refusal = client.get(ME, alice)
        assert (refusal.status, refusal.json()["detail"]) == (
            401,
            "the token is refused: its user was removed",
        )
        for body in ({"name": "tea"}, {}):
            assert client.post("/api/v1/items", body, alice).status == 401
        assert client.post("/api/v1/items", {"name": "tea"}, bob).status == 201
        shop.add("alice")
        refusal = client.get(ME, alice)
        assert (refusal.status, refusal.json()["detail"]) == (
            401,
            "the token is refused: its user has a new password",
        )
        assert run.stop() == 0, run.log()


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(shop: Shop) -> None:
    shop.add("alice")
    with shop.start() as (run, client):
        refusals = [
            log_in(client, name, "wrong") for name in ("alice", "nobody", "a\0b", "é", "x" * 200)
        ]

        assert {refusal.status for refusal in refusals} == {401}
        assert len({str(refusal.json()) for refusal in refusals}) == 1
        assert "Traceback" not in run.log()


def test_an_outdated_hash_is_renewed_at_the_next_login(shop: Shop) -> None:
    shop.run(f"""INSERT INTO auth_users VALUES ('alice', '{CHEAP}', '["a"]')""")
    with shop.start() as (_, client):
        assert log_in(client, password="wrong").status == 401
        assert shop.run("SELECT password FROM auth_users") == [(CHEAP,)]
        for _ in range(2):
            assert client.get(ME, bearer(client)).json()["scopes"] == ["a"]
        assert "m=65536,t=3,p=4" in shop.run("SELECT password FROM auth_users")[0][0]


ACCEPTED = "an argon2id hash with at most 128 MiB, 10 passes and 16 lanes"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("'hunter2', '[]'", f"a password is not {ACCEPTED}"),
        (f"'{CHEAP.replace('t=1', 't=4000000')}', '[]'", f"a password is not {ACCEPTED}"),
        (f"'{CHEAP}', 'hunter2'", "its scopes are no array of strings"),
        (f"'{CHEAP}', '\"hunter2\"'", "its scopes are no array of strings"),
    ],
)
def test_a_row_that_is_no_user_is_a_problem_until_it_is_repaired(
    file_shop: Shop, row: str, problem: str
) -> None:
    file_shop.migrate()
    file_shop.run(f"INSERT INTO auth_users VALUES ('alice', {row})")
    with file_shop.start() as (run, client):
        refusal = log_in(client)
        assert refusal.status == 503
        assert refusal.json()["detail"] == "the users cannot be read; the log says why"
        assert f"auth_users is damaged: the user 'alice': {problem}" in run.log()
        assert "hunter2" not in run.log()
        file_shop.run(f"UPDATE auth_users SET password = '{CHEAP}', scopes = '[]'")
        assert log_in(client).status == 200


def test_without_its_database_a_login_is_put_off_and_counts_for_nothing(shop: Shop) -> None:
    shop.add("alice")
    with shop.start() as (run, client):
        headers = bearer(client)
        assert run.stop() == 0
    gone = f"postgresql://orders:hunter2@127.0.0.1:{free_port()}/orders"
    with shop.start(DATABASE_URL=gone, DATABASE_WAIT_SECONDS="1") as (run, client):
        for answer in (*(log_in(client) for _ in range(7)), client.get(ME, headers)):
            assert answer.status == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "5"
        assert "the database cannot be reached" in run.log()
        assert "Traceback" not in run.log()
        assert "failed login" not in run.log()


def test_a_damaged_row_is_named_and_keeps_nobody_else_from_being_listed(
    file_shop: Shop, tmp_path: Path
) -> None:
    file_shop.add("alice", "a")
    file_shop.run("INSERT INTO auth_users VALUES ('bob', 'hunter2', '[]')")
    file_shop.run(f"INSERT INTO auth_users VALUES ('a b', '{CHEAP}', '[]')")
    named = (
        "auth_users is damaged: the user 'a b': a name has up to 64 letters, digits, and . _ @ -\n"
        f"auth_users is damaged: the user 'bob': a password is not {ACCEPTED}\n"
    )
    assert file_shop.manage("list") == (1, "alice a\n", named)
    out = tmp_path / "out.json"
    assert file_shop.manage("export", str(out)) == (1, f"exported 1 to {out}\n", named)
    assert list(json.loads(out.read_text(encoding="utf-8"))["users"]) == ["alice"]
    assert file_shop.manage("remove", "a b")[0] == 0
    file_shop.add("bob")
    assert file_shop.manage("list") == (0, "alice a\nbob\n", "")


def hashed(*changes: str) -> str:
    """Return a hash in which some things are different: `t=1 t=2`."""
    found = CHEAP
    for change in changes:
        old, new = change.split(" ")
        assert old in found
        found = found.replace(old, new, 1)
    return found


NO_HASHES = (
    CHEAP[:-2],
    CHEAP[:-23],
    CHEAP.rpartition("$")[0],
    CHEAP + " ",
    CHEAP + "=",
    CHEAP[:-1] + "B",
    CHEAP.upper(),
    hashed("argon2id argon2i"),
    hashed("v=19 v=16"),
    hashed("v=19$ "),
    hashed("m=8,t=1 t=1,m=8"),
    hashed("p=1 p=1,data=aaaa"),
    hashed("m=8 m=131073"),
    hashed("m=8 m=7"),
    hashed("m=8 m=08"),
    hashed("m=8 m=+8"),
    hashed("m=8 m=99999999999"),
    hashed("t=1 t=11"),
    hashed("t=1 t=4000000"),
    hashed("t=1 t=0"),
    hashed("p=1 p=0"),
    hashed("m=8 m=136", "p=1 p=17"),
)
HASHES = (
    CHEAP,
    hashed("m=8 m=131072"),
    hashed("t=1 t=10"),
    hashed("m=8 m=128", "p=1 p=16"),
    PasswordHasher(1, 8, 1, hash_len=16, salt_len=8).hash(PASSWORD),
    PasswordHasher(1, 8, 1, hash_len=64, salt_len=48).hash(PASSWORD),
)
NO_SCOPES = ("", "abc", '"abc"', "null", "[1]", '{"a": 1}', "[" * 100_000)


def test_users_are_read_by_the_same_rule_in_each_language(file_shop: Shop) -> None:
    file_shop.migrate()
    rows = [(f"a{number:02}", hashed, "[]") for number, hashed in enumerate(HASHES)]
    rows += [(f"b{number:02}", hashed, "[]") for number, hashed in enumerate(NO_HASHES)]
    rows += [(f"c{number:02}", CHEAP, scopes) for number, scopes in enumerate(NO_SCOPES)]
    rows += [("d00", CHEAP, '["A"]'), ("d01", CHEAP, '["a b"]'), ("é", CHEAP, "[]")]
    with closing(sqlite3.connect(file_shop.url.removeprefix("sqlite:"))) as connection:
        connection.executemany("INSERT INTO auth_users VALUES (?, ?, ?)", rows)
        connection.commit()
    status, listed, said = file_shop.manage("list")

    assert (status, listed.split()) == (1, [name for name, *_ in rows if name[0] == "a"])
    problems = [line.removeprefix("auth_users is damaged: the user ") for line in said.splitlines()]
    expected = [f"'b{number:02}': a password is not {ACCEPTED}" for number in range(len(NO_HASHES))]
    no_array = "its scopes are no array of strings"
    expected += [f"'c{number:02}': {no_array}" for number in range(len(NO_SCOPES))]
    no_scope = "a scope has up to 64 lower-case letters, digits, and : . _ -"
    expected += [f"'d00': {no_scope}", f"'d01': {no_scope}"]
    expected.append("'é': a name has up to 64 letters, digits, and . _ @ -")
    assert problems == expected


def test_without_its_table_a_login_is_put_off_and_counts_for_nothing(shop: Shop) -> None:
    shop.add("alice")
    with shop.start() as (run, client):
        headers = bearer(client)
        rows = shop.run("SELECT name, password, scopes FROM auth_users")
        assert databases.manage(shop.program, shop.url, "downgrade", "auth").status == 0
        for answer in (*(log_in(client) for _ in range(7)), client.get(ME, headers)):
            assert answer.status == 503, answer.text
            assert answer.json()["detail"] == "the users cannot be read; the log says why"
        assert "nobody can log in: the database cannot be used: " in run.log()
        assert "Traceback" not in run.log()
        assert "failed login" not in run.log()
        shop.migrate()
        shop.run(f"INSERT INTO auth_users VALUES {rows[0]}")
        assert log_in(client).status == 200


def test_a_command_does_not_wait_for_long_for_whoever_has_the_table(shop: Shop) -> None:
    shop.add("alice")
    with holding(shop.url):
        for words in (("remove", "alice"), ("add", "bob")):
            began = time.monotonic()
            status, out, why = people.manage(
                shop.program,
                shop.path,
                *words,
                typed=PASSWORD,
                **{**shop.variables, "DATABASE_WAIT_SECONDS": "1", "DATABASE_QUERY_SECONDS": "1"},
            )
            assert (status, out) == (1, "")
            assert why in {
                "the database cannot be used: database is locked\n",
                "the database cannot be used: canceling statement due to statement timeout\n",
            }
            assert time.monotonic() - began < 30, "it was a minute and more, or for ever"
    assert shop.manage("list") == (0, "alice\n", "")


@contextmanager
def holding(url: str) -> Iterator[None]:
    """Keep everybody else from using the table, or from writing at all."""
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(url) as server:
        server.execute("LOCK TABLE auth_users")
        yield


def test_a_command_without_its_database_says_why(file_shop: Shop) -> None:
    url = f"postgresql://orders:hunter2@127.0.0.1:{free_port()}/orders"
    away = Shop(file_shop.program, url, file_shop.path)
    for words in (("list",), ("remove", "alice"), ("add", "alice")):
        ran = away.manage(*words, typed=PASSWORD)
        assert ran == (1, "", "the database cannot be used: Connection refused\n")


def test_users_go_from_a_file_into_the_table_and_back(shop: Shop) -> None:
    shop.write(alice=CHEAP, bob=CHEAP)
    before = json.loads(shop.path.read_text(encoding="utf-8"))
    shop.bring(2)
    assert shop.manage("list") == (0, "alice a\nbob a\n", "")
    assert json.loads(shop.imported.read_text(encoding="utf-8")) == before
    assert not shop.path.exists()

    out = str(shop.path)
    assert shop.manage("export", out) == (0, f"exported 2 to {out}\n", "")
    assert json.loads(shop.path.read_text(encoding="utf-8")) == before
    assert stat.S_IMODE(shop.path.stat().st_mode) == 0o600
    written = shop.path.read_bytes()
    assert shop.manage("remove", "bob")[0] == 0
    again = shop.manage("export", out)
    assert again == (1, "", f"{out} is there already, and stays as it is\n")
    assert shop.path.read_bytes() == written
    nowhere = shop.manage("export", str(shop.path.with_name("none") / "out.json"))
    assert (nowhere[0], "No such file or directory" in nowhere[2]) == (1, True)


def test_an_import_adds_all_users_or_none(shop: Shop) -> None:
    shop.add("bob", "b")
    shop.add("carol")
    shop.write(alice=CHEAP, bob=CHEAP, carol=CHEAP)
    refused = "nobody was imported: there already: bob, carol\n"
    assert shop.manage("import", str(shop.path)) == (1, "", refused)
    assert shop.manage("list")[1] == "bob b\ncarol\n"
    assert shop.path.exists()


def test_an_import_that_was_interrupted_is_done_again(shop: Shop) -> None:
    shop.write(alice=CHEAP, bob=CHEAP)
    content = shop.path.read_bytes()
    shop.bring(2)
    shop.path.write_bytes(content)  # as if it had ended before it could rename the file
    shop.imported.unlink()
    shop.bring(2)
    assert shop.manage("list") == (0, "alice a\nbob a\n", "")


def test_a_file_that_cannot_be_renamed_is_named_when_its_users_are_imported(
    file_shop: Shop,
) -> None:
    file_shop.write(alice=CHEAP)
    (file_shop.imported / "in the way").mkdir(parents=True)
    status, out, why = file_shop.manage("import", str(file_shop.path))
    assert (status, out) == (1, "")
    assert why.startswith(f"the users are imported, but {file_shop.path} cannot be renamed (")
    assert why.endswith("): remove it\n")
    assert file_shop.manage("list") == (0, "alice a\n", "")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        ("{", "is damaged ("),
        ('{"users": {"a": {"password": "hunter2", "scopes": []}}}', "is damaged ("),
        (
            json.dumps({"users": {"a b": {"password": CHEAP, "scopes": []}}}),
            "is damaged (the user 'a b': a name has up to 64 letters",
        ),
        (
            json.dumps({"users": {"alice": {"password": CHEAP, "scopes": ["A"]}}}),
            "is damaged (the user 'alice': a scope has up to 64 lower-case",
        ),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(
    file_shop: Shop, content: str | None, problem: str
) -> None:
    file_shop.migrate()
    if content is not None:
        file_shop.path.write_text(content, encoding="utf-8")
    status, _, message = file_shop.manage("import", str(file_shop.path))

    assert (status, problem in message) == (1, True), message
    assert "hunter2" not in message
    assert file_shop.manage("list") == (0, "", "")


@pytest.mark.parametrize("words", ["import", "export", "import a b", "export a b"])
def test_wrong_arguments_are_refused(file_shop: Shop, words: str) -> None:
    status, _, message = file_shop.manage(*words.split())

    assert (status, "usage: " in message) == (2, True)


def test_users_of_before_the_database_are_not_lost_without_a_word(shop: Shop) -> None:
    shop.write(alice=CHEAP)
    said = shop.awaited(1)
    with shop.start() as (run, client):
        run.wait_for_line(said)
        not_ready = readiness(client)
        assert (not_ready.status, said in not_ready.json()["checks"]["auth"]) == (503, True)
        for _ in range(7):
            assert log_in(client).status == 503
        assert f"nobody can log in: {said}" in run.log()
        assert "failed login" not in run.log()
        shop.bring(1)

        assert readiness(client).status == 200, readiness(client).text
        assert readiness(client).json()["checks"]["auth"] == "ok"
        assert log_in(client).status == 200
        assert log_in(client, "nobody").status == 401
    with shop.start() as (run, client):
        wait_until(lambda: readiness(client).status == 200, "it is not ready")
        assert said not in run.log()
        assert "nobody can log in" not in run.log()
        assert "do not count" not in run.log()


def test_nothing_is_changed_before_the_users_in_the_file_are_imported(
    shop: Shop, tmp_path: Path
) -> None:
    shop.write(bob=CHEAP)
    other = shop.path.rename(tmp_path / "other.json")
    shop.write(alice=CHEAP, bob=CHEAP)
    for words in (("add", "carol"), ("remove", "alice"), ("import", str(other))):
        refused = shop.manage(*words, typed=PASSWORD)
        assert refused == (1, "", f"{shop.awaited(2)}\n"), words
    assert shop.manage("list") == (0, "", "")
    shop.bring(2)

    shop.add("carol")
    assert shop.manage("remove", "bob")[0] == 0
    done = shop.manage("import", str(other))
    assert done == (0, f"imported 1 from {other}\n", "")
    assert other.exists()
    for name in ("alice", "bob", "carol"):
        assert shop.manage("remove", name)[0] == 0
    with shop.start() as (run, client):
        run.wait_for_line("nobody can log in yet: ")
        assert log_in(client).status == 401, "who was removed does not come back"


def test_a_command_in_the_wrong_directory_makes_no_database(file_shop: Shop) -> None:
    path = file_shop.url.removeprefix("sqlite:")
    missing = f"setting DATABASE_URL leads to no database: there is no file {path}\n"
    for words in (["list"], ["remove", "ada"], ["export", f"{file_shop.path}.out"]):
        assert file_shop.manage(*words) == (1, "", missing)
    assert not list(Path(path).parent.iterdir())


@pytest.mark.parametrize("words", [["add", "b b"], ["add", "ada"], ["import", "nowhere.json"]])
def test_a_command_that_is_refused_makes_no_database(file_shop: Shop, words: list[str]) -> None:
    assert file_shop.manage(*words, typed="short")[0] == 1
    assert not list(file_shop.path.parent.iterdir())


def test_what_is_in_the_way_is_said_before_a_password_is_asked_for(file_shop: Shop) -> None:
    """Nothing is typed, which is no password."""
    file_shop.write(ada=CHEAP)
    refused = (1, "", f"{file_shop.awaited(1)}\n")
    assert file_shop.manage("add", "bob") == refused
    assert [*file_shop.path.parent.iterdir()] == [file_shop.path]
    file_shop.migrate()
    assert file_shop.manage("add", "bob") == refused
    assert file_shop.manage("import", str(file_shop.path))[0] == 0


def test_tables_are_not_imported_before_the_users_in_the_file_are(file_shop: Shop) -> None:
    file_shop.migrate()
    file_shop.add("bob")
    place = file_shop.path.with_name("export")
    manage, url = databases.manage, file_shop.url
    assert manage(file_shop.program, url, "export", str(place)).status == 0
    assert file_shop.manage("remove", "bob")[0] == 0
    file_shop.write(ada=CHEAP)

    environment = {**file_shop.program.variables, "AUTH_USERS_FILE": str(file_shop.path)}
    program = replace(file_shop.program, variables=environment)
    ran = manage(program, url, "import", str(place))
    assert (ran.status, ran.lines) == (5, [])
    assert ran.error == f"nothing was imported: {file_shop.awaited(1)}\n"
    assert file_shop.run("SELECT name FROM auth_users") == []
    file_shop.bring(1)
    assert "imported 1 row of auth_users" in manage(program, url, "import", str(place)).lines
    assert file_shop.run("SELECT name FROM auth_users ORDER BY name") == [("ada",), ("bob",)]


def test_without_the_file_of_before_there_is_nothing_to_import(file_shop: Shop) -> None:
    file_shop.write(alice=CHEAP)
    with file_shop.start() as (run, client):
        run.wait_for_line("are not in the table auth_users yet")
        assert readiness(client).status == 503
        file_shop.path.unlink()
        assert readiness(client).status == 200
    with file_shop.start() as (run, client):
        run.wait_for_line(f"nobody can log in yet: {file_shop.command} add NAME")
        assert readiness(client).json()["checks"].get("auth", "ok") == "ok"


def test_a_damaged_file_of_before_matters_while_the_table_is_empty(file_shop: Shop) -> None:
    file_shop.path.write_text("{", encoding="utf-8")
    damaged = f"{file_shop.path} is damaged (unexpected JSON in line 1); restore it, or remove it"
    refused = file_shop.manage("add", "alice", typed=PASSWORD)
    assert (refused[:2], refused[2].startswith(damaged)) == ((1, ""), True), refused
    with file_shop.start() as (run, client):
        run.wait_for_line(damaged)
        assert damaged in readiness(client).json()["checks"]["auth"]
        assert log_in(client).status == 503
        file_shop.path.unlink()
        file_shop.add("alice")
        assert readiness(client).status == 200
    file_shop.path.write_text("{", encoding="utf-8")
    with file_shop.start() as (run, client):
        run.wait_for_line(
            f"the users in {file_shop.path} do not count, because the table auth_users has users"
        )
        assert readiness(client).status == 200
        assert log_in(client).status == 200


def test_a_file_of_before_that_is_no_file_stops_the_start(file_shop: Shop) -> None:
    file_shop.path.mkdir()
    with file_shop.program.start(ready=False, **file_shop.variables) as run:
        assert run.wait() == 78
        assert f"AUTH_USERS_FILE: {file_shop.path}: not a regular file" in run.log()


def test_changes_at_once_are_all_kept(shop: Shop) -> None:
    names = [f"user{number}" for number in range(6)]
    adding = [
        subprocess.Popen(
            people.command(shop.program, "add", name),
            env=people.environment(shop.program, shop.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for name in names
    ]
    for process in adding:
        process.communicate(PASSWORD.encode(), timeout=120)

    assert shop.manage("list")[1].split() == names


def test_users_follow_a_service_that_gets_the_database_and_gives_it_up(
    program: MakeProgram, file_shop: Shop
) -> None:
    before = program("auth")
    people.add(before, file_shop.path, "alice", "b")
    content = file_shop.path.read_bytes()
    file_shop.bring(1)
    with file_shop.start() as (_, client):
        assert log_in(client).json()["scope"] == "b"
    assert people.manage(before, file_shop.path, "list") == (0, "", "")
    assert file_shop.manage("export", str(file_shop.path))[0] == 0
    assert file_shop.path.read_bytes() == content
    assert people.manage(before, file_shop.path, "list") == (0, "alice b\n", "")
