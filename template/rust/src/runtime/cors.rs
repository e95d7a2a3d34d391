//! Which scripts from other origins may call the service.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    self, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN,
};

const ALL: &str = "*";
const METHODS: [&str; 8] = [
    "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY",
];
const VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, \
                    Access-Control-Request-Private-Network";
const PRIVATE_NETWORK: &str = "access-control-request-private-network";
const MAX_AGE: &str = "600";
/// Headers that scripts from other origins may read.
const EXPOSED: &str = "Location, Retry-After, WWW-Authenticate, X-Request-ID";

/// Accepts web origins, comma-separated, or `*` for all.
pub fn origins(raw: &str) -> Result<Vec<String>, String> {
    let found: Vec<&str> = raw.split(',').map(str::trim).collect();
    if raw == ALL || found.iter().all(|origin| is_origin(origin)) {
        Ok(found.into_iter().map(str::to_owned).collect())
    } else {
        Err("origins like https://example.com, comma-separated; or * alone".into())
    }
}

fn is_origin(text: &str) -> bool {
    let scheme = ["https://", "http://"];
    let Some(rest) = scheme.iter().find_map(|scheme| text.strip_prefix(scheme)) else {
        return false;
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_host(host) && port.is_none_or(is_port)
}

fn is_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let (text, others) = match address {
        Some(address) => (address, ".:"),
        None => (host, ".-"),
    };
    let is_allowed = |c: char| {
        others.contains(c)
            || c.is_ascii_hexdigit()
            || address.is_none() && c.is_ascii_alphanumeric()
    };
    !text.is_empty() && text.chars().all(is_allowed)
}

/// What the service tells browsers; nothing without origins.
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    #[must_use]
    pub fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Answers a browser that asks before it sends a request.
    #[must_use]
    pub fn preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let headers = request.headers();
        if !self.is_on() || request.method() != Method::OPTIONS {
            return None;
        }
        let (origin, method) = (
            headers.get(ORIGIN)?,
            headers.get(ACCESS_CONTROL_REQUEST_METHOD)?,
        );
        let refused = self.refused(origin, method, headers);
        let mut answer = if refused.is_empty() {
            HttpResponse::Ok()
        } else {
            HttpResponse::BadRequest()
        };
        answer
            .content_type("text/plain; charset=utf-8")
            .insert_header((header::VARY, VARY))
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS.join(", ")))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        if let Some(allowed) = self.allowed(origin) {
            answer.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
        }
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone()));
        }
        Some(if refused.is_empty() {
            answer.body("OK")
        } else {
            answer.body(format!("Disallowed CORS {}", refused.join(", ")))
        })
    }

    fn refused(
        &self,
        origin: &HeaderValue,
        method: &HeaderValue,
        headers: &HeaderMap,
    ) -> Vec<&'static str> {
        let checks = [
            (self.allowed(origin).is_none(), "origin"),
            (!METHODS.iter().any(|known| method == known), "method"),
            (headers.contains_key(PRIVATE_NETWORK), "private-network"),
        ];
        let refused = checks.into_iter().filter(|(is_refused, _)| *is_refused);
        refused.map(|(_, what)| what).collect()
    }

    /// Tells a browser whether a script from `origin` may read an answer.
    pub fn apply(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if !self.is_on() {
            return;
        }
        answer.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        let exposed = HeaderValue::from_static(EXPOSED);
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        if let Some(allowed) = self.allowed(origin) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        }
    }

    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.origins.iter().any(|known| known == ALL) {
            Some(HeaderValue::from_static(ALL))
        } else {
            let is_known = self.origins.iter().any(|known| origin == known.as_str());
            is_known.then(|| origin.clone())
        }
    }
}
