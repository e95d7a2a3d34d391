"""A service as `loco new` makes it, with the code of the faults, in an image."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import rust_code
import rust_services
from rust_services import NAME, TARGET
from subjects import RUST_IMAGE, built

NEW = ("new", "--name", NAME, "--db", "none", "--bg", "async", "--assets", "none")
PROGRAM = f"{NAME}-cli"
DOCKERFILE = f"""FROM {RUST_IMAGE}
WORKDIR /usr/app
COPY config config
COPY {PROGRAM} {PROGRAM}
ENV LOCO_ENV=production HOST=http://localhost
USER 1000:1000
ENTRYPOINT ["/usr/app/{PROGRAM}"]
CMD ["start"]
"""
"""What `generate deployment docker` runs, in production; the program is built as the others are."""

HOOKS = """
    async fn load_config(env: &Environment) -> Result<Config> {
        faults::failing("read")?;
        env.load()
    }

    async fn before_run(_ctx: &AppContext) -> Result<()> {
        faults::opening("start").await
    }

    async fn on_shutdown(_ctx: &AppContext) {
        faults::opening("stop").await.expect("the rates cannot be closed");
    }
"""
ROUTES = """        faults::at("configure").expect("the application cannot be built");
        AppRoutes::with_default_routes()
            .add_route(faults::routes())
"""
DEPENDENCIES = 'futures-util = "0.3"\nnix = "0.32"\n'
EDITS = {
    "Cargo.toml": (("[dependencies]\n", f"[dependencies]\n{DEPENDENCIES}"),),
    "src/lib.rs": (("pub mod app;\n", "pub mod app;\npub mod faults;\n"),),
    "src/app.rs": (
        ("use crate::{", "use crate::{faults, "),
        ("impl Hooks for App {\n", f"impl Hooks for App {{{HOOKS}\n"),
        ("        AppRoutes::with_default_routes() // controller routes below\n", ROUTES),
    ),
    "src/bin/main.rs": (
        ("use orders::app::App;\n", "use orders::app::App;\n\nmod before_main;\n"),
        ("    cli::main", '    orders::faults::failing("main")?;\n    cli::main'),
    ),
}
"""Where the faults get in: text of the generated files, and what stands there instead."""

FILES = {
    "src/faults.rs": "faults.rs",
    "src/faults/handler.rs": "loco.rs",
    "src/bin/before_main/mod.rs": "before_main.rs",
}


@contextmanager
def image() -> Iterator[str]:
    """Make a service, build it and its image; `loco` is installed."""
    with tempfile.TemporaryDirectory() as directory:
        service = Path(directory, NAME)
        subprocess.run(["loco", *NEW], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        _let_faults_in(service)
        subprocess.run(["cargo", "fetch", "--quiet"], cwd=service, check=True)
        rust_services.cargo(service, "build")
        shutil.copy2(TARGET / "debug" / PROGRAM, service)
        (service / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        with built(service) as tag:
            yield tag


def _let_faults_in(service: Path) -> None:
    for path, name in FILES.items():
        (service / path).parent.mkdir(exist_ok=True)
        (service / path).write_text(rust_code.injected(name), encoding="utf-8")
    edit(service, EDITS)


def edit(service: Path, all_edits: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Replace text of generated files, all of which is there once."""
    for path, edits in all_edits.items():
        text = (service / path).read_text(encoding="utf-8")
        for old, new in edits:
            assert text.count(old) == 1, f"{path} of a new service of loco has no {old!r}"
            text = text.replace(old, new)
        (service / path).write_text(text, encoding="utf-8")
