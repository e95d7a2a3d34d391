//! What other stages and app.rs add to the API.

use std::cell::RefCell;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// Accepts a request, or answers with an error.
type Guard = Box<dyn Fn(&HttpRequest) -> Result<(), Error>>;

/// Each adds to the application that a thread builds, before `Additions::take` ends that.
///
/// actix's `ServiceConfig` gives nothing back, so they cannot be kept there.
#[derive(Default)]
pub struct Additions {
    pub documents: Vec<OpenApi>,
    pub guards: Guards,
}

/// What guards the routes that write, and how OpenAPI describes that.
#[derive(Default)]
pub struct Guards {
    checks: Vec<Guard>,
    pub security: Vec<Value>,
}

thread_local! {
    static ADDED: RefCell<Additions> = RefCell::default();
}

/// Adds routes to the document of the API; call it where they are registered.
pub fn document(routes: OpenApi) {
    ADDED.with_borrow_mut(|added| added.documents.push(routes));
}

/// Guards the routes whose handlers take a `Writer`; `security` is an entry of OpenAPI.
pub fn guard_writing(security: Value, check: impl Fn(&HttpRequest) -> Result<(), Error> + 'static) {
    ADDED.with_borrow_mut(|Additions { guards, .. }| {
        guards.checks.push(Box::new(check));
        guards.security.push(security);
    });
}

impl Additions {
    #[must_use]
    pub fn take() -> Self {
        ADDED.take()
    }
}

/// The first argument of a handler that writes: whoever calls it may.
///
/// It is the first because a request that may not write is not looked at further.
pub struct Writer;

impl FromRequest for Writer {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guards = request.app_data::<Guards>();
        let mut checks = guards.iter().flat_map(|guards| &guards.checks);
        ready(checks.try_for_each(|check| check(request)).map(|()| Self))
    }
}
