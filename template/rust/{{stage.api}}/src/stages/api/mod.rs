//! Stage api: routes under /api, with checked input, problem+json errors and OpenAPI.

mod items;
pub mod pagination;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/api/mod.rs"]
mod runtime;

use actix_web::{App, HttpRequest, web};

pub use runtime::{Body, Form, Gate, Params, Writer, document, guard_writing};

use crate::runtime::settings::{Reader, boolean, integer, renamed};
use crate::runtime::stage::{Service, Stage};
use crate::runtime::{ExactPaths, root_path};
use runtime::{Additions, MostValues, docs, openapi};

pub const PREFIX: &str = "/api";

/// The stage, with its settings and the items of the example.
#[derive(Clone)]
pub struct Api {
    most_json_values: usize,
    docs: bool,
    items: web::Data<items::Items>,
}

impl Stage for Api {
    const NAME: &str = "api";

    fn read(env: &mut Reader<'_>) -> Self {
        env.get("API_MAX_BODY_BYTES", renamed("MAX_BODY_BYTES"), ());
        Self {
            most_json_values: env.get("API_MAX_JSON_VALUES", integer(1, 10_000_000), 10_000),
            docs: env.get("API_DOCS", boolean, false),
            items: web::Data::default(),
        }
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(MostValues(self.most_json_values))
            .app_data(ExactPaths("/api/"));
        items::configure(app, self.items.clone());
    }

    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T>> {
        // Called when every stage and app.rs have added their routes.
        let Additions { documents, guards } = Additions::take();
        let document = self
            .docs
            .then(|| openapi::build(documents, &guards, PREFIX));
        app.app_data(guards).configure(|app| {
            if let Some(document) = document {
                docs::configure(app, PREFIX, document);
            }
        })
    }
}

/// Returns the path of a link: proxies may serve the service below a path of theirs.
#[must_use]
pub fn link(request: &HttpRequest, path: &str) -> String {
    format!("{}{path}", root_path(request))
}
