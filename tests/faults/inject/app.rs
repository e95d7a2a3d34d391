//! The application of a service that faults are injected into.

use actix_web::{Responder, web};
use anyhow::{Context, Result, anyhow};

use crate::faults;
use crate::health::Checks;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        faults::at("read").expect("the settings cannot be read");
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        faults::at("configure").expect("the application cannot be built");
        app.route("/", web::get().to(index));
        app.route("/fault", web::get().to(faults::handler));
    }

    async fn start(&self, _checks: &Checks) -> Result<()> {
        let opened = faults::awaited("start").await;
        opened
            .map_err(|error| anyhow!("{error}"))
            .context("the rates cannot be read")
    }

    async fn stop(&self) {
        faults::awaited("stop")
            .await
            .expect("the rates cannot be closed");
    }
}

async fn index() -> impl Responder {
    "orders"
}
