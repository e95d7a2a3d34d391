//! What other stages and app.rs add to the API.

use std::cell::RefCell;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::gate::{Checking, Gate};

/// Accepts a request, or answers with an error.
type Guard = Box<dyn Fn(HttpRequest) -> Checking<()>>;

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
pub fn guard_writing<C>(security: Value, check: impl Fn(HttpRequest) -> C + 'static)
where
    C: Future<Output = Result<(), Error>> + 'static,
{
    ADDED.with_borrow_mut(|Additions { guards, .. }| {
        let check: Guard = Box::new(move |request| Box::pin(check(request)));
        guards.checks.push(check);
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
/// It is the first because a request that is refused at once is not looked at further.
pub struct Writer;

impl FromRequest for Writer {
    type Error = Error;
    type Future = Checking<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.clone();
        Gate::until(request, async move {
            let guards = asked.app_data::<Guards>();
            for check in guards.iter().flat_map(|guards| &guards.checks) {
                check(asked.clone()).await?;
            }
            Ok(Self)
        })
    }
}
