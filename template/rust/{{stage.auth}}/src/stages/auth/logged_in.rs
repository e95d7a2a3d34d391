//! Routes for those who are logged in: the extractor `LoggedIn`.

use std::fmt::Display;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{Error, FromRequest, HttpRequest, web};

use super::login::Login;
use super::runtime::passwords::credential;
use super::runtime::tokens::{Claims, InvalidToken};
use super::store::answer;
use crate::runtime::problems::Problem;
use crate::stages::api::Gate;

/// What a token has to allow, besides being valid.
pub trait Scope: 'static {
    const NAMES: &[&str];
}

/// Every token will do.
pub struct Anybody;

impl Scope for Anybody {
    const NAMES: &[&str] = &[];
}

/// The user of the request's token: `user: LoggedIn<OrdersWrite>`, or `LoggedIn` for any token.
///
/// The first argument of a handler: what it refuses at once is not looked at further.
pub struct LoggedIn<S: Scope = Anybody> {
    pub claims: Claims,
    scope: PhantomData<S>,
}

impl<S: Scope> FromRequest for LoggedIn<S> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.clone();
        Gate::until(request, async move {
            let claims = check(&asked, S::NAMES).await?;
            let scope = PhantomData;
            Ok(Self { claims, scope })
        })
    }
}

/// Returns the claims of the request's token, or answers 401 or 403 (RFC 6750, 3.1).
pub async fn check(request: &HttpRequest, needed: &[&str]) -> Result<Claims, Error> {
    let login = request.app_data::<web::Data<Login>>();
    let login = login.ok_or_else(|| ErrorInternalServerError("the stage auth is not installed"))?;
    let Some(token) = bearer(request) else {
        return Err(unauthorized("Not authenticated", "Bearer").into());
    };
    let found = login.tokens.verify(token).map_err(refused)?;
    let mut claims = found.claims;
    let user = login.users.find(&claims.name).await.map_err(answer)?;
    let user = user.ok_or_else(|| refused(InvalidToken("its user was removed")))?;
    if !found.credential.is_empty() && found.credential != credential(&user.password) {
        return Err(refused(InvalidToken("its user has a new password")).into());
    }
    // Scopes that the user has lost since then no longer count.
    claims.scopes.retain(|scope| user.scopes.contains(scope));
    match claims.missing(needed).as_slice() {
        [] => Ok(claims),
        missing => Err(insufficient(needed, missing).into()),
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused(InvalidToken(reason): InvalidToken) -> Problem {
    let detail = format!("the token is refused: {reason}");
    unauthorized(&detail, r#"Bearer error="invalid_token""#)
}

fn unauthorized(detail: &str, challenge: &'static str) -> Problem {
    let challenge = HeaderValue::from_static(challenge);
    Problem::new(StatusCode::UNAUTHORIZED, detail).header(WWW_AUTHENTICATE, challenge)
}

fn insufficient(needed: &[&str], missing: &[&str]) -> Problem {
    let detail = format!("the token lacks {}", missing.join(", "));
    let challenge = format!(
        r#"Bearer error="insufficient_scope", scope="{}""#,
        needed.join(" ")
    );
    let problem = Problem::new(StatusCode::FORBIDDEN, detail).member("error", "insufficient_scope");
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

/// Answers 503: the users cannot be read, or are damaged.
pub fn unavailable(error: &impl Display) -> Problem {
    tracing::error!("nobody can log in: {error}");
    let detail = "the users cannot be read; the log says why";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}
