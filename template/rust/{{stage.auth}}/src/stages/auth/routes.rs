//! POST /api/auth/token, and routes that require its tokens.

use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{Error, HttpRequest, HttpResponse, Responder, web};
use serde::Serialize;
use utoipa::openapi::security::{Flow, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema, openapi};

use super::logged_in::{LoggedIn, Scope};
use super::login::{Credentials, Login, NO_STORE, verified};
use super::runtime::passwords::credential;
use super::runtime::tokens::Claims;
use super::store::answer;
use crate::runtime::problems::Problem;
use crate::stages::api::{self, Form};

/// An access token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
struct Token {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

/// Issue a token for a name and a password (RFC 6749, 4.3).
#[utoipa::path(
    post,
    path = "/api/auth/token",
    tag = "auth",
    request_body(content = Credentials, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, body = Token))
)]
async fn log_in(
    request: HttpRequest,
    login: web::Data<Login>,
    Form(form): Form<Credentials>,
) -> Result<impl Responder, Error> {
    let name = form.username.clone();
    let asked: Vec<String> = form.scope.split_whitespace().map(str::to_owned).collect();
    let user = verified(&login, &request, form).await?;
    if !asked.iter().all(|scope| user.scopes.contains(scope)) {
        let detail = "the user does not have every scope that was asked for";
        let problem = Problem::new(StatusCode::BAD_REQUEST, detail);
        return Err(problem
            .header(CACHE_CONTROL, NO_STORE)
            .member("error", "invalid_scope")
            .into());
    }
    let scopes = if asked.is_empty() { user.scopes } else { asked };
    let token = Token {
        access_token: login
            .tokens
            .issue(&name, &scopes, &credential(&user.password))
            .map_err(ErrorInternalServerError)?,
        token_type: "bearer",
        expires_in: login.tokens.seconds,
        scope: scopes.join(" "),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, NO_STORE))
        .json(token))
}

/// Return the user of the token: an example of a route for all who are logged in.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "auth",
    responses((status = OK, body = Claims)),
    security(("OAuth2PasswordBearer" = []))
)]
async fn me(user: LoggedIn) -> impl Responder {
    web::Json(user.claims)
}

/// The scope of those who may list the users.
struct UsersRead;

impl Scope for UsersRead {
    const NAMES: &[&str] = &["users:read"];
}

/// List the users: an example of a route that requires a scope, `users:read`.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "auth",
    responses((status = OK, body = Vec<String>)),
    security(("OAuth2PasswordBearer" = ["users:read"]))
)]
async fn list_users(
    _: LoggedIn<UsersRead>,
    login: web::Data<Login>,
) -> Result<impl Responder, Error> {
    let names = login.users.names().await.map_err(answer)?;
    Ok(web::Json(names))
}

#[derive(OpenApi)]
#[openapi(paths(log_in, me, list_users), modifiers(&Scheme))]
struct Documented;

/// How OpenAPI names the way to log in.
pub const SCHEME: &str = "OAuth2PasswordBearer";

struct Scheme;

impl Modify for Scheme {
    fn modify(&self, document: &mut openapi::OpenApi) {
        // OpenAPI resolves it against the server's URL, which ends in /api without a slash.
        let flow = Flow::Password(Password::new("api/auth/token", Scopes::new()));
        let scheme = SecurityScheme::OAuth2(OAuth2::new([flow]));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SCHEME, scheme);
    }
}

/// Adds the routes to the API.
pub fn configure(app: &mut web::ServiceConfig, login: web::Data<Login>) {
    api::document(Documented::openapi());
    app.app_data(login)
        .service(web::resource("/api/auth/token").post(log_in))
        .service(web::resource("/api/v1/me").get(me))
        .service(web::resource("/api/v1/users").get(list_users));
}
