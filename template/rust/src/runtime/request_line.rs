//! What a client asked for, for the log.

use std::fmt;
use std::rc::Rc;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, Uri};

use super::connection::Connection;
use super::connections::Admitted;

const LONGEST: usize = 1000;

/// The method and the path of a request, without its query, which may hold secrets.
#[derive(Clone, Debug, Default)]
pub struct RequestLine {
    method: Method,
    uri: Uri,
}

impl RequestLine {
    #[must_use]
    pub fn of(request: &ServiceRequest) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {}", self.method, self.path());
        let shown: String = text.escape_default().take(LONGEST).collect();
        write!(f, "'{shown}'")
    }
}

/// Where a request line can be had, in case that somebody needs it: few do.
#[derive(Clone)]
pub enum Asked {
    On(Rc<Connection>),
    Once(RequestLine),
}

impl Asked {
    #[must_use]
    pub fn by(request: &ServiceRequest) -> Self {
        match request.conn_data::<Admitted>() {
            Some(admitted) => Self::On(admitted.connection()),
            None => Self::Once(RequestLine::of(request)),
        }
    }

    #[must_use]
    pub fn line(&self) -> RequestLine {
        match self {
            Self::On(connection) => connection.request(),
            Self::Once(line) => line.clone(),
        }
    }
}
