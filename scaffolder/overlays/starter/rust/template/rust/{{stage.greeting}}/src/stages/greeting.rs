//! Stage `greeting`: GET /greeting/NAME.

use actix_web::{Responder, web};
use serde_json::json;

use crate::runtime::settings::{Reader, text};
use crate::runtime::stage::Stage;

/// The stage, with its settings.
#[derive(Clone)]
pub struct Greeting {
    text: String,
}

impl Stage for Greeting {
    const NAME: &str = "greeting";

    fn read(env: &mut Reader<'_>) -> Self {
        Self {
            text: env.get("GREETING_TEXT", text, "Hello".to_owned()),
        }
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(web::Data::new(self.clone()));
        app.service(web::resource("/greeting/{name}").get(greet));
    }
}

async fn greet(greeting: web::Data<Greeting>, name: web::Path<String>) -> impl Responder {
    web::Json(json!({"greeting": format!("{}, {name}", greeting.text)}))
}
