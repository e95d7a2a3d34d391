//! Three stages, of which the variables SECOND_OPENS and SECOND_CLOSES say what the second does.

use std::time::Duration;
use std::{env, future, io, thread};

use anyhow::bail;

use crate::app::App;
use crate::health::Checks;
use crate::runtime::settings::{ConfigError, Reader};
use crate::runtime::stage::{End, Stage};

pub type Stages = (First, (Second, (Third, (App, End))));

fn says(variable: &str) -> String {
    env::var(variable).unwrap_or_default()
}

macro_rules! stage {
    ($stage:ident, $name:literal) => {
        #[derive(Clone)]
        pub struct $stage;

        impl Stage for $stage {
            const NAME: &str = $name;

            fn read(_env: &mut Reader<'_>) -> Self {
                Self
            }

            async fn start(&self, checks: &Checks) -> anyhow::Result<()> {
                if $name == "second" {
                    open(checks).await?;
                }
                tracing::info!("opened {}", $name);
                Ok(())
            }

            async fn stop(&self) {
                if $name == "second" || says("SECOND_CLOSES") == "all hang" {
                    close().await;
                }
                tracing::info!("closed {}", $name);
            }
        }
    };
}

stage!(First, "first");
stage!(Second, "second");
stage!(Third, "third");

async fn open(checks: &Checks) -> anyhow::Result<()> {
    match says("SECOND_OPENS").as_str() {
        "fails" => bail!("no database"),
        "panics" => panic!("no database"),
        "has no files" => return Err(io::Error::from_raw_os_error(24).into()),
        "is set wrong" => {
            let problems = ["DATABASE_URL is wrong", "DATABASE_USER is wrong"];
            return Err(ConfigError(problems.map(str::to_owned).into()).into());
        }
        "hangs" => {
            tracing::info!("hanging");
            future::pending::<()>().await;
        }
        "blocks" => {
            tracing::info!("hanging");
            thread::sleep(Duration::from_secs(60));
        }
        "has a check that hangs" => checks.add("queue", future::pending),
        "is degraded" => add_optional(checks),
        "has checks" => {
            add_optional(checks);
            checks.add("database", || async { bail!("nobody listens") });
            checks.add("queue", future::pending);
            checks.add("store", future::pending);
            checks.add("users", || async { panic!("hunter2") });
        }
        _ => {}
    }
    Ok(())
}

fn add_optional(checks: &Checks) {
    checks.add("cache", || async { Ok(()) });
    checks.add_optional("search", || Some("degraded".into()));
}

async fn close() {
    match says("SECOND_CLOSES").as_str() {
        "fails" => panic!("no database"),
        "hangs" | "all hang" => future::pending().await,
        _ => {}
    }
}
