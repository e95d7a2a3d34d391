//! The body of a request: limited in size, and watched while the service waits for it.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures_core::Stream;

use super::connection::Connection;
use super::connections::Admitted;

/// Whether a body has turned out to be too large.
pub type Exceeded = Rc<Cell<bool>>;

/// Whether a request announces more than `limit` bytes.
#[must_use]
pub fn announces_more(request: &mut ServiceRequest, limit: usize) -> bool {
    if !is_there(request) {
        return false;
    }
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
}

fn is_there(request: &mut ServiceRequest) -> bool {
    !matches!(request.parts_mut().1, Payload::None)
}

/// Limits the body of a request, if it has one.
pub fn limit(request: &mut ServiceRequest, limit: usize) -> Option<Exceeded> {
    if !is_there(request) {
        return None;
    }
    let payload = request.take_payload();
    let connection = request.conn_data::<Admitted>().map(Admitted::connection);
    let exceeded = Exceeded::default();
    let body = Body {
        payload,
        connection,
        left: limit,
        exceeded: Rc::clone(&exceeded),
        ended: false,
    };
    request.set_payload(Payload::Stream {
        payload: Box::pin(body),
    });
    Some(exceeded)
}

struct Body {
    payload: Payload,
    connection: Option<Rc<Connection>>,
    left: usize,
    exceeded: Exceeded,
    ended: bool,
}

impl Body {
    fn counted(&mut self, bytes: Bytes) -> Result<Bytes, PayloadError> {
        match self.left.checked_sub(bytes.len()) {
            Some(left) => {
                self.left = left;
                Ok(bytes)
            }
            None => {
                self.exceeded.set(true);
                Err(PayloadError::Overflow)
            }
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        if let Some(connection) = &self.connection {
            connection.wait_for_body(polled.is_pending());
        }
        polled.map(|read| match read {
            Some(read) => Some(read.and_then(|bytes| self.counted(bytes))),
            None => {
                self.ended = true;
                None
            }
        })
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.leave_body(self.ended);
        }
    }
}
