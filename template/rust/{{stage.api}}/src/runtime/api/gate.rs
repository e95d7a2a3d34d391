//! The order in which the arguments of a handler refuse a request: actix makes them all at once.

use std::future::Future;
use std::pin::Pin;

use actix_web::{Error, HttpMessage as _, HttpRequest};
use tokio::sync::watch;

pub type Checking<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// Is closed while it is found out whether the caller may do this: arguments that come later wait
/// for that, and say only then what is wrong with the request.
pub struct Gate(Option<watch::Receiver<()>>);

impl Gate {
    /// Closes that of a request until `check` is done.
    pub fn until<T>(
        request: &HttpRequest,
        check: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Checking<T> {
        let (closed, gate) = watch::channel(());
        request.extensions_mut().insert(gate);
        Box::pin(async move {
            let checked = check.await;
            drop(closed); // where it is refused, nobody asks the others any more
            checked
        })
    }

    /// Returns that of a request, as the arguments before this one have left it.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.extensions().get().cloned())
    }

    /// Returns once it is open.
    pub async fn passed(self) {
        if let Self(Some(mut gate)) = self {
            let _ = gate.changed().await; // its end is what opens it
        }
    }
}
