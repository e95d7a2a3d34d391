//! Stage `logging`: JSON lines with request ids and without secrets; text on a terminal.

mod ids;
pub mod lines;
mod redaction;
mod requests;
mod rules;
mod values;

pub use ids::RequestId;
pub use redaction::in_text as redacted;

use std::env;
use std::io::{self, IsTerminal as _};

use actix_web::App;
use actix_web::middleware::from_fn;

use crate::health::Checks;
use crate::runtime::log;
use crate::runtime::settings::{Reader, choice};
use crate::runtime::shared_state::shared;
use crate::runtime::stage::{Service, Stage};

/// The stage; LOG_LEVEL of the service sets which lines are written.
#[derive(Clone)]
pub struct Logging {
    format: &'static str,
}

impl Stage for Logging {
    const NAME: &str = "logging";

    fn read(env: &mut Reader<'_>) -> Self {
        Self {
            format: env.get("LOG_FORMAT", choice(&["auto", "json", "text"]), "auto"),
        }
    }

    /// Gives each request an id, and one line.
    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T>> {
        app.wrap(from_fn(requests::log))
    }

    /// Changes the format of all further lines; none is lost or doubled.
    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        if is_json(self.format) {
            shared().set_json_lines(true); // the supervisor, which has no logger, writes JSON, too
            log::take_over(Box::new(lines::json_line));
        } else {
            let color = wants_color();
            log::take_over(Box::new(move |record| lines::text_line(record, color)));
        }
        Ok(())
    }
}

fn is_json(format: &str) -> bool {
    format == "json" || (format == "auto" && !io::stdout().is_terminal())
}

/// Tells whether stdout is a terminal with colors, and the environment allows them.
fn wants_color() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}
