//! An application with tables whose rows are moved.

use actix_web::web;

use crate::runtime::settings::Reader;
use crate::runtime::stage::{Migration, Stage};

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";
    const MIGRATIONS: &[Migration] = &[
        Migration {
            number: "0001",
            up: include_str!("migrations/0001_things.up.sql"),
            down: include_str!("migrations/0001_things.down.sql"),
        },
        Migration {
            number: "0002",
            up: include_str!("migrations/0002_more.up.sql"),
            down: include_str!("migrations/0002_more.down.sql"),
        },
    ];
    const TABLES: &[&str] = &["words", "things", "loose", "more"];

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, _app: &mut web::ServiceConfig) {}
}
