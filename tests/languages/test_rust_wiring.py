"""What `add-resource` edits in a service in Rust, and what it leaves alone."""

import subprocess

import pytest
import rust_services

from scaffolder.languages import rust_wiring
from scaffolder.languages.base import Wiring, WiringError

PENS, CARS = Wiring("pens"), Wiring("old_cars")
STORED = Wiring("pens", "0001")
UNIT = ("pub struct App;", "        Self")


def app(
    struct: str = UNIT[0],
    made: str = UNIT[1],
    body: str = '        app.service(web::resource("/").get(index));',
    constants: str = "",
    imported: str = "Stage",
) -> str:
    return f"""use actix_web::web;

use crate::runtime::settings::Reader;
use crate::runtime::stage::{imported};

#[derive(Clone)]
{struct}

impl Stage for App {{
    const NAME: &str = "app";
{constants}
    fn read(_env: &mut Reader<'_>) -> Self {{
{made}
    }}

    fn configure(&self, app: &mut web::ServiceConfig) {{
{body}
    }}
}}
"""


def routed(text: str, wiring: Wiring = PENS) -> str:
    return rust_wiring.wired({"application": text}, wiring)["application"]


def listed(text: str, wiring: Wiring = PENS) -> str:
    return rust_wiring.wired({"library": text}, wiring)["library"]


def formatted(text: str) -> str:
    rust_services.require_cargo()
    command = ["rustfmt", "--edition", "2024"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def test_what_is_in_memory_is_shared_by_all_workers() -> None:
    twice = routed(routed(app()), CARS)

    assert twice == app(
        "pub struct App {\n"
        "    pens: web::Data<crate::pens::Pens>,\n"
        "    old_cars: web::Data<crate::old_cars::OldCars>,\n"
        "}",
        "        Self {\n"
        "            pens: web::Data::default(),\n"
        "            old_cars: web::Data::default(),\n"
        "        }",
        '        app.service(web::resource("/").get(index));\n'
        "        crate::pens::configure(app, self.pens.clone());\n"
        "        crate::old_cars::configure(app, self.old_cars.clone());",
    )
    assert formatted(twice) == twice


def test_tables_are_listed_as_a_formatter_would() -> None:
    text = app()
    for number in range(1, 6):
        text = routed(text, Wiring(f"some_things_{number}", f"000{number}"))
        assert formatted(text) == text

    assert "use crate::runtime::stage::{Migration, Stage};\n" in text
    assert '        "some_things_1",\n        "some_things_2",\n' in text
    assert "        crate::some_things_5::MIGRATION,\n    ];\n" in text
    assert "        crate::some_things_5::configure(app);\n    }\n" in text


@pytest.mark.parametrize("wiring", [PENS, STORED])
def test_what_is_there_already_stays(wiring: Wiring) -> None:
    once = routed(app(), wiring)

    assert routed(once, wiring) == once
    assert listed(listed("pub mod app;\n"), wiring) == "pub mod app;\npub mod pens;\n"
    assert listed("mod pens;\npub mod app;\n", wiring) == "mod pens;\npub mod app;\n"


def test_a_module_is_among_the_others_in_their_order() -> None:
    text = "//! Orders.\n\npub mod app;\nmod own;\npub mod stages;\n\nmod zebra;\n"

    assert "pub mod app;\nmod own;\npub mod pens;\npub mod stages;\n" in listed(text)
    assert listed("mod b;\npub mod app;\n", Wiring("a")).startswith("pub mod a;\nmod b;\n")
    assert listed("pub mod app;", Wiring("z")) == "pub mod app;\npub mod z;"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fn main( {",
        app(struct="pub struct App(u8);"),
        app(struct="pub struct App;\n// or\npub struct App;"),
        app(struct="pub struct App {}"),
        app(made="        Self::new()"),
        app(made="        let made = Self;\n        made"),
        app(body="        own(app)"),
        app(body="        /*\n    }\n        */"),
        app().replace("fn configure(&self, app:", "fn configure(&self, config:"),
        app().replace("impl Stage for App", "impl stage::Stage for App").replace("    }", "  }"),
    ],
)
def test_an_application_that_is_not_as_plain_is_not_edited(text: str) -> None:
    with pytest.raises(WiringError) as refused:
        routed(text)

    assert refused.value.lines == [
        "pens: web::Data<crate::pens::Pens>,  // in the struct App",
        "pens: web::Data::default(),  // in App::read()",
        "crate::pens::configure(app, self.pens.clone());  // in configure()",
    ]


@pytest.mark.parametrize(
    "text",
    [
        app(constants="    const MIGRATIONS: &[Migration] = &[Migration { number }];"),
        app(constants="    const TABLES: &[&str] = MINE;"),
        app(constants='    const TABLES: &[&str] = &["cars"]; // mine'),
        app(imported="*"),
        app().replace("impl Stage for App {", "impl<T> Stage for App {"),
    ],
)
def test_lists_of_tables_that_are_not_as_plain_are_not_edited(text: str) -> None:
    with pytest.raises(WiringError) as refused:
        routed(text, STORED)

    assert "const MIGRATIONS: &[Migration] = &[crate::pens::MIGRATION];" in refused.value.lines


@pytest.mark.parametrize("text", ["", "mod own;\n", "pub mod app {\n", "/* pub mod app;\n"])
def test_a_library_that_is_not_as_plain_is_not_edited(text: str) -> None:
    with pytest.raises(WiringError) as refused:
        listed(text)

    assert refused.value.lines == ["pub mod pens;"]
