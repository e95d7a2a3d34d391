//! GET /api/openapi.json, and /api/docs, a page that shows it.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use serde_json::{Value, json};

use crate::runtime::root_path;

/// Shows the document without scripts of others, which could read what is typed.
const PAGE: &str = include_str!("docs.html");

/// Nothing from elsewhere, whatever the document says.
const POLICY: &str = "default-src 'none'; connect-src 'self'; \
    script-src 'unsafe-inline'; style-src 'unsafe-inline'";

struct Document {
    prefix: &'static str,
    value: Value,
}

/// Serves a document below `prefix`.
pub fn configure(app: &mut web::ServiceConfig, prefix: &'static str, value: Value) {
    app.app_data(web::Data::new(Document { prefix, value }))
        .service(web::resource(format!("{prefix}/openapi.json")).get(document))
        .service(web::resource(format!("{prefix}/docs")).get(page));
}

async fn document(request: HttpRequest, document: web::Data<Document>) -> impl Responder {
    let mut value = document.value.clone();
    let url = format!("{}{}", root_path(&request), document.prefix);
    value["servers"] = json!([{"url": url}]);
    web::Json(value)
}

async fn page(request: HttpRequest, document: web::Data<Document>) -> impl Responder {
    let url = format!("{}{}/openapi.json", root_path(&request), document.prefix);
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE.replace("{openapi}", &url))
}
