//! Every error as application/problem+json (RFC 9457), from any route.

use std::fmt;

use actix_web::body::{BodySize, MessageBody};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, HttpResponse, ResponseError};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::request_line::{Asked, RequestLine};

const MEDIA_TYPE: &str = "application/problem+json";

/// An error whose answer is ready to be sent: the log has its cause.
pub type Prepared = InternalError<Problem>;

/// An error with an answer of its own, and with members beyond those of RFC 9457.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    members: Vec<(&'static str, Value)>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            members: Vec::new(),
        }
    }

    /// What clients learn about a failure of the service: nothing.
    #[must_use]
    pub fn failure() -> Self {
        let detail = "the service failed to answer; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// Takes over what an answer says beside its body.
    #[must_use]
    pub fn with_headers_of(mut self, answer: &HeaderMap) -> Self {
        let all = answer
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        self.headers = all
            .filter(|(name, _)| ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name))
            .collect();
        self
    }

    /// The answer to a request for `instance`.
    #[must_use]
    pub fn answer(&self, instance: Option<&str>) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        for header in &self.headers {
            answer.append_header(header.clone());
        }
        if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&self.status) {
            return answer.finish();
        }
        answer.content_type(MEDIA_TYPE);
        answer.json(Body {
            problem: self,
            instance,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

struct Body<'a> {
    problem: &'a Problem,
    instance: Option<&'a str>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "about:blank")?;
        map.serialize_entry("title", title(self.problem.status))?;
        map.serialize_entry("status", &self.problem.status.as_u16())?;
        map.serialize_entry("detail", &self.problem.detail)?;
        if let Some(instance) = self.instance {
            map.serialize_entry("instance", instance)?;
        }
        for (name, value) in &self.problem.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// An error of a handler that clients learn nothing about: 500, and its causes in the log.
///
/// With `Result<_, Failure>`, a handler can use `?` on any error.
#[derive(Debug)]
pub struct Failure(pub anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl ResponseError for Failure {}

/// The problem that an answer is, unless a handler wrote a body for it.
pub fn of_answer<B: MessageBody>(answer: &HttpResponse<B>, asked: &Asked) -> Option<Problem> {
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_empty = matches!(answer.body().size(), BodySize::None | BodySize::Sized(0));
    let problem = match answer.error() {
        Some(error) => of_error(error, &asked.line()),
        None if is_error && is_empty => Problem::new(status, title(status)),
        None => return None,
    };
    Some(problem.with_headers_of(answer.headers()))
}

/// The problem that an error is; the log has what clients may not know.
#[must_use]
pub fn of_error(error: &Error, line: &RequestLine) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let status = error.as_response_error().status_code();
    if status != StatusCode::INTERNAL_SERVER_ERROR {
        return Problem::new(status, error.to_string());
    }
    let error = format!("{error:?}");
    tracing::error!(error, "{line} failed: {error}");
    Problem::failure()
}
