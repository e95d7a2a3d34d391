//! What the stage `config` reads settings from. viscaffold owns it: `update` replaces it.

mod config_file;
pub mod layers;
mod nearest;
mod small_file;

pub use config_file::shown;
