//! GET /metrics: all metrics as text, for whoever may read them.

use std::fmt;
use std::hint::black_box;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use prometheus_client::registry::{Metric, Registry};

use super::measured::Measured;
use crate::runtime::problems::{Failure, Problem};

/// In any case, as all schemes of HTTP (RFC 9110, 11.1).
const SCHEME: &[u8] = b"Bearer ";

/// Metrics of the service itself. They belong to the process, like the statics that hold them.
static OWN: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// Adds a metric of your own, and returns it.
pub fn register<M: Metric + Clone>(name: &str, help: &str, metric: M) -> M {
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    own.register(name, help, metric.clone());
    metric
}

/// Accepts a bearer token that nobody guesses, of what a header can carry (RFC 6750, 2.1).
pub fn token(raw: &str) -> Result<String, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte);
    if (16..=256).contains(&raw.len()) && raw.bytes().all(is_allowed) {
        Ok(raw.into())
    } else {
        Err("16 to 256 letters, digits and characters of ._~+/=-".into())
    }
}

struct Scrapes {
    measured: Arc<Measured>,
    token: String,
}

/// Adds the route; with a token, only who has it may read.
pub fn configure(app: &mut web::ServiceConfig, measured: Arc<Measured>, token: String) {
    app.app_data(web::Data::new(Scrapes { measured, token }))
        .service(web::resource("/metrics").get(scrape));
}

async fn scrape(
    request: HttpRequest,
    scrapes: web::Data<Scrapes>,
) -> Result<HttpResponse, actix_web::Error> {
    if !scrapes.token.is_empty() && !is_allowed(&request, &scrapes.token) {
        let detail = "the metrics are for those who have the token";
        let refusal = Problem::new(StatusCode::UNAUTHORIZED, detail);
        let scheme = HeaderValue::from_static("Bearer");
        return Err(refusal.header(WWW_AUTHENTICATE, scheme).into());
    }
    let text = text(&scrapes.measured.registry).map_err(Failure::from)?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text))
}

fn text(registry: &Registry) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    encode(
        &mut text,
        &OWN.lock().unwrap_or_else(PoisonError::into_inner),
    )?;
    Ok(text)
}

/// Compares all of the token, whatever differs: the time would tell how much of it was right.
fn is_allowed(request: &HttpRequest, token: &str) -> bool {
    let given = request.headers().get(AUTHORIZATION);
    let given = given.and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then_some(token)
    });
    let given = given.unwrap_or_default();
    let differing = given.iter().zip(token.as_bytes());
    let differing = differing.fold(0, |found, (one, other)| black_box(found | (one ^ other)));
    given.len() == token.len() && differing == 0
}
