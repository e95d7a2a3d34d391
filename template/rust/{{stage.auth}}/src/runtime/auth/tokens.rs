//! Access tokens: JSON Web Tokens, as RFC 8725 advises.

use std::fmt;

use anyhow::{Context, anyhow};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    get_current_timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hs256;

const ALGORITHM: Algorithm = Algorithm::HS256;
const TYPE: &str = "at+jwt";
/// In bytes: the size of the hash (RFC 7518, 3.2).
const SHORTEST_SECRET: usize = 32;
const LONGEST_ID: usize = 32;
const LEEWAY_SECONDS: u64 = 5;

/// The token is not valid; says why, without the token.
#[derive(Debug)]
pub struct InvalidToken(pub &'static str);

const NOT_VALID: InvalidToken = InvalidToken("it is not valid");

/// A signing key; its secret stays out of logs.
#[derive(Clone)]
pub struct Key {
    id: String,
    secret: Vec<u8>,
}

impl Key {
    /// Generates a key that only this process has.
    pub fn of_this_process() -> anyhow::Result<Self> {
        let (id, secret) = ("process".to_owned(), random(SHORTEST_SECRET)?);
        Ok(Self { id, secret })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Parses AUTH_KEYS; fails with what it accepts.
pub fn parse_keys(raw: &str) -> Result<Vec<Key>, String> {
    let pairs = raw.split(',').enumerate();
    let keys = pairs
        .map(|(place, pair)| parse_key(place + 1, pair))
        .collect::<Result<Vec<_>, _>>()?;
    let repeated = keys
        .iter()
        .enumerate()
        .any(|(place, key)| keys[..place].iter().any(|one| one.id == key.id));
    if repeated {
        return Err(format!("{}, and a different id for each", accepted()));
    }
    Ok(keys)
}

/// Names a wrong pair by its position: all of it may be a secret.
fn parse_key(place: usize, pair: &str) -> Result<Key, String> {
    let (id, secret) = pair.trim().split_once(':').unwrap_or((pair, ""));
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(is_id) {
        return Err(format!(
            "{}; key {place} has no id of letters, digits, _ and -",
            accepted()
        ));
    }
    if secret.len() < SHORTEST_SECRET || is_of_another_kind(secret) {
        let problem = format!("the secret of key {place} is too short, or of another kind");
        return Err(format!("{}; {problem}", accepted()));
    }
    let (id, secret) = (id.to_owned(), secret.as_bytes().to_vec());
    Ok(Key { id, secret })
}

/// Tells whether a secret is a key for other algorithms: a public key must not sign.
fn is_of_another_kind(secret: &str) -> bool {
    secret.contains("-----BEGIN ")
        || secret.starts_with("ssh-")
        || secret.starts_with("ecdsa-sha2-")
}

fn accepted() -> String {
    format!("id:secret pairs, comma-separated, each secret of {SHORTEST_SECRET} bytes or more")
}

fn random(size: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    getrandom::fill(&mut bytes).context("the system gave no random numbers")?;
    Ok(bytes)
}

/// Who a valid token is for, and what for.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Claims {
    pub name: String,
    pub scopes: Vec<String>,
}

/// The claims of a token, and what of its user it was issued for.
pub struct Verified {
    pub claims: Claims,
    pub credential: String,
}

impl Claims {
    /// Returns those of the scopes that are not among these.
    #[must_use]
    pub fn missing<'a>(&self, needed: &[&'a str]) -> Vec<&'a str> {
        let is_missing = |name: &&str| !self.scopes.iter().any(|scope| scope == name);
        needed.iter().copied().filter(is_missing).collect()
    }
}

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    scope: String,
    iat: u64,
    exp: u64,
    jti: String,
    credential: &'a str,
}

/// Claims that jsonwebtoken does not check; without one of them, a token is not valid.
#[derive(Deserialize)]
#[expect(dead_code, reason = "some only have to be there")]
struct Found {
    iss: String,
    sub: String,
    #[serde(default)]
    scope: String,
    iat: f64,
    jti: String,
    #[serde(default)]
    credential: String,
}

/// Issues and verifies tokens: the first key signs, all keys verify, so that keys can rotate.
pub struct Tokens {
    keys: Vec<Key>,
    service: String,
    pub seconds: u64,
}

impl Tokens {
    #[must_use]
    pub fn new(keys: Vec<Key>, service: &str, seconds: u64) -> Self {
        hs256::install();
        let service = service.to_owned();
        Self {
            keys,
            service,
            seconds,
        }
    }

    /// Issues a token and verifies it: what cannot work has to end the start.
    pub fn try_out(&self) -> anyhow::Result<()> {
        let tried = self.verify(&self.issue("nobody", &[], "")?);
        tried
            .map(drop)
            .map_err(|InvalidToken(reason)| anyhow!("a new token is refused: {reason}"))
    }

    /// Issues a token for a user, which is of no use once that has another credential.
    pub fn issue(&self, name: &str, scopes: &[String], credential: &str) -> anyhow::Result<String> {
        let key = self.keys.first().context("there is no key")?;
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYPE.into());
        header.kid = Some(key.id.clone());
        let now = get_current_timestamp();
        let claims = Issued {
            iss: &self.service,
            aud: &self.service,
            sub: name,
            scope: scopes.join(" "),
            iat: now,
            exp: now + self.seconds,
            jti: random(16)?
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            credential,
        };
        encode(&header, &claims, &EncodingKey::from_secret(&key.secret))
            .context("no token can be issued")
    }

    /// Returns the claims of a token, if all of it is valid.
    pub fn verify(&self, token: &str) -> Result<Verified, InvalidToken> {
        let header = decode_header(token).map_err(|_| NOT_VALID)?;
        let key = self
            .keys
            .iter()
            .find(|key| Some(&key.id) == header.kid.as_ref());
        let (Some(key), Some(TYPE)) = (key, header.typ.as_deref()) else {
            let reason = "it was signed with an unknown key, or is no access token";
            return Err(InvalidToken(reason));
        };
        let key = DecodingKey::from_secret(&key.secret);
        let decoded = decode::<Found>(token, &key, &self.rules());
        let found = decoded.map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => InvalidToken("it has expired"),
            _ => NOT_VALID,
        })?;
        let latest = (get_current_timestamp() + LEEWAY_SECONDS) as f64;
        // An extension that nobody here knows must be refused (RFC 7515, 4.1.11).
        if found.header.crit.is_some() || found.claims.iat > latest {
            return Err(NOT_VALID);
        }
        let scopes = found.claims.scope.split_whitespace().map(str::to_owned);
        let claims = Claims {
            name: found.claims.sub.clone(),
            scopes: scopes.collect(),
        };
        let credential = found.claims.credential.clone();
        Ok(Verified { claims, credential })
    }

    fn rules(&self) -> Validation {
        // Never the algorithm that the token names.
        let mut rules = Validation::new(ALGORITHM);
        rules.leeway = LEEWAY_SECONDS;
        rules.validate_nbf = true;
        rules.set_audience(&[&self.service]);
        rules.set_issuer(&[&self.service]);
        rules.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
        rules
    }
}
