"""Programs in Rust that have the code of the faults: generated services, and what others write."""

import re
from pathlib import Path

import rust_services
from rust_services import Files, Stages

INJECT = Path(__file__).parent / "inject"

BARE = ""
GUIDE = """tracing_subscriber::fmt().init();
    std::panic::set_hook(Box::new(|info| {
        eprintln!("Application panicked: {info:?}");
        std::process::exit(1);
    }))"""
"""What is often recommended: log early, and have a panic end the service."""

ABORTING = ("rustc", "--bin", rust_services.NAME, "--", "-C", "panic=abort")


def generated(stages: Stages = (), *, aborting: bool = False) -> Path:
    """Return a service whose application and `main` have the faults."""
    command = ABORTING if aborting else rust_services.BUILD
    variant = "aborting" if aborting else "faults"
    return rust_services.binary(stages, files(stages), variant=variant, command=command)


def other(name: str, set_up: str) -> Path:
    """Return a service that has nothing of ours; `set_up` is what its `main` does first."""
    main = injected("bare.rs").replace("SET_UP;", f"{set_up};" if set_up else "")
    manifest = rust_services.text("Cargo.toml").replace(
        "[dependencies]\n", '[dependencies]\ntracing-subscriber = "0.3"\n'
    )
    files = {
        "Cargo.toml": re.sub(r"\ntracing-subscriber = \{.*", "", manifest),
        "src/main.rs": main,
        "src/lib.rs": "pub mod faults;\n",
        **_faults(),
    }
    return rust_services.binary((), files, variant=name)


def files(stages: Stages) -> Files:
    """Return the files by which a service gets the faults."""
    library = rust_services.text("src/lib.rs", stages)
    return {
        "src/lib.rs": f"{library}pub mod faults;\n",
        "src/app.rs": injected("app.rs"),
        "src/main.rs": injected("main.rs"),
        **_faults(),
    }


def _faults() -> Files:
    return {
        "src/faults.rs": injected("faults.rs"),
        "src/faults/handler.rs": injected("faults/handler.rs"),
        "src/before_main.rs": injected("before_main.rs"),
    }


def injected(name: str) -> str:
    """Return a file of the code of the faults."""
    return (INJECT / name).read_text(encoding="utf-8")
