//! Request ids, and one log line per request.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use tracing::{Instrument as _, Level, Span};

use super::ids::{self, HEADER};
use crate::health;

/// Middleware that sets the ids of a request, and writes its line when its response is complete.
pub async fn log<B>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse, Error>
where
    B: MessageBody + 'static,
{
    let (id, span) = ids::of(request.headers());
    let line = Line {
        span: span.clone(),
        method: request.method().clone(),
        uri: request.uri().clone(),
        client: request.peer_addr().map(|address| address.ip().to_string()),
        status: StatusCode::INTERNAL_SERVER_ERROR,
        began: Instant::now(),
    };
    let header = HeaderValue::try_from(&id.0).ok();
    request.extensions_mut().insert(id);
    match next.call(request).instrument(span).await {
        Ok(mut response) => {
            set(response.headers_mut(), header);
            Ok(response.map_body(|head, body| line.until_sent(head.status, body.boxed())))
        }
        Err(mut error) => {
            // Not a new error with its answer: nobody would know any more what has been logged.
            let line = Cell::new(Some(line));
            error.add_response_mapper(move |mut response| {
                set(response.headers_mut(), header.clone());
                match line.take() {
                    Some(line) => {
                        response.map_body(|head, body| line.until_sent(head.status, body))
                    }
                    None => response,
                }
            });
            Err(error)
        }
    }
}

fn set(headers: &mut HeaderMap, id: Option<HeaderValue>) {
    if let Some(id) = id {
        headers.insert(HEADER, id);
    }
}

/// What the line of a request says; it is written when this is dropped.
struct Line {
    span: Span,
    method: Method,
    uri: Uri,
    client: Option<String>,
    status: StatusCode,
    began: Instant,
}

impl Line {
    /// Waits with the line until a body is sent, or nobody wants it any more.
    fn until_sent(mut self, status: StatusCode, body: BoxBody) -> BoxBody {
        self.status = status;
        BoxBody::new(Sent { body, line: self })
    }

    fn level(&self) -> Level {
        if self.status.is_server_error() {
            Level::ERROR
        } else if self.status.as_u16() < 400 && health::is_routine(self.uri.path()) {
            Level::DEBUG
        } else {
            Level::INFO
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let (method, status) = (self.method.as_str(), self.status.as_u16());
        let path = self.uri.path(); // without the query, which holds what people type, and tokens
        let duration = (self.began.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    http.request.method = method,
                    url.path = path,
                    http.response.status_code = status,
                    duration_ms = duration,
                    client.address = self.client,
                    "{method} {path} {status} in {duration} ms",
                )
            };
        }
        match self.level() {
            Level::ERROR => event!(Level::ERROR),
            Level::DEBUG => event!(Level::DEBUG),
            _ => event!(Level::INFO),
        }
    }
}

/// A body, and the line that is written after it.
struct Sent {
    body: BoxBody,
    line: Line,
}

impl MessageBody for Sent {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let span = self.line.span.clone();
        span.in_scope(|| Pin::new(&mut self.body).poll_next(context))
    }
}
