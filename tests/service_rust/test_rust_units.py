"""Parts of the runtime in Rust, where a whole service would say less; `units` has their tests.

They are put into the modules that they test, and only here: a service does not carry them.
"""

from pathlib import Path

import rust_services

UNITS = Path(__file__).with_name("units")
STAGES = ("jobs", "database")
MODULE = "\n#[cfg(test)]\nmod tests {{\n    use super::*;\n\n{tests}}}\n"


def test_units() -> None:
    units = [path.relative_to(UNITS).with_suffix("") for path in sorted(UNITS.rglob("*.rs"))]
    files = dict(map(_with_tests, units))
    service = rust_services.sources(STAGES, files, variant="units", sharing=True)
    shown = rust_services.cargo(service, "test", "--lib", "--", "runtime::")

    for unit in units:
        assert f"runtime::{unit.name}::tests::" in shown, shown


def _with_tests(unit: Path) -> tuple[str, str]:
    """Return the path and the content of the module that a unit has tests of."""
    path = f"src/runtime/{unit}.rs"
    tests = (UNITS / f"{unit}.rs").read_text(encoding="utf-8")
    return path, rust_services.text(path, STAGES) + MODULE.format(tests=tests)
