"""Modules of Perl, of which a silent program only asks the system."""

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.perl import package
from scaffolder.diagnose.verdict.judge import judge


def sought(*paths: str) -> str:
    rows = "".join(f"C\t{at}\t7\t7\tnewfstatat\t-2\tp={p}\n" for at, p in enumerate(paths, 1))
    return f"{STARTED}{rows}X\t9\t7\t2\t0"


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (("/etc/perl/JSON.pmc", "/etc/perl/JSON.pm", "/usr/share/perl5/JSON.pm"), "JSON"),
        (("/etc/perl/DBD/Pg.pm", "/usr/share/perl5/DBD/Pg.pm"), "DBD::Pg"),
    ],
)
def test_a_module_that_is_sought_in_several_places_is_named(
    paths: tuple[str, ...], name: str
) -> None:
    found = judge(case(files=SERVER, exit_code=2, trace=sought(*paths)))

    assert found.cause == "perl-module-missing"
    assert f"the module {name} of Perl" in found.text
    assert package(name) in found.fix


@pytest.mark.parametrize("paths", [("/app/own.pm",), ("/etc/app.yml", "/srv/app.yml")])
def test_what_is_sought_once_or_is_no_module_is_a_file(paths: tuple[str, ...]) -> None:
    assert judge(case(files=SERVER, exit_code=2, trace=sought(*paths))).cause == "file-missing"


def test_packages_are_called_as_debian_calls_them() -> None:
    assert [package(n) for n in ("JSON", "DBD::Pg")] == ["libjson-perl", "libdbd-pg-perl"]
