//! The extractor of parameters, from the path and the query: checked as OpenAPI documents them.

use std::collections::HashMap;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::{Error, FromRequest, HttpRequest};
use anyhow::bail;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::gate::{Checking, Gate};
use super::invalid::{Faults, Place, invalid, typed};
use super::schema::Schema;
use super::texts;

/// The parameters of a request, in the query unless `T` says otherwise:
/// `Params(window): Params<Window>`.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + IntoParams + 'static> FromRequest for Params<T> {
    type Error = Error;
    type Future = Checking<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (gate, found) = (Gate::of(request), read(request).map(Self));
        Box::pin(async move {
            gate.passed().await;
            found
        })
    }
}

fn read<T: DeserializeOwned + IntoParams>(request: &HttpRequest) -> Result<T, Error> {
    let all = Sent::with(request);
    let (mut values, mut faults) = (Map::new(), Faults::default());
    for parameter in T::into_params(|| Some(ParameterIn::Query)) {
        let path = [parameter.name.clone()];
        let schema = serde_json::to_value(&parameter.schema)?;
        let sent = all.texts(&parameter).map_err(ErrorInternalServerError)?;
        if let Some(value) = texts::value(&schema, &sent) {
            let schema = Schema::plain(schema).map_err(ErrorInternalServerError)?;
            faults.append(schema.check(&value).below(&path));
            values.insert(parameter.name, value);
        } else if parameter.required == Required::True {
            faults.push(&path, "Field required");
        }
    }
    if faults.count > 0 {
        return Err(invalid(Place::Parameters, &faults).into());
    }
    Ok(typed(Place::Parameters, Value::Object(values))?)
}

/// What a client sent, decoded.
struct Sent {
    path: HashMap<String, String>,
    query: Vec<(String, String)>,
}

impl Sent {
    fn with(request: &HttpRequest) -> Self {
        // actix has decoded the path, but for what would change its parts.
        let path = request.match_info().iter().map(|(name, text)| {
            let decoded = percent_decode_str(text).decode_utf8_lossy();
            (name.to_owned(), decoded.into_owned())
        });
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        Self {
            path: path.collect(),
            query: query.into_owned().collect(),
        }
    }

    /// Returns each value of a parameter.
    fn texts(&self, parameter: &Parameter) -> anyhow::Result<Vec<&str>> {
        let name = &parameter.name;
        Ok(match parameter.parameter_in {
            ParameterIn::Path => self
                .path
                .get(name)
                .map(String::as_str)
                .into_iter()
                .collect(),
            ParameterIn::Query => {
                let pairs = self.query.iter().filter(|(key, _)| key == name);
                pairs.map(|(_, text)| text.as_str()).collect()
            }
            _ => bail!("the parameter `{name}` is neither in the path nor in the query"),
        })
    }
}
