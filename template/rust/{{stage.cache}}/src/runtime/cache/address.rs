//! The address of a Redis server, as CACHE_URL has it.

use std::fmt;

use percent_encoding::percent_decode_str;
use redis::ConnectionAddr;

const ACCEPTED: &str = "redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS, or \
                        unix:///PATH?db=DATABASE; special characters in a password as %XX";
const PORT: u16 = 6379;
const MOST_DIGITS: usize = 5;

/// Where a server is, and who it is asked as.
#[derive(Clone)]
pub struct Address {
    pub place: ConnectionAddr,
    pub database: u32,
    pub user: String,
    pub password: String,
}

/// What the log calls it: without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                if host.contains(':') {
                    write!(f, "[{host}]:{port}")
                } else {
                    write!(f, "{host}:{port}")
                }
            }
            ConnectionAddr::Unix(path) => write!(f, "{}", path.display()),
            _ => f.write_str("Redis"),
        }
    }
}

/// Parses a URL; fails with what it accepts.
pub fn parse(raw: &str) -> Result<Address, String> {
    read(raw).ok_or_else(|| ACCEPTED.into())
}

fn read(raw: &str) -> Option<Address> {
    let (scheme, rest) = raw.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, password, host) = match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            let (user, password) = credentials.split_once(':')?;
            (decoded(user)?, decoded(password)?, host)
        }
        None => (String::new(), String::new(), authority),
    };
    let (place, database) = match scheme {
        "unix" if host.is_empty() => socket(path)?,
        "redis" | "rediss" => server(host, path, scheme == "rediss")?,
        _ => return None,
    };
    Some(Address {
        place,
        database,
        user,
        password,
    })
}

fn decoded(text: &str) -> Option<String> {
    if text.contains(|c: char| ":@".contains(c) || c.is_whitespace()) {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn server(authority: &str, path: &str, tls: bool) -> Option<(ConnectionAddr, u32)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let is_part = |c: char| c.is_ascii_hexdigit() || ":.".contains(c);
        (host.chars().all(is_part).then_some(host)?, port)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        let (host, port) = authority.split_at(end);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        (host.chars().all(is_part).then_some(host)?, port)
    };
    let port = match port {
        "" => PORT,
        text => u16::try_from(number(text.strip_prefix(':')?)?).ok()?,
    };
    if host.is_empty() || port == 0 {
        return None;
    }
    let database = match path {
        "" | "/" => 0,
        text => number(text.strip_prefix('/')?)?,
    };
    let host = host.to_owned();
    let place = if tls {
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    Some((place, database))
}

fn socket(text: &str) -> Option<(ConnectionAddr, u32)> {
    let (path, database) = match text.split_once('?') {
        Some((path, query)) => (path, number(query.strip_prefix("db=")?)?),
        None => (text, 0),
    };
    let is_path = path.len() > 1 && !path.contains(|c: char| c == '#' || c.is_whitespace());
    is_path.then(|| (ConnectionAddr::Unix(path.into()), database))
}

fn number(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.len() <= MOST_DIGITS).then(|| text.parse().ok())?
}
