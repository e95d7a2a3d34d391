"""`doctor`: each check says no to what it is for, and tells what mends it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeService, Ran, commit, git, viscaffold
from containers import IMAGE, obstacle
from existing import MakeExisting
from verifications import BROKEN, TESTS, verification

from scaffolder.doctor import catalogue, subject
from scaffolder.doctor.findings import Finding, State
from scaffolder.engine.git import repository
from scaffolder.templates import releases
from scaffolder.verify import evidence

Program = Callable[[str, str], None]
"""Puts a program on PATH, before others: its name, and its script for a shell."""

ANSWERS = {"ServerVersion": "29.0.0", "CgroupVersion": "2", "DockerRootDir": "/nowhere"}

TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
SECRET = "correct-horse-battery"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def write(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    return write


@pytest.fixture
def docker(program: Program) -> Callable[..., None]:
    """A docker that answers as told: more of `info`, and cases of a shell for other commands."""

    def make(cases: str = "", **info: object) -> None:
        said = json.dumps({**ANSWERS, **info})
        other = "echo 'docker: unknown command' >&2; exit 1"
        usual = f"info*) echo '{said}';;\n*) {other};;"
        program("docker", f'case "$*" in\n{cases}\n{usual}\nesac')
        program("docker-compose", "exit 1")

    return make


@pytest.fixture
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A PATH with no other programs than those that are named."""

    def make(*names: str) -> Path:
        folder = tmp_path / "few"
        folder.mkdir()
        for name in names:
            (folder / name).symlink_to(str(shutil.which(name)))
        monkeypatch.setenv("PATH", str(folder))
        return folder

    return make


@pytest.fixture(autouse=True)
def _answering(docker: Callable[..., None]) -> None:
    """Docker answers, and what it is asked costs nothing; tests of the real one say so."""
    docker("compose*) echo 2.40.0;;\nimage*) exit 1;;")


@pytest.fixture
def real_docker(monkeypatch: pytest.MonkeyPatch, _answering: None) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[2])
    if not shutil.which("docker"):
        pytest.skip("docker was not found")


def checked(*flags: str) -> tuple[Ran, dict[str, list[Any]]]:
    """Run it; return how it ended, and what each check found that was not fine."""
    ran = viscaffold("doctor", "--json", *flags)
    found: dict[str, list[Any]] = {}
    for each in ran.json()["checks"]:
        if each["state"] != "fine":
            assert each["state"] == "skipped" or each["fix"], each
            found.setdefault(each["id"], []).append(each)
    worst = {each["state"] for each in ran.json()["checks"]}
    assert ran.code == (1 if "problem" in worst else 0)
    return ran, found


def found_by(name: str, *, language: str = "", contact: bool = False) -> list[Finding]:
    """Return what one check finds that is not fine, and a fix for each."""
    asked = subject.of(Path.cwd(), language=language, contact=contact)
    wanted = [check for check in catalogue.checks() if check.id == name]
    found = [f for _, f in catalogue.examine(asked, wanted) if f.state is not State.FINE]
    assert all(finding.fix for finding in found if finding.state is not State.SKIPPED)
    return found


def only(name: str, state: str, *, contact: bool = False) -> Finding:
    (finding,) = found_by(name, contact=contact)
    assert finding.state == state
    return finding


def fine(name: str) -> bool:
    return found_by(name) == []


def test_a_new_service_has_no_problem_of_its_own(service: MakeService) -> None:
    service("api", "auth", "config", "database")
    (_, found) = checked()

    assert set(found) == {"lock", "evidence", "base-images"}
    assert {each["state"] for all_ in found.values() for each in all_} == {"warning", "skipped"}


def test_outside_of_a_service_the_machine_alone_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: Callable[..., None]
) -> None:
    monkeypatch.chdir(tmp_path)
    docker()
    ran, found = checked()

    assert (ran.json()["service"], ran.json()["language"]) == (None, "python")
    assert [finding["says"] for finding in found["service"]] == [
        "there is none here: only the machine is checked"
    ]
    assert {"port", "lock", "secrets"}.isdisjoint(c["id"] for c in ran.json()["checks"])


def test_a_person_reads_a_mark_the_check_and_the_fix(
    service: MakeService, docker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    docker()
    monkeypatch.setenv("PORT", "eighty")
    ran = viscaffold("doctor")

    assert ran.code == 1
    lines = ran.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("x port "))
    assert "PORT is 'eighty': the service ends with status 78" in lines[at]
    assert lines[at + 2].strip() == "Fix: give it a number from 1 to 65535"
    assert ran.err.strip().startswith("1 problem, ")


def test_what_a_machine_lacks_moves_no_column(
    service: MakeService, docker: Callable[..., None], nothing_else: Callable[..., Path]
) -> None:
    def column() -> int:
        line = next(line for line in viscaffold("doctor").out.splitlines() if " git " in line)
        return line.index("git version ")

    service()
    docker(DockerRootDir="/")
    with_docker = column()
    nothing_else("git", "python3")

    assert column() == with_docker


def test_what_a_check_cannot_read_hides_no_other(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, docker: Callable[..., None]
) -> None:
    service()
    docker()

    def fail(_: object) -> Iterator[Any]:
        raise PermissionError(13, "Permission denied", "/etc/shadow")
        yield

    first, *rest = catalogue.checks()
    broken = catalogue.Check(first.id, first.needs, fail)
    monkeypatch.setattr(catalogue, "checks", lambda: (broken, *rest))
    (_, found) = checked()

    assert "it cannot be told: [Errno 13]" in found[first.id][0]["says"]
    assert found["lock"]


def test_a_language_that_is_not_the_services_is_refused(service: MakeService) -> None:
    service()

    assert viscaffold("doctor", "--language", "rust").code == 2
    assert "there is no language 'cobol'" in viscaffold("doctor", "--language", "cobol").err


def test_it_changes_nothing(service: MakeService, docker: Callable[..., None]) -> None:
    root = service()
    docker()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    viscaffold("doctor")

    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_states_are_in_order_of_weight() -> None:
    assert list(State) == ["fine", "skipped", "warning", "problem"]


# The machine


@pytest.mark.parametrize(
    ("options", "state"),
    [("size=20m", "problem"), ("size=300m", "warning"), ("size=2g,nr_inodes=300", "problem")],
)
def test_a_disk_that_is_nearly_full(
    service: MakeService,
    small_disk: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    options: str,
    state: str,
) -> None:
    service()
    disk = small_disk(options)
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk))

    assert f"the disk of {disk} has " in only("disk", state).says


def test_a_clock_that_is_behind_the_newest_commit(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    assert fine("clock")
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) + 86400} +0000")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "tomorrow")

    assert "HEAD was committed in " in only("clock", "warning").says


def test_a_docker_whose_clock_is_another(service: MakeService, docker: Callable[..., None]) -> None:
    service()
    docker(SystemTime="2020-01-01T00:00:00.123456789Z")

    assert " s behind the one here" in only("clock", "warning").says


# Git


def test_a_machine_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_else: Callable[..., Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing_else("python3")

    assert "git was not found" in only("git", "problem").says


def test_a_git_that_is_too_old(service: MakeService, program: Program) -> None:
    service()
    real = shutil.which("git", path=os.environ["PATH"].partition(":")[2])
    old = 'case "$*" in *" version") echo git version 2.30.2; exit;; esac'
    program("git", f'{old}\nexec {real} "$@"')

    assert "git version 2.30.2 is too old" in only("git", "problem").says


def test_a_git_that_does_not_know_who_commits(
    service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    config = tmp_path / "nobody"
    config.write_text("[user]\n\tuseConfigOnly = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))

    assert "user.email" in only("identity", "problem").fix


def test_a_service_outside_of_a_repository(service: MakeService) -> None:
    root = service()
    shutil.rmtree(root / ".git")

    assert "is not in a git repository" in only("repository", "problem").says


def test_a_merge_that_is_not_finished(service: MakeService) -> None:
    root = service()
    (root / ".git/MERGE_HEAD").write_text(git(root, "rev-parse", "HEAD"), encoding="utf-8")

    assert only("repository", "problem").says == "a merge is not finished"


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        ("printf '#!/bin/sh\\n' >.git/hooks/pre-commit", "git ignores the hook pre-commit"),
        ("git config core.hooksPath gone", "gone, which is not there: no hook runs"),
        ("touch .pre-commit-config.yaml", "its hook is not installed"),
    ],
)
def test_a_hook_that_git_does_not_run(service: MakeService, prepare: str, says: str) -> None:
    root = service()
    (root / ".git/hooks").mkdir(exist_ok=True)
    assert fine("hooks")
    subprocess.run(["sh", "-c", prepare], cwd=root, check=True)

    assert says in only("hooks", "warning").says


def test_ci_that_looks_elsewhere_than_the_service_is(service: MakeService) -> None:
    """More of it is in tests/operations/test_neighbours.py."""
    root = service()
    assert fine("ci")
    answers = root / ".copier-answers.yml"
    text = answers.read_text(encoding="utf-8").replace(
        "directory: ''", "directory: services/orders"
    )
    answers.write_text(text, encoding="utf-8")

    found = only("ci", "warning")
    assert found.says == "CI looks for the service in services/orders, and it is in the top"
    assert found.fix == "viscaffold update --answer directory="


# Tools


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 3.9.2", "python3 is 3.9.2, and the service requires >=3.11"),
        ("echo 3.13.1 ensurepip", "python3 has no ensurepip: `python3 -m venv` fails"),
        ("echo shim: no version is set >&2; exit 1", "does not work: shim: no version is set"),
    ],
)
def test_a_python_that_makes_no_environment(
    service: MakeService, program: Program, script: str, says: str
) -> None:
    service()
    program("python3", script)

    assert says in only("tools", "problem").says


def test_the_python_that_is_here_is_asked_in_truth(service: MakeService) -> None:
    root = service()
    assert fine("tools")
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(">=3.11", ">=3.99"), encoding="utf-8")

    assert "and the service requires >=3.99" in only("tools", "problem").says


def test_a_machine_without_a_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_else: Callable[..., Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing_else("git")

    assert only("tools", "problem").says == "python3 was not found on PATH"


def test_cargo_is_asked_for_services_in_rust_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_else: Callable[..., Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = nothing_else("git")
    (folder / "python3").symlink_to(sys.executable)
    assert fine("tools")
    names = [each.says.split()[0] for each in found_by("tools", language="rust")]

    assert names == ["cargo", "rustc", "cc"]


def test_a_compiler_that_is_too_old(service: MakeService, program: Program) -> None:
    root = service(language="rust")
    for name in ("cargo", "cc"):
        program(name, f"echo {name} 1.99.0")
    program("rustc", "echo 'rustc 1.60.0 (7737e0b5c 2022-04-04)'")
    manifest = (root / "Cargo.toml").read_text(encoding="utf-8")
    required = manifest.split('rust-version = "')[1].partition('"')[0]
    found = only("tools", "problem")

    assert found.says == f"rustc is 1.60.0, and the service requires {required}"
    assert found.fix == "rustup update stable"


def test_a_virtual_environment_whose_python_is_gone(service: MakeService) -> None:
    root = service()
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").symlink_to("/opt/gone/python3")
    found = only("installed", "problem")

    assert "the Python that it was made with is gone" in found.says
    assert found.fix.startswith("python3 -m venv .venv")


def test_a_virtual_environment_of_another_python(service: MakeService) -> None:
    root = service()
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").symlink_to(sys.executable)
    (root / ".venv/pyvenv.cfg").write_text("version = 3.9.2\n", encoding="utf-8")

    assert ".venv has Python 3.9.2" in only("installed", "problem").says


def test_a_lock_that_does_not_fit_the_manifest(service: MakeService) -> None:
    root = service()
    assert "are not locked" in only("lock", "warning").says
    lock = "# run\n# Made from pyproject.toml (0123) by `viscaffold lock`\na==1 --hash=sha256:00\n"
    (root / "requirements/run.txt").write_text(lock, encoding="utf-8")
    found = only("lock", "problem")

    assert (found.fix, found.places) == ("viscaffold lock", ("requirements/run.txt",))


# Docker


def test_a_machine_without_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_else: Callable[..., Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing_else("git", "python3")

    assert "neither docker nor podman was found" in only("docker", "warning").says


@pytest.mark.usefixtures("real_docker")
def test_a_daemon_that_is_gone(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/gone.sock")

    assert "the Docker daemon does not answer" in only("docker", "warning").says


@pytest.mark.usefixtures("real_docker")
def test_a_daemon_that_never_answers_does_not_hang_it(
    service: MakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service()
    monkeypatch.setattr("scaffolder.docker.info.SECONDS", 1.0)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
        dead.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
        began = time.monotonic()
        found = only("docker", "warning")

    assert "did not answer within 1 s" in found.says
    assert time.monotonic() - began < 20


@pytest.mark.usefixtures("real_docker")
def test_a_daemon_on_another_machine_is_asked_with_consent_only(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    with socket.create_server(("127.0.0.1", 0)) as other:
        contacts: list[tuple[socket.socket, object]] = []

        def serve() -> None:
            try:
                while True:
                    contacts.append(other.accept())
                    contacts[-1][0].close()
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{other.getsockname()[1]}")
        found = only("docker", "skipped")
        assert found.fix == "viscaffold doctor --contact"
        assert contacts == []
        assert only("docker", "warning", contact=True)
        assert contacts
        other.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("name", "cases", "info", "says"),
    [
        ("cgroup", "", {"CgroupVersion": "1"}, "limited by cgroups of version 1"),
        ("compose", "", {}, "compose.yaml cannot be started: compose version failed"),
        ("compose", "compose*) echo 2.10.0;;", {}, "Compose 2.10.0 refuses compose.yaml"),
        ("builder", "", {}, "DOCKER_BUILDKIT is set, and buildx is not there"),
        ("base-images", "image*) echo '\"2020-01-01T00:00:00Z\"';;", {}, " days old here"),
        ("docker", "", {"ServerErrors": ["it is ill"]}, "does not answer: it is ill"),
    ],
)
def test_a_docker_that_will_not_do(  # noqa: PLR0913, PLR0917 - a table
    service: MakeService,
    docker: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    cases: str,
    info: dict[str, object],
    says: str,
) -> None:
    service("cache")
    assert name == "base-images" or fine(name)
    monkeypatch.setenv("DOCKER_BUILDKIT", "1")
    docker(cases, **info)

    assert says in only(name, "warning").says


def test_a_disk_of_images_that_is_nearly_full(
    service: MakeService, docker: Callable[..., None], small_disk: Callable[[str], Path]
) -> None:
    service()
    disk = small_disk("size=300m")
    docker(DockerRootDir=str(disk))

    assert f"{disk}, where images are kept, has 300 MiB left" in (
        only("images-disk", "warning").says
    )


@pytest.mark.usefixtures("real_docker")
def test_the_docker_that_is_here_answers_in_truth(service: MakeService) -> None:
    if obstacle():
        pytest.skip(obstacle())
    service()
    said = {each["id"]: each for each in viscaffold("doctor", "--json").json()["checks"]}

    assert said["docker"]["says"].startswith("docker ")
    assert said["base-images"]["says"].startswith(IMAGE)
    assert said["cgroup"]


# The service


def test_answers_that_are_damaged(service: MakeService) -> None:
    root = service()
    (root / ".copier-answers.yml").write_text("name: [", encoding="utf-8")
    found = only("service", "problem")

    assert ".copier-answers.yml cannot be read" in found.says
    assert "git checkout .copier-answers.yml" in found.fix


def test_an_older_template_and_its_known_faults(old: MakeService) -> None:
    old("0.5.0")

    assert "version 0.5.0 has a successor" in only("template", "warning").says
    assert only("notices", "warning").places == ("Dockerfile:43",)
    assert "0.5.0" in releases.digests()


def test_a_verification_that_failed_and_one_that_is_stale(service: MakeService) -> None:
    root = service()
    kept = repository(root)
    assert kept
    evidence.keep(kept, verification(tree=git(root, "write-tree").strip()))
    assert fine("evidence")
    (root / "README.md").write_text("staged\n", encoding="utf-8")
    git(root, "add", "README.md")
    assert only("evidence", "warning").says == "what is staged was never verified"
    evidence.keep(kept, verification(TESTS, BROKEN, tree=git(root, "write-tree").strip()))

    assert "has failed its verification: start" in only("evidence", "problem").says


def test_a_compose_that_is_too_old_for_an_adopted_service(
    exists: MakeExisting, docker: Callable[..., None]
) -> None:
    exists()
    assert viscaffold("adopt", "--yes").code == 0
    docker("compose*) echo 2.23.3;;")
    assert "refuses compose.yaml, which takes 2.24" in only("compose", "warning").says
    docker("compose*) echo 2.24.0;;")
    assert fine("compose")


# Settings


def test_a_port_that_another_process_has(
    service: MakeService, docker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    docker()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (root / ".env").write_text(f"PORT={port}\n", encoding="utf-8")
        monkeypatch.chdir("/")  # in the service, it would be its own
        listening = Path("/proc/net/tcp").exists()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "cwd", lambda: root)
            found = only("port", "problem")

    by = f" by process {os.getpid()} (" if listening else ""
    assert f"port {port} is taken{by}" in found.says
    assert fine("port")


def test_a_port_that_the_service_itself_has(
    service: MakeService, docker: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    docker()
    code = (
        "import socket, time\ns = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\ntime.sleep(60)"
    )
    for name, is_own in (("orders", True), ("http.server", False)):
        command = [sys.executable, "-c", code, name]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout
            monkeypatch.setenv("PORT", other.stdout.readline().strip())
            if is_own:
                assert fine("port")
            else:  # where a service works, others may, too
                assert f"is taken by process {other.pid}" in only("port", "problem").says
            other.kill()


def test_a_port_that_a_container_has(service: MakeService, docker: Callable[..., None]) -> None:
    root = service()
    with socket.create_server(("127.0.0.1", 0)) as server:
        (root / ".env").write_text(f"PORT={server.getsockname()[1]}\n", encoding="utf-8")
        docker("ps*) echo orders;;")
        assert fine("port")
        docker("ps*) echo payments;;")

        assert " is taken by the container payments" in only("port", "problem").says


@pytest.mark.parametrize("value", ["0", "65536", "eighty", ""])
def test_a_port_that_is_none(service: MakeService, value: str) -> None:
    root = service()
    (root / ".env").write_text(f"PORT={value}\n", encoding="utf-8")

    assert only("port", "problem").places == (".env:1",)


def test_an_env_file_that_lacks_misspells_and_empties(service: MakeService) -> None:
    root = service("auth", "config")
    with (root / ".env.example").open("a", encoding="utf-8") as file:
        file.write("\n# Ours\nOURS=1\n")
    (root / ".env").write_text(
        "LOG_LEVLE=DEBUG\nMAX_CONNECTIONS=\nCOMPOSE_PROJECT_NAME=x\nAUTH_KEYS_FILE=/run/k\n",
        encoding="utf-8",
    )
    found = found_by("env-file")

    assert [(each.says, each.places) for each in found] == [
        (".env does not set OURS, which .env.example does", ()),
        ("LOG_LEVLE is no setting, and changes nothing", (".env:1",)),
        ("MAX_CONNECTIONS is empty, which is another thing than unset", (".env:2",)),
    ]
    assert found[1].fix == "was LOG_LEVEL meant?"


# Secrets


def test_an_env_file_that_git_tracks(service: MakeService) -> None:
    root = service()
    (root / ".env").write_text("LOG_LEVEL=DEBUG\n", encoding="utf-8")
    assert fine("secrets")
    git(root, "add", "--force", ".env")
    found = only("secrets", "problem")

    assert found.says == "git tracks .env, a file for secrets"
    assert found.fix.startswith("git rm --cached .env; ")


def test_secrets_in_git_now_or_ever_are_named_and_never_printed(service: MakeService) -> None:
    root = service("auth", "database")
    (root / ".env").write_text(
        f"AUTH_KEYS={SECRET}\nDATABASE_URL=postgresql://app:{SECRET}-2@db/app\n"
        "POSTGRES_PASSWORD=change-me\n",
        encoding="utf-8",
    )
    assert fine("secrets")
    (root / "src/orders/app.py").write_text(f'KEY = "{SECRET}"\n', encoding="utf-8")
    (root / "deploy.sh").write_text(f"# one\nexport TOKEN={TOKEN}\n", encoding="utf-8")
    (root / "gone.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\nMII\n", encoding="utf-8")
    (root / "gone.txt").write_text(f"{SECRET}-2\n", encoding="utf-8")
    commit(root)
    git(root, "rm", "--quiet", "gone.pem", "gone.txt")
    git(root, "commit", "--quiet", "--message", "gone")
    number = git(root, "log", "-1", "--skip=1", "--format=%h").strip()
    ran, found = checked()

    assert [(each["state"], each["says"], each["places"]) for each in found["secrets"]] == [
        ("problem", "the value of AUTH_KEYS in .env is in git", ["src/orders/app.py:1"]),
        ("warning", "what looks like an access key is in git", ["deploy.sh:2"]),
        (
            "problem",
            "the value of DATABASE_URL in .env is in the history of git",
            [f"commit {number}"],
        ),
        ("problem", "a private key is in the history of git", [f"commit {number}"]),
    ]
    assert SECRET not in ran.out + ran.err
    assert TOKEN not in ran.out + ran.err + viscaffold("doctor").out


def test_a_text_that_is_too_long_to_search_is_said(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    monkeypatch.setattr("scaffolder.doctor.checks.secrets.MOST", 1000)

    assert "it was not searched" in only("secrets", "skipped").says


def test_a_history_that_is_too_long_is_searched_in_part_and_that_is_said(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    (root / "note.txt").write_text("a second commit\n", encoding="utf-8")
    commit(root)
    assert fine("secrets")
    monkeypatch.setattr("scaffolder.doctor.checks.secrets.COMMITS", 1)

    assert "the newest 1 commits" in only("secrets", "skipped").says


def test_git_runs_no_program_that_the_repository_names(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    trap = f"touch {tmp_path}/trapped; cat"
    for key in ("diff.trap.textconv", "diff.trap.command", "core.fsmonitor", "diff.external"):
        git(root, "config", key, trap)
    (root / ".gitattributes").write_text("* diff=trap\n", encoding="utf-8")
    git(root, "add", ".gitattributes")
    (tmp_path / "trapped").unlink(missing_ok=True)  # the test has run it
    viscaffold("doctor")

    assert not (tmp_path / "trapped").exists()


def test_every_check_has_a_test_in_which_it_says_no() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    ids = {check.id for check in catalogue.checks()}

    assert [name for name in sorted(ids) if f'"{name}"' not in text] == []
