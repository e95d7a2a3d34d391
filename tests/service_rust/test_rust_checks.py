"""Services in Rust pass what their READMEs and CI workflows check, and what those refuse."""

import re

import pytest
import rust_services
from rust_services import Stages
from samples import FULL

from scaffolder.templates import catalogue, template
from scaffolder.testkit import combinations

KNOWN = catalogue.load(template.builtin().root, "rust")
SETS = combinations.with_own_code(KNOWN)
WHOLE: list[Stages] = [(), SETS[-1]]
"""Those of which everything is checked in each run."""

DENY = ("--quiet", "--", "-D", "warnings")
LINT = ("clippy", "--all-targets", *DENY)
LINT_CODE = ("clippy", "--lib", *DENY)
REFUSED = {
    "dbg_macro": "dbg!(1);",
    "exit": "std::process::exit(0);",
    "expect_used": 'std::env::var("X").expect("it is set");',
    "print_stderr": 'eprintln!("lost");',
    "print_stdout": 'println!("lost");',
    "todo": "todo!();",
    "undocumented_unsafe_blocks": "unsafe { std::hint::unreachable_unchecked() };",
    "unwrap_used": 'std::env::var("X").unwrap();',
}
DISALLOWED = {
    "actix_web::rt::spawn": "drop(actix_web::rt::spawn(async {}));",
    "tokio::spawn": "drop(tokio::spawn(async {}));",
    "tokio::task::spawn_local": "drop(tokio::task::spawn_local(async {}));",
    "std::panic::set_hook": "std::panic::set_hook(Box::new(|_| {}));",
    "std::panic::take_hook": "drop(std::panic::take_hook());",
    "std::process::abort": "std::process::abort();",
}


def ids(subset: Stages) -> str:
    return "-".join(subset) or "base"


def each(sets: list[Stages]) -> pytest.MarkDecorator:
    marked = [pytest.param(one, marks=pytest.mark.slow if one else ()) for one in sets]
    return pytest.mark.parametrize("stages", marked, ids=ids)


@each(SETS)
def test_a_service_is_formatted(stages: Stages) -> None:
    rust_services.cargo(rust_services.sources(stages), "fmt", "--check")


@each(SETS)
def test_a_service_is_linted_clean(stages: Stages) -> None:
    """A service with all stages has the tests of each: of the others, the code is linted."""
    service = rust_services.sources(stages, variant="linted", sharing=not FULL)
    rust_services.cargo(service, *(LINT if FULL or stages in WHOLE else LINT_CODE))


@each(SETS if FULL else WHOLE)
def test_a_service_passes_its_own_tests(stages: Stages) -> None:
    """A service with all stages has those of each; to build them for each set takes minutes."""
    printed = rust_services.run_tests(stages)

    assert re.search(r"test result: ok\. [1-9]", printed)
    assert not re.search(r"[1-9]\d* ignored", printed)


def test_code_that_would_end_or_fail_in_silence_is_refused() -> None:
    more = "\n".join(f"pub fn wrong_{lint}() {{ {code} }}" for lint, code in REFUSED.items())
    app = (rust_services.sources() / "src/app.rs").read_text(encoding="utf-8")
    wrong = rust_services.sources((), {"src/app.rs": f"{app}\n{more}\n"}, variant="refused")
    printed = rust_services.cargo(wrong, *LINT, expect=101)
    refused = re.findall(r"--> src/app\.rs:(\d+):", printed)
    last = app.count("\n") + len(REFUSED) + 1

    assert {*map(int, refused)} == {*range(last - len(REFUSED) + 1, last + 1)}, printed
    for lint in REFUSED:
        assert f"clippy::{lint.replace('_', '-')}" in printed


def test_functions_that_fail_or_end_in_silence_are_refused_with_what_to_call() -> None:
    more = f"pub fn wrong() {{ {' '.join(DISALLOWED.values())} }}\n"
    app = (rust_services.sources() / "src/app.rs").read_text(encoding="utf-8")
    wrong = rust_services.sources((), {"src/app.rs": f"{app}\n{more}"}, variant="refused")
    printed = rust_services.cargo(wrong, *LINT, expect=101)
    refused = re.findall(r"use of a disallowed method `(.*?)`", printed)

    assert sorted(refused) == sorted(DISALLOWED), printed
    assert "runtime::tasks::spawn logs it" in printed
