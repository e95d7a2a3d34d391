//! The extractor of a form: checked as OpenAPI documents it, with all errors at once.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::gate::Gate;
use super::invalid::{Place, invalid, typed};
use super::schema::Schema;
use super::texts;

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The form of a request: `Form(credentials): Form<Credentials>`. An empty field is none.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request.content_type().eq_ignore_ascii_case(CONTENT_TYPE);
        let gate = Gate::of(request);
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            gate.passed().await;
            let body = body.await?;
            read(if is_form { &body } else { &[] }).map(Self)
        })
    }
}

fn read<T: DeserializeOwned + ToSchema + 'static>(body: &[u8]) -> Result<T, Error> {
    let pairs: Vec<_> = form_urlencoded::parse(body)
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let schema = Schema::of::<T>().map_err(ErrorInternalServerError)?;
    let mut values = Map::new();
    for (name, field) in schema.fields() {
        let sent = pairs.iter().filter(|(key, _)| key == name);
        let sent: Vec<&str> = sent.map(|(_, text)| text.as_ref()).collect();
        if let Some(value) = texts::value(field, &sent) {
            values.insert(name.clone(), value);
        }
    }
    let values = Value::Object(values);
    let faults = schema.check(&values);
    if faults.count > 0 {
        return Err(invalid(Place::Body, &faults).into());
    }
    Ok(typed(Place::Body, values)?)
}
