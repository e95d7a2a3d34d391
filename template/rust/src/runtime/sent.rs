//! The body of an answer, with what is dropped once it has been sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::web::Bytes;
use pin_project_lite::pin_project;

pin_project! {
    /// A body, and what ends with it: it has been sent, or nobody waits for it.
    pub struct Sent<B, K> {
        #[pin]
        body: B,
        kept: K,
    }
}

impl<B, K> Sent<B, K> {
    /// Keeps something until an answer has been sent.
    pub fn with(answer: ServiceResponse<B>, kept: K) -> ServiceResponse<Self> {
        answer.map_body(|_, body| Self { body, kept })
    }
}

impl<B: MessageBody, K> MessageBody for Sent<B, K> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, kept } = self;
        body.try_into_bytes().map_err(|body| Self { body, kept })
    }
}
