//! Stage auth: users with passwords, and short-lived access tokens for them.

mod command;
mod logged_in;
mod login;
mod routes;
pub mod users;
mod users_file;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/auth/mod.rs"]
pub mod runtime;

use actix_web::web;
use serde_json::json;

pub use logged_in::{LoggedIn, Scope};

use crate::health::Checks;
use crate::runtime::SERVICE;
use crate::runtime::settings::{ConfigError, Reader, integer, text};
use crate::runtime::stage::Stage;
use crate::stages::api;
use login::Login;
use runtime::tokens::{Key, Tokens, parse_keys};
use users::Users;

/// The stage, with what its routes share.
#[derive(Clone)]
pub struct Auth {
    has_keys: bool,
    login: web::Data<Login>,
}

impl Stage for Auth {
    const NAME: &str = "auth";

    fn read(env: &mut Reader<'_>) -> Self {
        let users_file = env.get("AUTH_USERS_FILE", text, "data/users.json".into());
        let keys = env.secret("AUTH_KEYS", parse_keys, Vec::new());
        let seconds = env.get("AUTH_TOKEN_SECONDS", integer(10, 86400), 900);
        let has_keys = !keys.is_empty();
        let keys = if has_keys { keys } else { one_key(env) };
        let tokens = Tokens::new(keys, env!("CARGO_CRATE_NAME"), seconds);
        let login = Login::new(Users::new(users_file.into()), tokens);
        let login = web::Data::new(login);
        Self { has_keys, login }
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        let security = json!({routes::SCHEME: []});
        api::guard_writing(security, |request| logged_in::check(request, &[]).map(drop));
        routes::configure(app, self.login.clone());
    }

    async fn start(&self, _: &Checks) -> anyhow::Result<()> {
        self.login.tokens.try_out()?;
        if !self.has_keys {
            tracing::warn!(
                "AUTH_KEYS is not set: tokens are signed with a key of this process only, so they \
                 are invalid after a restart and in other processes"
            );
        }
        match self.login.users.names() {
            Ok(names) if names.is_empty() => {
                tracing::warn!("nobody can log in yet: {SERVICE} auth add NAME");
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(ConfigError(vec![format!("AUTH_USERS_FILE: {error}")]).into()),
        }
    }

    fn command(args: &[String]) -> Option<u8> {
        Some(command::run(args))
    }
}

/// Returns a key for this process; where the system has no random numbers, one has to be set.
fn one_key(env: &mut Reader<'_>) -> Vec<Key> {
    match Key::of_this_process() {
        Ok(key) => vec![key],
        Err(_) => env.require_secret("AUTH_KEYS", parse_keys),
    }
}
