//! Stage `config`: settings from a file and from secret files, below and above the environment.

mod command;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/config/mod.rs"]
pub mod runtime;

use std::env;
use std::sync::LazyLock;

use crate::health::Checks;
use crate::runtime::settings::{Reader, Source, text};
use crate::runtime::stage::Stage;
use runtime::layers::{FILE, Layers};

/// They are read once, before any setting is.
static LAYERS: LazyLock<Layers> = LazyLock::new(|| Layers::new(env::vars_os().collect()));

/// The stage: where settings come from is the same for the whole process.
#[derive(Clone)]
pub struct Config;

impl Stage for Config {
    const NAME: &str = "config";

    /// Which file it is; it does not have to be there if nobody names it.
    fn read(env: &mut Reader<'_>) -> Self {
        env.get("CONFIG_FILE", text, FILE.into());
        Self
    }

    fn source() -> Option<&'static dyn Source> {
        Some(&*LAYERS)
    }

    /// Says what the file sets.
    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        let path = LAYERS.file.path();
        let Some(mode) = LAYERS.file.mode else {
            tracing::info!("there is no {path}: settings come from the environment");
            return Ok(());
        };
        let values = LAYERS.file.values().iter();
        let names: Vec<&str> = values.map(|value| value.name.as_str()).collect();
        let names = if names.is_empty() {
            "nothing".into()
        } else {
            names.join(", ")
        };
        tracing::info!("{path} sets {names}");
        if mode & 0o002 != 0 {
            tracing::warn!("{path} can be changed by everybody here: chmod o-w {path}");
        }
        Ok(())
    }

    fn dispatch(name: &str, arguments: &[String]) -> Option<u8> {
        (name == "--check-config").then(|| command::run(arguments))
    }
}
