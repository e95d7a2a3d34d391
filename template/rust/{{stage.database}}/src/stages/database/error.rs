//! Why a database did not do what a handler asked of it, and what the client learns.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};

use crate::runtime::problems::{Failure, Problem};

const RETRY_SECONDS: &str = "5";

/// Why a database did not do what was asked of it.
#[derive(Debug)]
pub enum Error {
    /// It cannot be used now: the log says why, and the client gets 503.
    Unavailable,
    /// A statement is wrong, or what it found: the log says it, and the client gets 500.
    Statement(sqlx::Error),
    /// The work ended with an answer of its own; a transaction is rolled back.
    Answer(Problem),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the database cannot be used at the moment"),
            Self::Statement(error) => error.fmt(f),
            Self::Answer(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Statement(error)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Answer(problem)
    }
}

/// Handlers return `actix_web::Result<_>`, and use `?`.
impl From<Error> for actix_web::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable => {
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
                let seconds = HeaderValue::from_static(RETRY_SECONDS);
                problem.header(RETRY_AFTER, seconds).into()
            }
            Error::Statement(error) => Failure::from(error).into(),
            Error::Answer(problem) => problem.into(),
        }
    }
}
