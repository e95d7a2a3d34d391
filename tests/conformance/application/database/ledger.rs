//! A stage with a part of the schema; ledger.py beside this file is its twin.

use crate::runtime::settings::Reader;
use crate::runtime::stage::{Migration, Stage};

#[derive(Clone)]
pub struct Ledger;

impl Stage for Ledger {
    const NAME: &str = "ledger";
    const MIGRATIONS: &[Migration] = &[Migration {
        number: "0001",
        up: "CREATE TABLE ledger (amount BIGINT NOT NULL)",
        down: "DROP TABLE ledger",
    }];

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }
}
