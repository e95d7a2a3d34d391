"""Each row of the tables finds what it is for, and not what only looks like it."""

from importlib import import_module
from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes import catalogue
from scaffolder.diagnose.causes.catalogue import MODULES, causes
from scaffolder.diagnose.causes.signatures import STORES, Row, Signature, table
from scaffolder.diagnose.evidence.phase import Phase

PACKAGE = "scaffolder.diagnose.causes"
TABLES = {
    signature.id: signature
    for module in MODULES
    for signature in getattr(import_module(f"{PACKAGE}.{module}"), "SIGNATURES", ())
}
LISTEN = "2026-11-24 09:12:41,431 CRITICAL orders.server: cannot listen on 0.0.0.0:80: "
OWN_RUST = "2026-11-26 23:17:07,605 CRITICAL orders::runtime::server: "
ROWS: dict[str, list[tuple[str, str]]] = {
    "owner-refused": [
        ("fatal: detected dubious ownership in repository at '/repo'", "ownership of '/repo' is fine"),
        ('FATAL:  data directory "/data" has wrong ownership', 'data directory "/data" is empty'),
        ("Permissions 0644 for '/k/id_rsa' are too open.", "Permissions 0600 for '/k/id_rsa' are set"),
    ],
    "licence": [("your license has expired", "MIT License")],
    "usage-printed": [
        ("usage: server --port PORT", "memory usage: 3 MiB\n    usage = text.strip()"),
    ],
    "terminal-missing": [
        ("EOFError: EOF when reading a line", "reading a line"),
        ("the input device is not a TTY", "a tty"),
    ],
    "schema-mismatch": [('ERROR: relation "users" does not exist', "relation users exists")],
    "clock-wrong": [("JWT: token used before issued", "token issued")],
    "python-home": [
        ("ModuleNotFoundError: No module named 'encodings'", "No module named 'encoding'"),
        ("Could not find platform independent libraries <prefix>", "independent libraries"),
    ],
    "node-package-script": [
        ('npm error Missing script: "start"', "script started"),
        ("npm ERR! code ENOENT open '/app/package.json'", "read /app/package.json"),
    ],
    "java-jar": [
        ("Error: Unable to access jarfile /app.jar", "access to /app.jar"),
        ("no main manifest attribute, in /app.jar", "main manifest of /app.jar"),
        ("Error: Could not find or load main class com.x.Main", "main class com.x.Main"),
        ("Error: Invalid or corrupt jarfile /app.jar", "invalid file /app.jar"),
    ],
    "certificate": [
        ("ssl.SSLError: [X509: KEY_VALUES_MISMATCH] key values mismatch", "SSLError: EOF"),
        ("x509: certificate has expired", "x509: certificate signed by unknown authority"),
        ("x509: certificate signed by unknown authority", "x509: certificate has expired"),
        ("x509: certificate signed by unknown authority", "the certificate is fine"),
    ],
    "rust-error": [("Error: no config", "An Error: no config")],
    "database-corrupt": [
        ("sqlite3.DatabaseError: database disk image is malformed", "the request is malformed"),
        ('FATAL: lock file "postmaster.pid" already exists', "the file already exists"),
    ],
    "assertion": [("a.out: x.c:3: main: Assertion `p' failed.", "AssertionError: p")],
    "ruby-php": [
        ("main.rb:1:in `require': cannot load such file -- sinatra (LoadError)", "cannot load it"),
        ("PHP Fatal error:  Uncaught TypeError in /app/x.php:3", "Fatal error: disk"),
    ],
    "java-class-missing": [
        ("Caused by: java.lang.ClassNotFoundException: org.x.Y", "the class Y was not found"),
    ],
    "java-framework": [
        (
            "APPLICATION FAILED TO START\n***\n\nDescription:\n\nNo bean of type Clock.",
            "APPLICATION STARTED\n***\n\nDescription:\n\na clock",
        ),
        ('Exception in thread "main" java.lang.IllegalStateException: x', "Exception in main"),
    ],
    "node-module-system": [
        ("SyntaxError: Cannot use import statement outside a module", "import failed"),
    ],
    "node-native": [
        ("Error: error:0308010C:digital envelope routines::unsupported", "envelope unsupported"),
        ("compiled against NODE_MODULE_VERSION 93", "node module version 93"),
    ],
    "python-server": [
        ('ERROR:    Error loading ASGI app. Could not import module "app".', "Error loading app"),
    ],
    "login-refused": [
        ('FATAL:  password authentication failed for user "app"', "authenticated user app"),
    ],
    "own-listen": [
        (
            f"{LISTEN}another process has this port; stop it",
            f"{LISTEN}this user may not use the port; set PORT",
        ),
    ],
    "own-stage": [
        (f"{OWN_RUST}stage app did not open: no luck", f"{OWN_RUST}stage app opened"),
        (f"{OWN_RUST}stage auth did not open: no luck", f"{OWN_RUST}the server failed: no luck"),
    ],
    "own-port-privileged": [
        (
            f"{LISTEN}this user may not use the port; set PORT",
            f"{LISTEN}another process has this port; stop it",
        ),
    ],
    "device-missing": [
        ('could not select device driver "" with capabilities: [[gpu]]', "device is busy"),
    ],
    "limit-refused": [
        ("error setting rlimit type 7: operation not permitted", "cgroup: OOM kill disabled"),
    ],
    "log-driver-fails": [("failed to initialize logging driver: dial tcp: refused", "dial tcp")],
    "start-disk-full": [("mkdir /var/lib/docker/x: no space left on device", "mkdir: denied")],
    "network-fails": [
        ("network 3f9c not found", "image 3f9c not found"),
        ("cannot join network of a non running container: db", "container db is not running"),
        ("listen tcp4 10.9.9.9:80: bind: cannot assign requested address", "cannot assign it"),
        ("Address already in use", "bind: address already in use"),
        ("could not find an available, non-overlapping IPv4 address pool", "no address given"),
        ("driver failed programming external connectivity on endpoint x", "endpoint x failed"),
    ],
}  # fmt: skip


RUST = elf(text=b"/rustc/abc/library")
NEEDS: dict[str, list[dict[str, Any]]] = {
    "rust-error": [{"files": {"/app/server": program(RUST)}}],
    "python-home": [{"config": {"env": {"PYTHONHOME": "/opt"}}}, {}],
    "node-package-script": [{}, {"files": {"/package.json": File()}}],
    "certificate": [{}, {}, {}, {"files": {STORES[0]: File()}}],
}
"""What rows ask for beside a text; without it they do not answer."""


def looked_at(name: str, text: str, at: int | None = None) -> Case:
    """Return a container whose log, or whose refusal, is a text, and that has what a row needs."""
    signature = TABLES[name]
    more = NEEDS.get(name, [{}] * len(signature.rows))[at] if at is not None else {}
    if signature.when == Phase.START:
        state = {"status": "created", "exit_code": 127, "error": text}
        return case(state=state, **more)
    return case(log=text, **more)


def answering(name: str, examined: Case) -> int | None:
    """Return the row of a signature that answers."""
    chosen = TABLES[name].row(examined)
    return TABLES[name].rows.index(chosen[0]) if chosen else None


def test_every_row_has_an_example_and_a_near_miss() -> None:
    assert {name: len(one.rows) for name, one in TABLES.items()} == {
        name: len(rows) for name, rows in ROWS.items()
    }


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, rows in ROWS.items() for at in range(len(rows))]
)
def test_a_row_matches_its_example_and_not_its_near_miss(name: str, at: int) -> None:
    example, near = ROWS[name][at]

    assert answering(name, looked_at(name, example, at)) == at
    assert answering(name, looked_at(name, near, at)) != at


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, needs in NEEDS.items() for at, n in enumerate(needs) if n]
)
def test_a_row_does_not_answer_without_what_it_asks_for(name: str, at: int) -> None:
    assert answering(name, looked_at(name, ROWS[name][at][0])) != at


@pytest.mark.parametrize("line", [rows[0][0] for rows in [ROWS["terminal-missing"]]])
def test_a_terminal_is_not_missing_where_there_is_one(line: str) -> None:
    assert (
        answering("terminal-missing", case(log=line, config={"tty": True, "stdin": True})) is None
    )


def test_a_new_row_is_picked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_known", dict(catalogue._known))  # noqa: SLF001 - put back
    row = Row(r"no tea (?P<n>\w+)", "there is no tea ({n}): {line:.9}", "put the kettle on",
              codes=frozenset({9}))  # fmt: skip
    table(f"{PACKAGE}.errors", [
        Signature(id="tea", title="no tea", pattern="process", page="x", rows=(row,)),
    ])  # fmt: skip

    new = next(cause for cause in causes() if cause.id == "tea")
    found, other = (new.find(case(log="no tea left, sir", exit_code=code)) for code in (9, 1))
    assert new.module == "errors"
    assert found
    assert (found.text, found.proven) == ("there is no tea (left): no tea le", True)
    assert other
    assert not other.proven
    assert new.find(case(log="no coffee left")) is None
