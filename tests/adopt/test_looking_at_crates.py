"""What adopt finds in a Rust service, and what it refuses; cargo is not run for it."""

from pathlib import Path

import pytest
import yaml
from adopting import refused
from conftest import commit, git, viscaffold
from existing import MakeExisting
from rust_shapes import PENS, SHAPES

from scaffolder.adopt.existing import Existing, look
from scaffolder.adopt.sources import Sources

PACKAGE = '[package]\nname = "pens"\n'
MAIN = "fn main() {}\n"


def found(root: Path) -> Existing:
    return look(Sources(root, frozenset(git(root, "ls-files").splitlines())))


@pytest.mark.parametrize(
    ("shape", "lines"),
    [
        (
            "pens",
            [
                "language: rust",
                "framework: actix-web (Cargo.toml:7)",
                "program: pens (src/main.rs)",
                "port: 8080 (src/config.rs:2)",
            ],
        ),
        (
            "inks",
            [
                "language: rust",
                "framework: axum (Cargo.toml:7)",
                "program: inks (src/main.rs)",
                "port: 3917 (src/config.rs:1)",
                "health route: /healthz (src/lib.rs:8)",
                "stays as it is: Dockerfile",
                "stays as it is: CI (.github/workflows/ci.yml)",
            ],
        ),
        (
            "stall",
            [
                "language: rust",
                "framework: actix-web (crates/server/Cargo.toml:12)",
                "program: stall (crates/server/src/main.rs)",
                "port: 4917 (crates/server/src/main.rs:5)",
                "stays as it is: Dockerfile",
            ],
        ),
        (
            "shop",
            [
                "language: rust",
                "framework: axum (Cargo.toml:12)",
                "program: shop-cli (src/bin/main.rs)",
                "arguments: start (Dockerfile:11)",
                "port: 5917 (config/development.yaml:7)",
                "stays as it is: Dockerfile",
            ],
        ),
    ],
)
def test_each_shape_is_found_with_its_place(
    exists: MakeExisting, shape: str, lines: list[str]
) -> None:
    assert [*found(exists(files=dict(SHAPES[shape].files))).lines()] == lines


@pytest.mark.parametrize(
    ("files", "entries", "entry"),
    [
        ({"Cargo.toml": PACKAGE, "src/main.rs": MAIN}, ["pens"], "pens"),
        (
            {"Cargo.toml": PACKAGE, "src/main.rs": MAIN, "src/bin/seed.rs": MAIN},
            ["pens", "seed"],
            "pens",
        ),
        (
            {"Cargo.toml": PACKAGE, "src/bin/a.rs": MAIN, "src/bin/b/main.rs": MAIN},
            ["a", "b"],
            "",
        ),
        (
            {
                "Cargo.toml": f'{PACKAGE}default-run = "b"\n',
                "src/bin/a.rs": MAIN,
                "src/bin/b/main.rs": MAIN,
                "src/bin/b/inner.rs": "",
            },
            ["a", "b"],
            "b",
        ),
        (
            {
                "Cargo.toml": f'{PACKAGE}autobins = false\n[[bin]]\nname = "c"\npath = "c.rs"\n',
                "c.rs": MAIN,
                "src/main.rs": MAIN,
            },
            ["c"],
            "c",
        ),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
                "crates/api/Cargo.toml": '[package]\nname = "api"\n',
                "crates/api/src/main.rs": MAIN,
                "crates/core/Cargo.toml": '[package]\nname = "core-of-it"\n',
                "crates/core/src/lib.rs": "",
                "elsewhere/Cargo.toml": PACKAGE,
                "elsewhere/src/main.rs": MAIN,
            },
            ["api"],
            "api",
        ),
    ],
)
def test_programs_are_found_as_cargo_finds_them(
    exists: MakeExisting, files: dict[str, str], entries: list[str], entry: str
) -> None:
    service = found(exists(files=files))

    assert ([*service.entries], service.entry) == (entries, entry)


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ('let a = "0.0.0.0:3000";', "3000"),
        ('.bind(("127.0.0.1", 9000))?', "9000"),
        ("SocketAddr::from(([0, 0, 0, 0], 5150))", "5150"),
        ('env::var("PORT").unwrap_or("4000".into())', "4000"),
        ('// "0.0.0.0:3000"', ""),
        ('let ratio = "12:34";', ""),
        ('connect("localhost:9999")', ""),
        ('let redis_addr = "127.0.0.1:6379";', ""),
        ('.bind("0.0.0.0:99999")', ""),
        ('.bind("0.0.0.0:00")', ""),
        ('port: u16, #[arg(default_value = "127.0.0.1")] host: String', ""),
        ("#[arg(long, default_value_t = 4018)] port: u16,", "4018"),
        ('#[clap(default_value = "4018", env = "X")] pub(crate) port: u16,', "4018"),
        ("#[arg(default_value_t = 4018)] workers: u16, port: u16", ""),
    ],
)
def test_the_port_is_where_the_code_says(exists: MakeExisting, line: str, port: str) -> None:
    service = found(exists(files={"Cargo.toml": PACKAGE, "src/main.rs": f"{line}\n"}))

    assert [text for text in service.lines() if text.startswith("port")] == (
        [f"port: {port} (src/main.rs:1)"] if port else []
    )


@pytest.mark.parametrize(
    ("arguments", "port"),
    [
        ("--port 4000", "4000 (Dockerfile:2)"),
        ("serve --bind=0.0.0.0:4000", "4000 (Dockerfile:2)"),
        ("--port 5432", "3000 (src/main.rs:1)"),
        ("--export 4000 --workers 4000", "3000 (src/main.rs:1)"),
    ],
)
def test_a_port_that_the_command_line_has_outweighs_the_code(
    exists: MakeExisting, arguments: str, port: str
) -> None:
    image = f"FROM x\nENTRYPOINT pens {arguments}\n"
    code = f'let default = bind("127.0.0.1:3000");\n{MAIN}'
    service = found(exists(files={"Cargo.toml": PACKAGE, "src/main.rs": code, "Dockerfile": image}))

    assert f"port: {port}" in [*service.lines()]


@pytest.mark.parametrize(
    ("arguments", "is_told"),
    [("--host 0.0.0.0", False), ("--host=::", False), ("--host 10.0.0.0", True), ("", True)],
)
def test_an_address_of_the_command_line_outweighs_the_code(
    exists: MakeExisting, arguments: str, *, is_told: bool
) -> None:
    image = f"FROM x\nENTRYPOINT pens {arguments}\n"
    code = f'let default = bind("127.0.0.1:3000");\n{MAIN}'
    service = found(exists(files={"Cargo.toml": PACKAGE, "src/main.rs": code, "Dockerfile": image}))

    assert any("nobody outside reaches it" in limit for limit in service.limits) == is_told


SEVERAL = {"src/bin/shop.rs": MAIN, "src/bin/seed.rs": MAIN}


@pytest.mark.parametrize(
    ("path", "text", "program", "arguments"),
    [
        ("Dockerfile", 'FROM x\nCMD ["./shop", "start", "--all"]', "shop", "start --all"),
        ("Dockerfile", "FROM x\nENTRYPOINT exec /app/shop start", "shop", "start"),
        ("Dockerfile", 'FROM x\nentrypoint ["/shop"]\nCMD [\\\n"start"]', "shop", "start"),
        ("Dockerfile", 'FROM x\nCMD ["./shop", "a"]\nFROM y\nCMD ["./seed"]', "seed", ""),
        ("Dockerfile", "FROM x\n# CMD ./shop start", "", ""),
        ("Dockerfile", "FROM x\nCMD cargo run --bin shop --release -- start", "shop", "start"),
        ("Dockerfile", "FROM x\nCMD cargo run --bin shop --release", "shop", ""),
        ("Dockerfile", "FROM x\nCMD ./shop --port $PORT", "shop", ""),
        ("Dockerfile", "FROM x\nCMD ./shop start; rm -rf /", "shop", ""),
        ("Dockerfile", 'FROM x\nCMD ["./shop", 1]', "", ""),
        ("Dockerfile", 'FROM x\nCMD ["./shop', "", ""),
        ("Dockerfile", "FROM x\nCMD " + "[" * 1900, "", ""),
        (
            "compose.yaml",
            "services: {x: {image: y, command: shop a}, s: {build: ., command: shop b}}",
            "shop",
            "b",
        ),
        (
            "compose.yaml",
            "services: {s: {build: ., entrypoint: [/shop, a], command: [b]}}",
            "shop",
            "a b",
        ),
        (
            "compose.yaml",
            "services: {s: {build: ., command: 1}, t: [x], u: {build: ., command: [a]}}",
            "",
            "",
        ),
        ("compose.yaml", "services: &a {s: *a}", "", ""),
        ("compose.yaml", "- services", "", ""),
        ("Procfile", "release: ./seed\nweb: target/release/shop start", "shop", "start"),
    ],
)
def test_files_that_start_it_tell_the_program_and_its_arguments(
    exists: MakeExisting, path: str, text: str, program: str, arguments: str
) -> None:
    service = found(exists(files={"Cargo.toml": PACKAGE, **SEVERAL, path: f"{text}\n"}))
    said = [line for line in service.lines() if line.startswith("arguments")]

    assert service.entry == program
    assert [line.partition(" (")[0] for line in said] == (
        [f"arguments: {arguments}"] if arguments else []
    )


@pytest.mark.parametrize(("image", "arguments"), [("", "serve"), ('CMD ["--all"]', "--all")])
def test_an_entry_point_without_arguments_gets_those_of_the_compose_file(
    exists: MakeExisting, image: str, arguments: str
) -> None:
    files = {"Dockerfile": f'FROM x\nENTRYPOINT ["/shop"]\n{image}\n',
             "compose.yaml": "services: {shop: {build: ., command: serve}}\n"}  # fmt: skip
    service = found(exists(files={"Cargo.toml": PACKAGE, **SEVERAL, **files}))
    said = [line for line in service.lines() if line.startswith("arguments")]

    assert [line.partition(" (")[0] for line in said] == [f"arguments: {arguments}"]


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ('axum = "0.8"', True),
        ("axum.workspace = true", True),
        ('"axum" = "0.8"', True),
        ("[dependencies.axum]", True),
        ("[target.x.dependencies.axum]", True),
        ('axum-extra = "0.10"', False),
        ('# axum = "0.8"', False),
    ],
)
def test_a_framework_is_a_dependency(exists: MakeExisting, line: str, *, known: bool) -> None:
    manifest = f"{PACKAGE}[dependencies]\n{line}\n"
    service = found(exists(files={"Cargo.toml": manifest, "src/main.rs": MAIN}))

    assert ("framework: axum (Cargo.toml:4)" in service.lines()) == known


def test_a_program_of_loco_is_told_to_start(exists: MakeExisting) -> None:
    manifest = f'{PACKAGE}[dependencies]\nloco-rs = "0.16"\n'
    image = 'FROM x\nENTRYPOINT ["/usr/app/pens"]\n'
    root = exists(files={"Cargo.toml": manifest, "src/main.rs": MAIN, "Dockerfile": image})

    assert "arguments: start (Cargo.toml:4)" in found(root).lines()


@pytest.mark.parametrize(
    ("app", "written"),
    [
        ("pens", "&[]"),
        ("pens start", '&["start"]'),
        ("pens 'a \"b\" \\c' ü", r'&["a \"b\" \\c", "ü"]'),
    ],
)
def test_a_program_gets_the_arguments_that_were_said(
    exists: MakeExisting, app: str, written: str
) -> None:
    root = exists(files=ONE)
    assert viscaffold("adopt", "--yes", "--runtime-only", "--app", app).code == 0

    program = (root / "pens-service/src/program.rs").read_text(encoding="utf-8")
    assert f"const ARGUMENTS: &[&str] = {written};\n" in program


@pytest.mark.parametrize(
    ("path", "text", "port"),
    [
        ("configuration/base.yaml", "application:\n  port: 8000\n", "8000"),
        ("Rocket.toml", "[default]\nport = 9001\n", "9001"),
        ("config/a.toml", "port = 5432\n", ""),
        ("config/a.yaml", "smtp:\n  port: 1025\n", ""),
        ("config/deep/a.yaml", "port: 8000\n", ""),
        ("config/a.yaml", "# port: 8000\nexport: 8000\n", ""),
    ],
)
def test_the_port_is_where_settings_say(
    exists: MakeExisting, path: str, text: str, port: str
) -> None:
    service = found(exists(files={**ONE, path: text}))

    assert [line.partition(" (")[0] for line in service.lines() if line.startswith("port")] == (
        [f"port: {port}"] if port else []
    )


def test_a_manifest_for_tools_in_python_is_no_service_in_python(exists: MakeExisting) -> None:
    tools = {"pyproject.toml": "[tool.ruff]\n", "scripts/x.py": ""}

    assert found(exists(files={**ONE, **tools})).language == "rust"


def test_a_crate_beside_a_service_in_python_is_not_looked_at(exists: MakeExisting) -> None:
    python = {"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"}
    service = found(exists(files={**python, "requirements.txt": "", "Cargo.toml": "[package\n"}))

    assert (service.language, service.entry) == ("python", "main:app")


LOCAL = '{{ get_env(name="BINDING", default="localhost") }}'
TWO = {"Cargo.toml": PACKAGE, "src/bin/a.rs": MAIN, "src/bin/b.rs": MAIN}
ONE = {"Cargo.toml": PACKAGE, "src/main.rs": MAIN}


@pytest.mark.parametrize(
    ("files", "args", "reason"),
    [
        ({"Cargo.toml": "[package\n", "src/main.rs": MAIN}, (), "Cargo.toml cannot be read"),
        ({"Cargo.toml": "package = 1\n", "src/main.rs": MAIN}, (), "is no manifest of cargo"),
        ({"Cargo.toml": PACKAGE, "src/lib.rs": ""}, (), "no program was found"),
        (
            {"Cargo.toml": '[package]\nname = "x; rm -rf /"\n', "src/main.rs": MAIN},
            (),
            "'x; rm -rf /' cannot be the name of a program",
        ),
        (TWO, (), "--app a (or b)"),
        (TWO, ("--app", "c"), "there is no 'c' here; found: a, b"),
        (ONE, ("--app", "pens 'a"), "--app 'NAME ARGUMENT'"),
        (ONE, ("--app", "pens a\nb"), "--app 'NAME ARGUMENT'"),
        (ONE, ("--name", "pens"), "'pens' is the service's own program"),
        ({**ONE, "inks/x": "1"}, ("--name", "inks"), "'inks' is there, and would hold the runtime"),
        (
            {**ONE, "Cargo.toml": f'{PACKAGE}[workspace]\nmembers = ["*"]\n'},
            (),
            "'pens-service' would be a member of your workspace",
        ),
        (
            {**ONE, ".cargo/config.toml": '[build]\ntarget-dir = "/tmp/x"\n'},
            (),
            "has build.target-dir",
        ),
        (ONE, ("--dockerfile", "replace"), "your Dockerfile and compose file stay"),
        ({**ONE, "rust-toolchain": "1.70.0\n"}, (), "pins Rust 1.70, and the runtime needs 1.89"),
        (
            {"Cargo.toml": PACKAGE, "src/main.rs": '// \nlet a = "0.0.0.0:8080";\n'},
            (),
            "pens listens on 8080 itself (src/main.rs:2)",
        ),
    ],
)
def test_what_cannot_be_adopted_is_refused_with_a_reason(
    exists: MakeExisting, files: dict[str, str], args: tuple[str, ...], reason: str
) -> None:
    exists(files=files)

    assert reason in refused(*args)


def test_a_member_of_a_workspace_is_adopted_where_the_workspace_is(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {f"crates/api/{path}": text for path, text in ONE.items()}
    root = exists(files={"Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n', **inner})
    monkeypatch.chdir(root / "crates/api")
    assert "below the Cargo.toml of a workspace" in refused()

    monkeypatch.chdir(root)
    assert viscaffold("adopt", "--yes", "--runtime-only").code == 0


def test_a_port_that_the_program_takes_from_port_is_another_than_the_service_s(
    exists: MakeExisting,
) -> None:
    root = exists(files=PENS)
    ran = viscaffold("adopt", "--yes")

    assert ran.code == 0, ran.err
    assert "pens gets PROGRAM_PORT (8081 unless it is set) as its PORT" in ran.err
    image = (root / "pens-service/Dockerfile").read_text(encoding="utf-8")
    assert "EXPOSE 8080 8081\n" in image
    assert "RUN cargo build --release --bin pens\n" in image
    compose = (root / "pens-service/compose.yaml").read_text(encoding="utf-8")
    assert "build: {context: .., dockerfile: pens-service/Dockerfile}" in compose
    readme = (root / "pens-service/README.md").read_text(encoding="utf-8")
    assert "\n$ target/debug/pens-service\n" in readme
    assert "docker build -t pens-service -f Dockerfile .. && docker run" in readme


def test_what_the_program_reads_of_the_environment_gets_into_its_container(
    exists: MakeExisting, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = 'let x = var("TAX_RATE"); var_os("PORT"); var("LOG_LEVEL"); // var("x: {}")\n'
    config = "server:\n  port: 3000\nuri: {{ get_env(name='x') }}{{ get_env(name=\"DB_URI\") }}\n"
    root = exists(files={**ONE, "src/lib.rs": code, "config/a.yaml": config})
    assert viscaffold("adopt", "--yes").code == 0
    commit(root)
    passed = environment(root, "compose.override.yaml")

    assert passed == ["DB_URI", "LOG_LEVEL", "PROGRAM_HANG_SECONDS", "TAX_RATE"]
    monkeypatch.chdir(root)
    assert viscaffold("add-stage", "database", "--yes").code == 0
    assert environment(root, "compose.override.yaml") == passed
    both = environment(root, "compose.yaml")
    assert len(both) == len({*both})  # Compose refuses what is there twice


def environment(root: Path, file: str) -> list[str]:
    """Return the variables that a compose file passes."""
    text = (root / "pens-service" / file).read_text(encoding="utf-8")
    found = yaml.safe_load(text)["services"]["app"]["environment"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("src/main.rs", 'bind("127.0.0.1:3000")', "127.0.0.1 (src/main.rs:1)"),
        ("src/main.rs", 'bind(("localhost", 3000))', "localhost (src/main.rs:1)"),
        ("src/main.rs", 'bind("0.0.0.0:3000")\nconnect("localhost:1")', ""),
        ("config/a.yaml", f"port: 3000\nbinding: {LOCAL}\n", "localhost (config/a.yaml:2)"),
        ("config/a.yaml", "port: 3000\nhost: http://localhost\n", ""),
    ],
)
def test_an_address_that_nobody_outside_a_container_reaches_is_told(
    exists: MakeExisting, path: str, text: str, told: str
) -> None:
    exists(files={**ONE, path: f"{text}\n"})
    ran = viscaffold("adopt", "--yes", "--dry-run")

    assert ("in a container, nobody outside reaches it there" in ran.err) == bool(told)
    assert told in ran.err
