//! Values in the cache: get, set and delete them, or have them computed where there is none.

use std::time::Duration;

use redis::{Cmd, Value, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::observing::{self, Operation};
use super::runtime::flights::{Lead, Turn};
use super::{Cache, PREFIX};

/// In bytes; what has a longer one is not kept.
const LONGEST_KEY: usize = 1024;
const LONGEST_TTL: Duration = Duration::from_secs(365 * 86400);

impl Cache {
    /// Returns a JSON value.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        from_json(&self.get_bytes(key).await?)
    }

    /// Keeps a JSON value.
    ///
    /// # Errors
    ///
    /// If it has no JSON.
    pub async fn set<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        ttl: Duration,
    ) -> serde_json::Result<()> {
        self.set_bytes(key, &serde_json::to_vec(value)?, ttl).await;
        Ok(())
    }

    /// Returns bytes.
    pub async fn get_bytes(&self, key: &str) -> Option<Vec<u8>> {
        let Some(name) = name(key) else {
            observing::skipped(Operation::Get);
            return None;
        };
        match self.ask(Operation::Get, |get| get.arg(name)).await {
            Some(Value::BulkString(found)) => Some(found),
            _ => None,
        }
    }

    /// Keeps bytes.
    pub async fn set_bytes(&self, key: &str, value: &[u8], ttl: Duration) {
        let _changing = self.flights.change(key).await;
        let Some((link, name)) = self.link.as_ref().zip(name(key)) else {
            observing::skipped(Operation::Set);
            return;
        };
        let ticket = link.owe(&name);
        // Otherwise what is there is outdated.
        if self.keep(key, value, ttl).await || self.unlink(&name).await {
            link.done(ticket);
        }
    }

    /// Forgets a value: after a change of what it was computed from.
    pub async fn delete(&self, key: &str) {
        let _changing = self.flights.change(key).await;
        let Some((link, name)) = self.link.as_ref().zip(name(key)) else {
            observing::skipped(Operation::Delete);
            return;
        };
        let ticket = link.owe(&name);
        if self.unlink(&name).await {
            link.done(ticket);
        }
    }

    /// Returns the JSON value of a key, which is computed if there is none.
    ///
    /// Requests that need it at the same time wait for one of them. What is returned has gone
    /// through JSON, kept or not.
    ///
    /// # Errors
    ///
    /// Those of `compute`.
    pub async fn cached<T, E, F>(
        &self,
        key: &str,
        ttl: Duration,
        compute: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, E>>,
    {
        self.shared(key, ttl, compute, to_json, from_json).await
    }

    /// Returns bytes in the same way.
    ///
    /// # Errors
    ///
    /// Those of `compute`.
    pub async fn cached_bytes<E, F>(
        &self,
        key: &str,
        ttl: Duration,
        compute: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, E>
    where
        F: Future<Output = Result<Vec<u8>, E>>,
    {
        let same = |value: &Vec<u8>| Some(value.clone());
        self.shared(key, ttl, compute, same, |found| Some(found.to_vec()))
            .await
    }

    async fn shared<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        key: &str,
        ttl: Duration,
        compute: impl FnOnce() -> F,
        encode: fn(&T) -> Option<Vec<u8>>,
        decode: fn(&[u8]) -> Option<T>,
    ) -> Result<T, E> {
        let lead = match self.flights.turn(key).await {
            Turn::Take(found) => match decode(&found) {
                Some(value) => return Ok(value),
                None => None,
            },
            Turn::Alone => None,
            Turn::Lead(lead) => Some(lead),
        };
        let Some(lead) = lead else {
            let value = compute().await?;
            return Ok(through(value, encode, decode));
        };
        if let Some(found) = self.get_bytes(key).await {
            if let Some(value) = decode(&found) {
                lead.land(&found);
                return Ok(value);
            }
            tracing::warn!("a value in the cache is not as expected: it is computed anew");
        }
        match compute().await {
            Ok(value) => Ok(self.kept(lead, key, value, ttl, encode, decode).await),
            Err(error) => {
                lead.fail();
                Err(error)
            }
        }
    }

    /// Keeps a value, and gives it to those that wait.
    async fn kept<T>(
        &self,
        lead: Lead,
        key: &str,
        value: T,
        ttl: Duration,
        encode: fn(&T) -> Option<Vec<u8>>,
        decode: fn(&[u8]) -> Option<T>,
    ) -> T {
        let Some(encoded) = encode(&value) else {
            lead.fail();
            return value;
        };
        if lead.may_keep() {
            self.keep(key, &encoded, ttl).await;
        }
        lead.land(&encoded);
        decode(&encoded).unwrap_or(value)
    }

    async fn keep(&self, key: &str, value: &[u8], ttl: Duration) -> bool {
        let milliseconds = ttl.min(LONGEST_TTL).as_millis() as u64;
        let name = self.link.as_ref().and_then(|_| name(key));
        let name = name.filter(|_| milliseconds > 0 && !self.is_too_large(value));
        let Some(name) = name else {
            observing::skipped(Operation::Set);
            return false;
        };
        let kept = self.ask(Operation::Set, |set| {
            set.arg(name).arg(value).arg("PX").arg(milliseconds)
        });
        kept.await.is_some()
    }

    fn is_too_large(&self, value: &[u8]) -> bool {
        let is_too_large = value.len() > self.max_value_bytes;
        if is_too_large {
            tracing::warn!(
                "a value of {} bytes is not cached: CACHE_MAX_VALUE_BYTES is {}",
                value.len(),
                self.max_value_bytes
            );
        }
        is_too_large
    }

    async fn unlink(&self, name: &str) -> bool {
        let unlinked = self.ask(Operation::Delete, |unlink| unlink.arg(name));
        unlinked.await.is_some()
    }

    /// Returns what the server answers; nothing if it does not, whatever the reason.
    async fn ask(
        &self,
        operation: Operation,
        complete: impl FnOnce(&mut Cmd) -> &mut Cmd,
    ) -> Option<Value> {
        let mut command = cmd(operation.command());
        complete(&mut command);
        let link = self.link.as_ref();
        let Some((link, asked)) = link.and_then(|link| Some((link, link.run(command)?))) else {
            observing::skipped(operation);
            return None;
        };
        observing::asking(operation, &link.address, asked)
            .await
            .ok()
    }
}

fn name(key: &str) -> Option<String> {
    let name = format!("{PREFIX}{key}");
    (name.len() <= LONGEST_KEY).then_some(name)
}

fn to_json<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let encoded = serde_json::to_vec(value);
    if let Err(error) = &encoded {
        tracing::error!("a value cannot be cached: {error}");
    }
    encoded.ok()
}

fn from_json<T: DeserializeOwned>(found: &[u8]) -> Option<T> {
    serde_json::from_slice(found).ok()
}

fn through<T>(value: T, encode: fn(&T) -> Option<Vec<u8>>, decode: fn(&[u8]) -> Option<T>) -> T {
    let encoded = encode(&value);
    encoded
        .and_then(|encoded| decode(&encoded))
        .unwrap_or(value)
}
