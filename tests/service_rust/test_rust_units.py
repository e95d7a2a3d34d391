"""Parts of the runtime in Rust, where a whole service would say less; `units` has their tests.

They are put into the modules that they test, and only here: a service does not carry them.
"""

from pathlib import Path

import rust_services

UNITS = Path(__file__).with_name("units")
MODULE = "\n#[cfg(test)]\nmod tests {{\n    use super::*;\n\n{tests}}}\n"


def test_units() -> None:
    units = sorted(UNITS.glob("*.rs"))
    files = dict(map(_with_tests, units))
    service = rust_services.sources(files=files, variant="units")
    shown = rust_services.cargo(service, "test", "--lib", "--", "runtime::")

    for unit in units:
        assert f"test runtime::{unit.stem}::tests::" in shown, shown


def _with_tests(unit: Path) -> tuple[str, str]:
    """Return the path and the content of the module that a unit has tests of."""
    path = f"src/runtime/{unit.name}"
    tests = unit.read_text(encoding="utf-8")
    return path, rust_services.text(path) + MODULE.format(tests=tests)
