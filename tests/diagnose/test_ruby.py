"""Gems of Ruby, of which a silent program only asks the system."""

import pytest
from recorded import case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict.judge import judge

PLACES = (
    "/var/lib/gems/3.3.0/gems/abbrev-0.1.2/lib",
    "/usr/lib/ruby/3.3.0",
    "/usr/lib/ruby/vendor_ruby",
)


def sought(name: str, places: tuple[str, ...] = PLACES) -> str:
    paths = [f"{place}/{name}{ending}" for place in places for ending in (".rb", ".so")]
    rows = "".join(f"C\t{at}\t7\t7\tnewfstatat\t-2\tp={p}\n" for at, p in enumerate(paths, 1))
    return f"{STARTED}{rows}X\t99\t7\t5\t0"


@pytest.mark.parametrize(("path", "gem"), [("puma", "puma"), ("sidekiq/web", "sidekiq")])
def test_a_gem_that_is_sought_in_all_libraries_is_named(path: str, gem: str) -> None:
    found = judge(case(files=SERVER, exit_code=5, trace=sought(path)))

    assert found.cause == "ruby-gem-missing", found
    assert f"requires {path}, which is in none of the 6 places" in found.text
    assert f"gem install {gem}," in found.fix


def test_a_file_of_its_own_is_no_gem() -> None:
    found = judge(case(files=SERVER, exit_code=5, trace=sought("own", ("/app/lib", "/srv/lib"))))

    assert found.cause == "file-missing"


def test_a_variable_that_is_fetched_and_not_set_is_named() -> None:
    log = '/app/settings.rb:15:in `fetch\': key not found: "EXPORT_TENANT" (KeyError)'
    told = [
        judge(case(files=SERVER, log=log, config={"env": env}))
        for env in ({}, {"EXPORT_TENANT": "a"})
    ]

    assert [found.cause == "variable-missing" for found in told] == [True, False], told
    assert "EXPORT_TENANT is not set" in told[0].text
