//! Where the database is: what DATABASE_URL may be.

use std::path::{PathBuf, absolute};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::ConnectOptions as _;
use sqlx::any::AnyConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::runtime::SERVICE;

const ACCEPTED: &str = "sqlite:PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE";
/// How long to try to connect, and whether to tie the password to the encryption: the driver does
/// not know these two, which providers write into their addresses.
const TIMEOUT: &str = "connect_timeout";
const BINDING: &str = "channel_binding";
/// Those that the driver knows, as PostgreSQL's library calls them, one of its own, and the two that
/// are taken here. It would ignore others, however much somebody relies on them, and log their values.
const PARAMETERS: [&str; 15] = [
    "application_name",
    BINDING,
    TIMEOUT,
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
const LONGEST_NAME: usize = 40;
const PORT: u16 = 5432;

/// A file of SQLite, or a server of PostgreSQL.
#[derive(Clone)]
pub struct Address {
    /// What the log may say: no password.
    pub label: String,
    pub path: Option<PathBuf>,
    /// How long it may take to connect, if the address says that.
    pub patience: Option<Duration>,
    url: String,
}

impl Address {
    fn sqlite(path: &str) -> Self {
        let parts = path.split('/');
        let parts: Vec<String> = parts
            .map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string())
            .collect();
        Self {
            label: format!("sqlite:{path}"),
            path: Some(path.into()),
            patience: None,
            url: format!("sqlite:{}?mode=rwc", parts.join("/")),
        }
    }

    /// Checks that the database is there, as far as a file tells: a command in the wrong directory
    /// would make an empty one.
    ///
    /// # Errors
    ///
    /// With the file that is missing.
    pub fn require_file(&self) -> Result<(), String> {
        let Some(missing) = self.path.as_ref().filter(|path| !path.exists()) else {
            return Ok(());
        };
        let missing = absolute(missing).unwrap_or_else(|_| missing.clone());
        Err(format!(
            "setting DATABASE_URL leads to no database: there is no file {}",
            missing.display()
        ))
    }

    /// What to connect with. Statements are not for the log: they tell what the data is.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn options(&self) -> sqlx::Result<AnyConnectOptions> {
        let options: AnyConnectOptions = self.url.parse()?;
        Ok(options.disable_statement_logging())
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::sqlite("data/database.db")
    }
}

/// Accepts the address of a database, in the same form in every language of viscaffold.
///
/// What others mean by `sqlite://` and `sqlite:///` differs, so neither is accepted.
pub fn address(raw: &str) -> Result<Address, String> {
    let found = match raw.split_once(':') {
        Some(("sqlite", path)) => is_path(path).then(|| Address::sqlite(path)),
        Some(("postgresql" | "postgres", _)) => {
            let options = raw.parse::<AnyConnectOptions>();
            let options = options.map_err(|_| ACCEPTED.to_owned())?;
            require_known(&options)?;
            require_no_binding(&options)?;
            postgresql(raw, options)
        }
        _ => None,
    };
    found.ok_or_else(|| ACCEPTED.into())
}

fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(':') && !path.starts_with("//")
}

/// Refuses parameters that are not known; names one, unless it may be a piece of a password.
fn require_known(options: &AnyConnectOptions) -> Result<(), String> {
    let url = &options.database_url;
    let mut names = url.query_pairs().map(|(name, _)| name);
    let Some(name) = names.find(|name| !PARAMETERS.contains(&name.as_ref())) else {
        return Ok(());
    };
    let is_plain = name.chars().all(|it| it.is_ascii_lowercase() || it == '_');
    let is_torn = url.query().is_some_and(|query| query.contains('@'));
    if name.is_empty() || name.len() > LONGEST_NAME || !is_plain || is_torn {
        return Err(ACCEPTED.into());
    }
    Err(format!(
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE without the parameter {name}, which is not known"
    ))
}

/// Refuses to connect without what the address requires.
fn require_no_binding(options: &AnyConnectOptions) -> Result<(), String> {
    match values(options, BINDING).as_slice() {
        [] => Ok(()),
        [one] if ["disable", "prefer"].contains(&one.as_str()) => Ok(()),
        _ => Err(format!(
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE without {BINDING}, or with \
             {BINDING}=prefer: sslmode=verify-full proves who the server is"
        )),
    }
}

fn values(options: &AnyConnectOptions, parameter: &str) -> Vec<String> {
    let pairs = options.database_url.query_pairs();
    let meant = pairs.filter(|(name, _)| name == parameter);
    meant.map(|(_, value)| value.into_owned()).collect()
}

/// Reads how long it may take to connect: seconds; as with PostgreSQL's library, 0 is no limit.
fn patience(options: &AnyConnectOptions) -> Option<Option<Duration>> {
    let Some(last) = values(options, TIMEOUT).pop() else {
        return Some(None);
    };
    let seconds: i32 = last.parse().ok()?;
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Some((seconds > 0).then(|| Duration::from_secs(seconds)))
}

fn postgresql(raw: &str, options: AnyConnectOptions) -> Option<Address> {
    let patience = patience(&options)?;
    let mut url = options.database_url;
    let host = url.host_str().map(ToOwned::to_owned).or_else(|| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(name, value)| (name == "host").then(|| value.into_owned()))
    });
    let host = host.filter(|host| !host.is_empty() && !host.contains(','))?;
    let name = url.path().strip_prefix('/')?;
    // Signs of a password that is not quoted: a part of it would pass for something else.
    let authority = raw.split("//").nth(1)?.split(['/', '?', '#']).next()?;
    let is_torn = authority.matches('@').count() > 1 || name.contains(['/', '@']);
    if name.is_empty() || is_torn || !is_encoded(raw) {
        return None;
    }
    let user = percent_decode_str(url.username()).decode_utf8_lossy();
    let user = if user.is_empty() {
        String::new()
    } else {
        format!("{user}@")
    };
    let port = url.port().unwrap_or(PORT);
    let label = format!("postgresql://{user}{host}:{port}/{name}");
    let pairs = url.query_pairs().into_owned();
    let kept = pairs.filter(|(key, _)| ![TIMEOUT, BINDING].contains(&key.as_str()));
    let kept: Vec<_> = kept.collect();
    let is_named = kept.iter().any(|(key, _)| key == "application_name");
    let ours = (!is_named).then_some(("application_name", SERVICE));
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .extend_pairs(ours);
    PgConnectOptions::from_url(&url).ok()?;
    Some(Address {
        label,
        path: None,
        patience,
        url: url.into(),
    })
}

/// Tells whether every % begins a byte, and none is NUL, as PostgreSQL's own programs require.
fn is_encoded(raw: &str) -> bool {
    let mut encoded = raw.split('%').skip(1);
    !raw.contains(' ')
        && encoded.all(|rest| {
            let byte = rest
                .get(..2)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            byte.is_some_and(|byte| byte != 0)
        })
}
