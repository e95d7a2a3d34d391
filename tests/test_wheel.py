"""What is shipped: the built wheel in a clean environment, and the commands of the pages."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
import rust_services
from conftest import files, git
from running import free_port, serving, shell_commands, wait_for

from scaffolder.templates import releases, template

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def run(command: str, cwd: Path, **variables: str) -> str:
    """Run a command line as it is printed; return its output, or fail with it."""
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env={**os.environ, **variables},
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist and wheel from a copy, install the wheel by itself; return its `bin`."""
    place = tmp_path_factory.mktemp("wheel")
    checkout = place / "checkout"
    tracked = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    run(f"{sys.executable} -m build --no-isolation --outdir {place}/dist", checkout)
    shutil.rmtree(checkout)
    run(
        f"{sys.executable} -m venv --upgrade-deps tool && tool/bin/pip install -q dist/*.whl", place
    )
    return place / "tool/bin"


@pytest.fixture(scope="module")
def service(tool: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("user")
    run("viscaffold new orders", place, PATH=f"{tool}:{os.environ['PATH']}")
    return place / "orders"


def test_the_wheel_makes_and_renders_templates_of_teams(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    run(f"{tool}/viscaffold template init our-team", tmp_path)
    run(f"{tool}/viscaffold template check our-team --quick", tmp_path)
    run(f"{tool}/viscaffold new orders -t our-team --trust -s greeting", tmp_path)

    assert (tmp_path / "orders/.github/CODEOWNERS").read_text(encoding="utf-8") == "* @platform\n"
    assert (tmp_path / "orders/src/orders/stages/greeting.py").is_file()


def test_the_wheel_carries_the_template_and_nothing_of_the_tests(tool: Path) -> None:
    listed = run(f"{tool}/pip show --files viscaffold", tool)

    assert "scaffolder/builtin/copier.yml" in listed
    assert "scaffolder/builtin/template/stages.yml" in listed
    assert "scaffolder/diagnose/tracers/arm64" in listed
    assert "\n  tests/" not in listed


def test_the_wheel_updates_a_service_of_the_first_version_to_the_newest(
    tool: Path, tmp_path: Path, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    listed = run(f"{tool}/pip show --files viscaffold", tool)
    for version in releases.digests():
        assert f"scaffolder/releases/{version}.tar.gz" in listed
    create = (
        "from pathlib import Path; from scaffolder.operations import making;"
        "from scaffolder.templates import template;"
        "making.make(template.carried('0.1.0'), {'name': 'orders', 'stages': ['api', 'auth']},"
        "Path('orders'), commit='Start', within=None)"
    )
    run(f'{tool}/python -c "{create}"', tmp_path)
    service = tmp_path / "orders"
    shown = json.loads(run(f"{tool}/viscaffold status --json", service))
    assert shown["template"] == {"version": "0.1.0", "newest": template.builtin().version}
    run(f"{tool}/viscaffold update", service)

    assert files(service) == files(pristine(("api", "auth")))


def test_a_service_of_the_wheel_is_the_one_of_the_checkout(
    service: Path, pristine: Callable[[tuple[str, ...]], Path]
) -> None:
    assert files(service) == files(pristine(()))


def test_the_commands_of_the_generated_readme_work_as_printed(tool: Path, service: Path) -> None:
    """A new user's way: install, run, test, grow, run again; then the service with a login."""
    port = free_port()
    path = f"{tool}:{os.environ['PATH']}"
    commands = shell_commands(service / "README.md")
    assert len(commands) > 5
    assert any("viscaffold add-stage" in command for command in commands)
    for command in commands:
        fitted = command.replace("8080", str(port))
        if command == ".venv/bin/python -m orders":
            with serving(command, service, port):
                health = wait_for(f"http://127.0.0.1:{port}/health")
                assert json.loads(health)["status"] == "ok"
                for asking in [other for other in commands if other.startswith("curl")]:
                    run(asking.replace("8080", str(port)), service)
        elif not command.startswith(("curl", "docker")):  # docker: see test_container.py
            run(fitted, service, PATH=path, VISCAFFOLD_LOCK="1")
    assert git(service, "status", "--porcelain") == ""

    run(".venv/bin/pip install -q -r requirements/dev.txt", service)
    run(".venv/bin/python -m pytest -q", service)
    run(".venv/bin/python -m orders.stages.auth add alice <<<'correct horse battery'", service)
    with serving(".venv/bin/python -m orders", service, port):
        assert "alice" in logged_in(f"http://127.0.0.1:{port}/api", service)


def test_the_commands_of_the_readme_of_a_rust_service_work_as_printed(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same way in Rust, with dependencies that other tests have compiled."""
    rust_services.binary()
    monkeypatch.setenv("PATH", f"{tool}:{os.environ['PATH']}")
    monkeypatch.setenv("CARGO_BUILD_BUILD_DIR", str(rust_services.TARGET))
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    monkeypatch.delenv("CARGO_TARGET_DIR", raising=False)
    run("viscaffold new orders --language rust", tmp_path)
    service = tmp_path / "orders"
    shutil.copy(rust_services.LOCK, service)
    run("cargo metadata --format-version=1 && git add Cargo.lock && git commit -m Lock", service)
    commands = shell_commands(service / "README.md")
    port = free_port()
    assert {"cargo run", "cargo test", "viscaffold add-stage auth"} <= set(commands)
    for command in commands:
        if command == "cargo run":
            with ExitStack() as running:
                with rust_services.alone():  # a build elsewhere keeps cargo waiting, before it runs
                    run("cargo build", service)
                    running.enter_context(serving(command, service, port))
                for asking in [other for other in commands if other.startswith("curl")]:
                    assert '"status":"ok"' in run(asking.replace("8080", str(port)), service)
        elif not command.startswith(("curl", "docker")):  # docker: see test_container.py
            # Other tests remove the programs of services, which `cargo test` runs.
            with rust_services.alone() if command == "cargo test" else nullcontext():
                run(command, service, VISCAFFOLD_LOCK="1")
    assert git(service, "status", "--porcelain") == ""

    run("./target/debug/orders auth add alice <<<'correct horse battery'", service)
    with serving("./target/debug/orders", service, port):
        assert "alice" in logged_in(f"http://127.0.0.1:{port}/api", service)


def logged_in(url: str, service: Path) -> str:
    """Log in as alice, and ask who that is."""
    form = "-d username=alice --data-urlencode 'password=correct horse battery'"
    token = json.loads(run(f"curl -sf {form} {url}/auth/token", service))["access_token"]
    return run(f"curl -sf -H 'Authorization: Bearer {token}' {url}/v1/me", service)


def test_the_demo_runs_and_tidies_up(tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("the demo logs in with curl, which was not found")
    shown = run(str(ROOT / "scripts/demo"), tmp_path, TMPDIR=str(tmp_path))

    assert '"status":"ok"' in shown
    assert '{"name":"alice","scopes":[]}' in shown
    assert "src/orders/stages/auth/routes.py" in shown
    assert list(tmp_path.iterdir()) == []
