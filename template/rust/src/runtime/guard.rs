//! The outermost middleware: it knows every request, whatever the others do with it.

use std::error::Error as StdError;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};
use pin_project_lite::pin_project;

use super::caught::Caught;
use super::connection::Connection;
use super::connections::Connections;
use super::problems::Problem;
use super::request_line::{Asked, RequestLine};
use super::rules::Rules;
use crate::health;

/// Notes what each connection waits for, and answers 503 while there are too many of them.
#[derive(Clone)]
pub struct Guard {
    pub rules: Rc<Rules>,
    pub connections: Arc<Connections>,
}

impl<S, B> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<Answer<B>>>;
    type Error = Error;
    type Transform = GuardService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let guard = self.clone();
        ready(Ok(GuardService { guard, service }))
    }
}

pub struct GuardService<S> {
    guard: Guard,
    service: S,
}

impl<S, B> Service<ServiceRequest> for GuardService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<Answer<B>>>;
    type Error = Error;
    type Future = Guarded<S::Future>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if self.guard.connections.are_too_many() && !self.guard.is_probe(&request) {
            return Guarded::Refused {
                answer: Some(self.guard.refuse(request)),
            };
        }
        let progress = Progress(Some(Asked::by(&request)));
        progress.begin(&request);
        Guarded::Passed {
            rules: Rc::clone(&self.guard.rules),
            inner: Caught::new(|| self.service.call(request)),
            progress,
        }
    }
}

impl Guard {
    fn is_probe(&self, request: &ServiceRequest) -> bool {
        let path = request.path();
        health::is_probe(self.rules.without_root(path).unwrap_or(path))
    }

    fn refuse(&self, request: ServiceRequest) -> ServiceResponse {
        let limit = self.connections.limit();
        tracing::warn!("MAX_CONNECTIONS ({limit}) is reached: a request gets 503");
        let detail = "the service has too many connections; try again";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .header(RETRY_AFTER, HeaderValue::from_static("1"));
        let mut answer = problem.answer(Some(&self.rules.instance(request.path())));
        close_after(&mut answer);
        request.into_response(answer)
    }
}

/// Closes the connection after an answer.
fn close_after<B>(answer: &mut HttpResponse<B>) {
    answer.head_mut().set_connection_type(ConnectionType::Close);
}

pin_project! {
    #[project = GuardedProjection]
    pub enum Guarded<F> {
        Refused { answer: Option<ServiceResponse> },
        Passed {
            rules: Rc<Rules>,
            #[pin]
            inner: Caught<F>,
            progress: Progress,
        },
    }
}

impl<F, B> Future for Guarded<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<Answer<B>>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (rules, inner, progress) = match self.project() {
            GuardedProjection::Refused { answer } => {
                let answer = answer.take().map(ServiceResponse::map_into_right_body);
                return answer.map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer)));
            }
            GuardedProjection::Passed {
                rules,
                inner,
                progress,
            } => (rules, inner, progress),
        };
        inner.poll(cx).map(|ended| match ended {
            Ok(Ok(answer)) => Ok(progress.take().watch(answer).map_into_left_body()),
            Ok(Err(error)) => Err(rules.error(&progress.line(), Ok(error))),
            Err(panicked) => Err(rules.error(&progress.line(), Err(panicked))),
        })
    }
}

/// A request that is being answered; dropped when the answer has been sent, or nobody wants it.
pub struct Progress(Option<Asked>);

impl Progress {
    fn connection(&self) -> Option<&Connection> {
        match &self.0 {
            Some(Asked::On(connection)) => Some(connection),
            _ => None,
        }
    }

    fn begin(&self, request: &ServiceRequest) {
        if let Some(connection) = self.connection() {
            connection.begin(RequestLine::of(request));
        }
    }

    fn line(&self) -> RequestLine {
        self.0.as_ref().map(Asked::line).unwrap_or_default()
    }

    fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    fn watch<B>(self, mut answer: ServiceResponse<B>) -> ServiceResponse<Answer<B>> {
        if let Some(connection) = self.connection() {
            connection.answer(answer.status() == StatusCode::SWITCHING_PROTOCOLS);
            if connection.has_body_left() {
                close_after(answer.response_mut());
            }
        }
        answer.map_body(|_, body| Answer {
            body,
            progress: self,
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(connection) = self.connection() {
            connection.finish();
        }
    }
}

pin_project! {
    /// The body of an answer: one that panics ends its connection, and nothing else.
    pub struct Answer<B> {
        #[pin]
        body: B,
        progress: Progress,
    }
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let body = self.project().body;
        match catch_unwind(AssertUnwindSafe(|| body.poll_next(cx))) {
            Ok(polled) => polled.map(|part| part.map(|part| part.map_err(Into::into))),
            Err(_) => Poll::Ready(Some(Err("the body of an answer panicked".into()))),
        }
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, progress } = self;
        body.try_into_bytes()
            .map_err(|body| Self { body, progress })
    }
}
