//! What holds for every route: path prefix, proxies, CORS, limit on bodies, problem answers.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HeaderMap, HeaderValue, LOCATION, ORIGIN};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{Error, HttpRequest, HttpResponse};

use super::body;
use super::caught::Panicked;
use super::cors::Cors;
use super::problems::{self, Prepared, Problem};
use super::proxies::Networks;
use super::request_line::{Asked, RequestLine};
use super::urls;
use crate::config::Settings;

/// What holds for every route.
#[derive(Debug)]
pub struct Rules {
    root_path: String,
    proxies: Networks,
    pub(super) cors: Cors,
    pub(super) max_body_bytes: usize,
}

impl Rules {
    #[must_use]
    pub fn new(settings: &Settings) -> Rc<Self> {
        Rc::new(Self {
            root_path: settings.root_path.clone(),
            max_body_bytes: settings.max_body_bytes,
            proxies: settings.forwarded_allow_ips.clone(),
            cors: Cors::new(settings.cors_origins.clone()),
        })
    }

    /// A path without the one at which a proxy serves the service, if it begins with that.
    #[must_use]
    pub fn without_root<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.root_path)?;
        match rest {
            _ if self.root_path.is_empty() => None,
            "" => Some("/"),
            _ => rest.starts_with('/').then_some(rest),
        }
    }

    /// The path that a client asked for, as problems name it.
    #[must_use]
    pub fn instance(&self, path: &str) -> String {
        urls::instance(&self.root_path, self.without_root(path).unwrap_or(path))
    }

    /// The error that answers a request with a problem, where no middleware has answered it.
    #[must_use]
    pub fn error(&self, line: &RequestLine, ended: Result<Error, Panicked>) -> Error {
        let problem = match ended {
            Ok(error) if error.as_error::<Prepared>().is_some() => return error,
            Ok(error) => {
                let headers = error.error_response();
                problems::of_error(&error, line).with_headers_of(headers.headers())
            }
            Err(Panicked(message)) => {
                tracing::error!(
                    error = message,
                    "{line} failed: its handler panicked: {message}"
                );
                Problem::failure()
            }
        };
        let answer = problem.answer(Some(&self.instance(line.path())));
        Prepared::from_response(problem, answer).into()
    }

    /// Prepares a request for its route; answers it if it needs none.
    #[must_use]
    pub fn prepare(&self, request: &mut ServiceRequest) -> Option<HttpResponse> {
        self.proxies.heed(request);
        if let Some(preflight) = self.cors.preflight(request) {
            return Some(preflight);
        }
        if let Some(path) = self.without_root(request.path()) {
            let path = path.to_owned();
            set_path(request, &path);
        }
        if request.method() == Method::HEAD {
            // The answer to HEAD is that to GET; the body is left out when it is sent.
            request.head_mut().method = Method::GET;
        }
        if body::announces_more(request, self.max_body_bytes) {
            let instance = self.instance(request.path());
            let mut refusal = self.too_large().answer(Some(&instance));
            self.cors
                .apply(request.headers().get(ORIGIN), refusal.headers_mut());
            return Some(refusal);
        }
        None
    }

    /// The problem of a body that is larger than allowed.
    #[must_use]
    pub fn too_large(&self) -> Problem {
        let detail = format!("the body is larger than {} bytes", self.max_body_bytes);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// What to answer instead of an answer.
    pub fn instead<B: MessageBody>(
        &self,
        answer: &ServiceResponse<B>,
        asked: &Asked,
    ) -> Option<HttpResponse> {
        let problem = problems::of_answer(answer.response(), asked)?;
        let is_no_route =
            answer.status() == StatusCode::NOT_FOUND && answer.response().error().is_none();
        if let Some(place) = is_no_route
            .then(|| self.other_slash(answer.request()))
            .flatten()
        {
            let mut redirect = HttpResponse::TemporaryRedirect();
            return Some(redirect.insert_header((LOCATION, place)).finish());
        }
        let mut answer = problem.answer(Some(&self.instance(asked.line().path())));
        allow_head(answer.headers_mut());
        Some(answer)
    }

    /// Where there is a route that differs from a path by the slash at its end.
    fn other_slash(&self, request: &HttpRequest) -> Option<String> {
        let path = request.path();
        let other = match path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{path}/"),
        };
        let is_exact = request
            .app_data()
            .is_some_and(|ExactPaths(prefix)| path.starts_with(prefix));
        if is_exact
            || path.is_empty()
            || other.is_empty()
            || !request.resource_map().has_resource(&other)
        {
            return None;
        }
        let connection = request.connection_info();
        let (scheme, host, root) = (connection.scheme(), connection.host(), &self.root_path);
        let query = request.uri().query().map(|query| format!("?{query}"));
        Some(format!(
            "{scheme}://{host}{root}{other}{}",
            query.unwrap_or_default()
        ))
    }
}

/// In the data of an application: below this path, a slash too many is not put right.
///
/// Clients of an API would send the body twice, or not at all.
pub struct ExactPaths(pub &'static str);

/// Has a request routed by another path.
fn set_path(request: &mut ServiceRequest, path: &str) {
    let query = request.uri().query().map(|query| format!("?{query}"));
    let whole = format!("{path}{}", query.unwrap_or_default());
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::from_maybe_shared(whole).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// Where GET is allowed, HEAD is.
fn allow_head(headers: &mut HeaderMap) {
    let Some(allowed) = headers.get(ALLOW).and_then(|allowed| allowed.to_str().ok()) else {
        return;
    };
    let mut methods: Vec<&str> = allowed.split(',').map(str::trim).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.dedup();
    if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
        headers.insert(ALLOW, value);
    }
}
