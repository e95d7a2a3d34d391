//! Hashes of passwords: argon2id with the parameters of RFC 9106 for little memory.

use anyhow::anyhow;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// Memory in KiB, passes, lanes, and bytes of the hash. The Python service has the same, so that
/// each verifies what the other has hashed, and hashes nothing anew.
const PARAMETERS: Params = match Params::new(64 * 1024, 3, 4, Some(32)) {
    Ok(parameters) => parameters,
    Err(_) => panic!("argon2 refuses these parameters"), // when this is compiled
};

/// Hashes a password. Takes a tenth of a second, on purpose.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMETERS);
    match hasher.hash_password(password.as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => Err(anyhow!("the password cannot be hashed: {error}")),
    }
}

/// Tells whether a password is the one that was hashed. Takes as long.
#[must_use]
pub fn is_right(password: &str, hash: &str) -> bool {
    let hasher = Argon2::default(); // the hash says with which parameters
    hasher.verify_password(password.as_bytes(), hash).is_ok()
}

/// Tells whether a text is a hash of this kind.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    parameters(text).is_some()
}

/// Tells whether a hash has other parameters than new ones have.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    parameters(hash) != Some(PARAMETERS)
}

fn parameters(text: &str) -> Option<Params> {
    let hash = PasswordHash::new(text).ok()?;
    let is_complete = hash.salt.is_some() && hash.hash.is_some();
    let is_argon2id = hash.algorithm == Algorithm::Argon2id.ident();
    let is_current = hash.version == Some(Version::V0x13.into());
    (is_complete && is_argon2id && is_current).then(|| Params::try_from(&hash).ok())?
}
