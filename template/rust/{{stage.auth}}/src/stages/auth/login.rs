//! A login: its password is verified when it is its turn, unless too many have failed.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{Error, HttpRequest, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::runtime::failed_attempts::{Limiter, Who};
use super::runtime::fair_queue::Queue;
use super::runtime::tokens::Tokens;
use super::store::answer;
use super::users::Users;
use super::users_file::User;
use crate::runtime::problems::Problem;

/// Each uses a core and 64 MiB for a moment.
const HASHES_AT_ONCE: usize = 2;
/// Logins that wait for a turn; further ones get 503.
const MOST_WAITING: usize = 16;
const RETRY_SECONDS: u64 = 2;
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What the routes share, in all workers.
pub struct Login {
    pub users: Users,
    pub tokens: Tokens,
    limiter: Limiter,
    queue: Queue<Who>,
}

impl Login {
    #[must_use]
    pub fn new(users: Users, tokens: Tokens) -> Self {
        Self {
            users,
            tokens,
            limiter: Limiter::new(Instant::now),
            queue: Queue::new(HASHES_AT_ONCE, MOST_WAITING),
        }
    }
}

/// The form of a login (RFC 6749, 4.3.2).
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    #[expect(dead_code, reason = "checked by its type")]
    grant_type: Option<GrantType>,
    pub username: String,
    password: String,
    #[serde(default)]
    pub scope: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    Password,
}

/// Returns the user, if the password is right.
pub async fn verified(
    login: &web::Data<Login>,
    request: &HttpRequest,
    Credentials {
        username, password, ..
    }: Credentials,
) -> Result<User, Error> {
    // The name is not logged: people type passwords there by mistake.
    let host = login.limiter.host(request);
    let shown = host.map_or_else(|| "unknown".to_owned(), |host| host.to_string());
    let (user, address) = (Who::user(&username), Who::address(host));
    let wait = login.limiter.attempt(&[&user, &address]);
    if wait > 0 {
        tracing::warn!("too many failed logins from {shown}; the next one may come in {wait} s");
        return Err(later(
            StatusCode::TOO_MANY_REQUESTS,
            "too many failed logins",
            wait,
        )
        .into());
    }
    let Ok(turn) = login.queue.turn(&address).await else {
        login.limiter.withdraw(&[&user, &address]);
        tracing::warn!("too many logins wait at once: one from {shown} gets 503");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(later(status, "too many logins at once", RETRY_SECONDS).into());
    };
    let verified = login.users.verify(&username, password, turn).await;
    let found = verified.map_err(|error| {
        login.limiter.withdraw(&[&user, &address]);
        answer(error)
    })?;
    let Some(found) = found else {
        tracing::warn!("failed login from {shown}");
        return Err(wrong().into());
    };
    login.limiter.succeeded(&user, &address);
    Ok(found)
}

fn wrong() -> Problem {
    let detail = "the name or the password is wrong";
    Problem::new(StatusCode::UNAUTHORIZED, detail)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        .header(CACHE_CONTROL, NO_STORE)
        .member("error", "invalid_grant")
}

fn later(status: StatusCode, reason: &str, seconds: u64) -> Problem {
    Problem::new(status, format!("{reason}; try again in {seconds} s"))
        .header(RETRY_AFTER, HeaderValue::from(seconds))
        .header(CACHE_CONTROL, NO_STORE)
}
