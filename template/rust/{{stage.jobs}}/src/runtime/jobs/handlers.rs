//! Who does jobs of which kind.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

const LONGEST: usize = 100;

/// A job, as its handler gets it.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub kind: String,
    pub payload: Value,
    /// 1 at first.
    pub attempt: i32,
}

impl Job {
    /// Reads the payload as what was enqueued.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn parse<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        T::deserialize(&self.payload)
    }
}

type Working = Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;
/// Does jobs of one kind.
pub type Handler = Arc<dyn Fn(Job) -> Working + Send + Sync>;

/// Handlers by kind.
#[derive(Default)]
pub struct Handlers(RwLock<BTreeMap<String, Handler>>);

impl Handlers {
    /// Has `handler` do the jobs of a kind.
    pub fn add<F, W>(&self, kind: &str, handler: F)
    where
        F: Fn(Job) -> W + Send + Sync + 'static,
        W: Future<Output = anyhow::Result<()>> + 'static,
    {
        let handler: Handler = Arc::new(move |job| Box::pin(handler(job)));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(kind.to_owned(), handler);
    }

    #[must_use]
    pub fn of(&self, kind: &str) -> Option<Handler> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(kind).cloned()
    }

    /// Lists the kinds, sorted.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.keys().cloned().collect()
    }
}

/// Checks the name of a kind.
///
/// # Errors
///
/// With what it may be.
pub fn check(kind: &str) -> Result<(), String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if (1..=LONGEST).contains(&kind.len()) && kind.bytes().all(is_allowed) {
        return Ok(());
    }
    Err(format!(
        "a kind of jobs is called {kind:?}: expected 1 to {LONGEST} letters, digits and \
         characters of _.:-"
    ))
}
