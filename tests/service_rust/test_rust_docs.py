"""The Rust code in the pages of a service compiles, and does what they say."""

import re
import subprocess
from pathlib import Path

import pytest
import running
import rust_services

CODE = re.compile(r"```rust\n(.*?)```", re.DOTALL)
SQL = re.compile(r"```sql\n(.*?)```", re.DOTALL)
STAGE = """
pub mod {name} {{
    use actix_web::{{Responder, web}};
    use serde_json::json;

    use crate::health::Checks;
    use crate::runtime::settings::{{Reader, text}};
    use crate::runtime::stage::Stage;

    #[derive(Clone)]
    pub struct App {{
        greeting: String,
        ledger: String,
    }}

    {free}

    async fn index(app: web::Data<App>) -> impl Responder {{
        web::Json(json!({{"greeting": app.greeting, "ledger": app.ledger}}))
    }}

    async fn ping(_ledger: String) -> anyhow::Result<()> {{
        Ok(())
    }}

    impl Stage for App {{
        const NAME: &str = "app";

        {methods}
    }}
}}
"""
READ = """fn read(_env: &mut Reader<'_>) -> Self {
    unimplemented!()
}"""


def examples(page: str) -> list[str]:
    return CODE.findall((rust_services.sources() / page).read_text(encoding="utf-8"))


def in_a_stage(number: int, example: str) -> str:
    """Put what a page shows into an application that has what it names."""
    free = ""
    if "\n/// " in example:
        example, free = example.split("\n/// ", 1)
        free = f"/// {free}"
    methods = example if "fn read" in example else f"{READ}\n{example}"
    if "{ greeting: env" in methods:
        methods = methods.replace('"hello".into())', '"hello".into()), ledger: String::new()')
    return STAGE.format(name=f"example{number}", free=free, methods=methods)


def test_the_examples_of_the_rules_compile() -> None:
    found = examples("AGENTS.md")
    assert len(found) == 3
    code = "".join(in_a_stage(number, example) for number, example in enumerate(found))
    library = rust_services.text("src/lib.rs", ())
    files = {"src/examples.rs": code, "src/lib.rs": f"{library}pub mod examples;\n"}
    directory = rust_services.sources((), files, variant="examples")

    assert "error" not in rust_services.cargo(directory, "check", "--quiet")


ALL = ("api", "auth", "cache", "config", "database", "jobs", "logging", "metrics", "tracing")
KNOWN = """
#![allow(dead_code, unused_imports)]

mod known {
    pub use actix_web::http::StatusCode;
    pub use actix_web::{HttpResponse, Responder, web};

    pub use crate::runtime::problems::Problem;
    pub use crate::runtime::settings::Reader;
}
"""
"""What a page may use without a word; it may import the same again."""
ORDER = """
#[derive(serde::Deserialize, utoipa::ToSchema)]
struct NewOrder { customer: String }
"""
SURROUNDINGS = {
    "database": ("#[derive(Clone)] pub struct App;", ""),
    "jobs": (
        """
        use crate::runtime::stage::Stage;
        #[derive(Clone)] pub struct App;
        mod mailer {
            pub async fn send(_to: &str, _key: &str) -> anyhow::Result<()> { Ok(()) }
        }
        """,
        "",
    ),
    "cache": (
        """
        mod rates {
            pub async fn price(_product: &str) -> actix_web::Result<u32> { Ok(1) }
        }
        """,
        "",
    ),
    "auth": (
        f"use crate::stages::api::Body; {ORDER}",
        'format!("{:?} {}", user.claims.name, order.customer) }',
    ),
    "api": (
        """
        use serde::Deserialize;
        use utoipa::{OpenApi, ToSchema};
        use crate::stages::api::{self, Body};
        struct Paid { id: u32 }
        """,
        "",
    ),
    "logging": (
        """
        struct Order { id: u32, total: u32 }
        struct User { id: u32 }
        struct Receipt;
        fn example(order: &Order, error: &str) {
        """,
        "Ok(Receipt) }}",
    ),
    "tracing": (
        """
        struct Order;
        fn price(_order: &Order) -> u32 { 1 }
        fn example(mut request: actix_web::test::TestRequest, order: Order) {
        """,
        "}",
    ),
}
"""What the page of a stage leaves to its reader: what stands before its code, and after."""


def page(stage: str) -> tuple[str, list[str]]:
    """Return the code of a page, in a module, and the statements of its migrations."""
    shown = rust_services.text(f"docs/stages/{stage}.md", ALL)
    before, after = SURROUNDINGS[stage]
    code = "\n".join(CODE.findall(shown)) + after
    code = code.replace(
        "    // ...\n}\n\n#[derive(Deserialize)]", f"{READ}}}\n#[derive(Deserialize)]"
    )
    code = code.replace("    // ...\n", "    drop(order);\n")
    # A statement alone, at the end of the page on errors.
    code = re.sub(
        r"^return (.*?;)",
        r"fn last(order: &Paid) -> Result<(), Problem> { return \1 }",
        code,
        flags=re.MULTILINE,
    )
    return f"pub mod {stage} {{\nuse super::known::*;{before}{code}\n}}\n", SQL.findall(shown)


def test_the_examples_of_the_stages_compile_as_they_are_typed() -> None:
    pages = {stage: page(stage) for stage in SURROUNDINGS}
    up, down = pages["database"][1]
    files = {
        "src/pages.rs": KNOWN + "".join(code for code, _ in pages.values()),
        "src/lib.rs": rust_services.text("src/lib.rs", ALL) + "pub mod pages;\n",
        "src/migrations/0001_orders.up.sql": up,
        "src/migrations/0001_orders.down.sql": down,
    }

    assert rust_services.binary(ALL, files, variant="pages").exists()


@pytest.fixture(scope="module")
def minimal() -> Path:
    """The smallest program that the runbook shows, without the port that it is to listen on."""
    (main,) = [code for code in examples("docs/runbook.md") if "fn main" in code]
    assert main.count("8080") == 1
    port = 'std::env::var("PORT").unwrap().parse().unwrap()'
    return rust_services.binary((), {"src/main.rs": main.replace("8080", port)}, variant="minimal")


def test_the_smallest_program_of_the_runbook_answers(minimal: Path) -> None:
    port = running.free_port()
    with subprocess.Popen([minimal], env={"PORT": str(port)}) as process:
        try:
            assert running.wait_for(f"http://127.0.0.1:{port}/health") == "ok"
        finally:
            process.kill()


def test_the_smallest_program_of_the_runbook_has_the_first_word_that_an_image_needs(
    minimal: Path,
) -> None:
    printed = subprocess.run([minimal, "--version"], capture_output=True, text=True, check=True)

    assert printed.stdout.split()[0] == "orders"
