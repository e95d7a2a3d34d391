//! Catches the panics of futures. The panic hook has logged them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::panics;

/// A future, or the code that makes it, has panicked with this message.
#[derive(Debug)]
pub struct Panicked(pub String);

impl Panicked {
    fn with(payload: &(dyn Any + Send)) -> Self {
        Self(panics::text(payload).to_owned())
    }
}

pin_project! {
    /// A future that survives its panics.
    pub struct Caught<F> {
        #[pin]
        future: Option<F>,
        panicked: Option<Panicked>,
    }
}

impl<F: Future> Caught<F> {
    /// Makes the future by code that may panic, too.
    pub fn new(make: impl FnOnce() -> F) -> Self {
        let (future, panicked) = match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => (Some(future), None),
            Err(payload) => (None, Some(Panicked::with(&*payload))),
        };
        Self { future, panicked }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(running) = this.future.as_mut().as_pin_mut() else {
            // Polled again after its end, it has nothing to say.
            return this
                .panicked
                .take()
                .map_or(Poll::Pending, |end| Poll::Ready(Err(end)));
        };
        match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Ok(polled) => Poll::Ready(Ok(ready!(polled))),
            Err(payload) => {
                // What it owns may panic again while it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
                Poll::Ready(Err(Panicked::with(&*payload)))
            }
        }
    }
}
