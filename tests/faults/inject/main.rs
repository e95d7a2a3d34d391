//! A service whose own code fails before anything else runs.

mod before_main;

use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    orders::faults::at("main")?;
    Ok(orders::runtime::run())
}
