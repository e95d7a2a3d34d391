//! Hashes of passwords: argon2id with the parameters of RFC 9106 for little memory.

use anyhow::anyhow;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use sha2::{Digest, Sha256};

/// Memory in KiB, passes, lanes, and bytes of the hash. The Python service has the same, so that
/// each verifies what the other has hashed, and hashes nothing anew.
const PARAMETERS: Params = match Params::new(64 * 1024, 3, 4, Some(32)) {
    Ok(parameters) => parameters,
    Err(_) => panic!("argon2 refuses these parameters"), // when this is compiled
};

/// What hashes may take that others have made: memory in KiB, passes and lanes. Two of them at once
/// have to fit into the memory of a small container.
const MOST_MEMORY: u32 = 128 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 16;
/// In bytes.
const SHORTEST_OUTPUT: usize = 16;
pub const ACCEPTED: &str = "an argon2id hash with at most 128 MiB, 10 passes and 16 lanes";

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

/// Tells whether a text is a hash that takes no more work than a login may take.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    parameters(text).is_some()
}

/// Returns what tokens are bound to: a digest of the hash, which nobody can guess it from.
#[must_use]
pub fn credential(hash: &str) -> String {
    let digest = Sha256::digest(hash);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Tells whether a hash has other parameters than new ones have.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    parameters(hash) != Some(PARAMETERS)
}

fn parameters(text: &str) -> Option<Params> {
    let hash = PasswordHash::new(text).ok()?;
    let found = Params::try_from(&hash).ok()?;
    let (memory, passes, lanes) = (found.m_cost(), found.t_cost(), found.p_cost());
    // In this order, and with nothing else.
    let begin = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$");
    let output = hash.hash.as_ref().map_or(0, |output| output.len());
    let is_complete = hash.salt.is_some() && output >= SHORTEST_OUTPUT;
    let is_bounded = memory <= MOST_MEMORY && passes <= MOST_PASSES && lanes <= MOST_LANES;
    (text.starts_with(&begin) && is_complete && is_bounded).then_some(found)
}
