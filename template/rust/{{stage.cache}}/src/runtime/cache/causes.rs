//! Why Redis does not answer, in words: never with what was sent, which may be a password.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind as IoKind};
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError};

const LONGEST: usize = 100;
/// How redis keeps the errors of others.
type Inner = Arc<dyn Error + Send + Sync>;

/// What rustls says where the server closes the connection instead of its part of the handshake.
const NO_HANDSHAKE: &str = "tls handshake eof";
/// A Redis that is asked with TLS, and does not speak it, waits for more.
pub const NO_TLS: &str = "TLS failed: it answers without TLS, as redis:// asks it";

/// How a command failed.
pub struct Failure {
    is_timeout: bool,
    /// The first word of the server's error, if it answered one.
    pub code: Option<String>,
}

impl Failure {
    pub const NO_ANSWER: Self = Self {
        is_timeout: true,
        code: None,
    };

    #[must_use]
    pub fn of(error: &RedisError) -> Self {
        Self {
            is_timeout: error.is_timeout(),
            code: error.code().map(str::to_owned),
        }
    }
}

/// In the words of OpenTelemetry's `error.type`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = if self.is_timeout { "timeout" } else { "_OTHER" };
        f.write_str(self.code.as_deref().unwrap_or(other))
    }
}

/// Says why an attempt failed that had a limit in time.
#[must_use]
pub fn cause(error: &RedisError, limit: Duration) -> String {
    if error.is_timeout() {
        return no_answer(limit);
    }
    if let Some(code) = error.code() {
        return answered(code, error.detail().unwrap_or_default());
    }
    match error.kind() {
        ErrorKind::InvalidClientConfig => "its name is unknown".into(),
        ErrorKind::Parse => "it is no Redis server".into(),
        _ => of_system(error),
    }
}

/// Says that there was none in time.
#[must_use]
pub fn no_answer(limit: Duration) -> String {
    format!("no answer within {} ms", limit.as_millis())
}

/// What a server means by the first word of an error.
fn answered(code: &str, text: &str) -> String {
    let meant = match code {
        "BUSY" => "it is busy with a script",
        "LOADING" => "it is loading its data",
        "MASTERDOWN" => "it is a replica that has lost its primary",
        "MISCONF" => "it cannot save its data, so it takes no writes",
        "NOAUTH" => "it asks for a password",
        "NOPERM" => "its user may not do this",
        "OOM" => "its memory is full",
        "READONLY" => "it is a replica, so it takes no writes",
        "WRONGPASS" => "it refused the user or the password",
        "ERR" if text.contains("AUTH <password>") || text == "invalid password" => {
            "it refused the user or the password"
        }
        _ => {
            // What follows a quote may be what was sent.
            let said = text.split(['\'', '"', '`', '<']).next().unwrap_or_default();
            let said: String = said.trim().chars().take(LONGEST).collect();
            return format!("it answered {code} {said}").trim_end().into();
        }
    };
    meant.into()
}

fn of_system(error: &RedisError) -> String {
    let source = error.source();
    let Some(inner) = source.and_then(|source| source.downcast_ref::<Inner>()) else {
        return "it closed the connection".into();
    };
    let Some(error) = inner.downcast_ref::<io::Error>() else {
        return format!("TLS failed: {inner}"); // a certificate of this machine, or a name
    };
    let tls = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>());
    if let Some(problem) = tls {
        return format!("TLS failed: {problem}");
    }
    match error.kind() {
        _ if error.to_string() == NO_HANDSHAKE => "TLS failed: it closed the connection".into(),
        IoKind::ConnectionRefused => "connection refused".into(),
        IoKind::NotFound => "there is no such socket".into(),
        IoKind::ConnectionReset
        | IoKind::ConnectionAborted
        | IoKind::BrokenPipe
        | IoKind::NotConnected
        | IoKind::UnexpectedEof => "it closed the connection".into(),
        _ => {
            let text = error.to_string().to_lowercase();
            let end = text.find(" (os error").unwrap_or(text.len());
            text[..end].into()
        }
    }
}
