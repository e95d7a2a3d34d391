//! The extractor of a JSON body: checked as OpenAPI documents it, with all errors at once.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::{Error, FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::gate::Gate;
use super::invalid::{Faults, Place, invalid, typed};
use super::json::{self, MostValues};
use super::schema::Schema;

/// The JSON body of a request: `Body(order): Body<NewOrder>`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let gate = Gate::of(request);
        let bytes = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            gate.passed().await;
            let value = read(&request, &bytes.await?)?;
            let faults = check::<T>(&value)?;
            if faults.count > 0 {
                return Err(invalid(Place::Body, &faults).into());
            }
            typed(Place::Body, value).map(Self).map_err(Error::from)
        })
    }
}

/// Parses a body; one that is not there is null.
fn read(request: &HttpRequest, body: &[u8]) -> Result<Value, Error> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    if !json::is_json(request) {
        let faults = Faults::one(&[], "Input should be an object, as application/json");
        return Err(invalid(Place::Body, &faults).into());
    }
    let most = request.app_data::<MostValues>().copied();
    Ok(json::parse(body, most.unwrap_or_default())?)
}

fn check<T: ToSchema + 'static>(value: &Value) -> Result<Faults, Error> {
    let faults = schema::<T>()?.check(value);
    if value.is_null() && faults.count > 0 {
        return Ok(Faults::one(&[], "Field required"));
    }
    Ok(faults)
}

/// Returns the schema of a type, which every worker makes once.
fn schema<T: ToSchema + 'static>() -> Result<Rc<Schema>, Error> {
    thread_local! {
        static KNOWN: RefCell<HashMap<TypeId, Rc<Schema>>> = RefCell::default();
    }
    let kind = TypeId::of::<T>();
    if let Some(known) = KNOWN.with_borrow(|all| all.get(&kind).cloned()) {
        return Ok(known);
    }
    let new = Rc::new(Schema::of::<T>().map_err(ErrorInternalServerError)?);
    KNOWN.with_borrow_mut(|all| all.insert(kind, Rc::clone(&new)));
    Ok(new)
}
