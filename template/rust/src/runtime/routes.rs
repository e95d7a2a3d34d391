//! Which route a request took, as the application declares it: `/api/v1/items/{item_id}`.

use actix_web::HttpRequest;
use actix_web::dev::{ResourceMap, ServiceRequest};
use actix_web::http::Method;

use super::root_path;

/// Clients choose methods: what counts or names requests knows these, and no others.
static METHODS: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

/// The name of a method; nothing if it is one that a client has made up.
#[must_use]
pub fn method(asked: &Method) -> Option<&'static str> {
    let mut known = METHODS.iter();
    known.find(|known| *known == asked).map(Method::as_str)
}

/// The template of the route that a request took; nothing if it was answered before, or has none.
pub fn taken(request: &HttpRequest) -> Option<String> {
    let path = request.match_info();
    let is_routed = path.unprocessed().len() < path.as_str().len();
    is_routed.then(|| request.match_pattern())?
}

/// The routes of an application, for requests of which an error has left nothing but the path.
pub struct Routes {
    all: ResourceMap,
    root_path: String,
}

impl Routes {
    pub fn of(request: &ServiceRequest) -> Self {
        Self {
            all: request.resource_map().clone(),
            root_path: root_path(request.request()).to_owned(),
        }
    }

    /// The template of the route at a path.
    pub fn at(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(&self.root_path);
        let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match rest {
            Some("") => "/",
            Some(rest) => rest,
            None => path,
        };
        self.all.match_pattern(path)
    }
}
