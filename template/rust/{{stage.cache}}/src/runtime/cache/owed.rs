//! Keys that have to be deleted before anything else: what they have is outdated.

use std::collections::BTreeMap;

const MOST: usize = 10_000;
const AT_ONCE: usize = 1000;

/// They stay until the server has deleted them, whatever happens to whoever asked for it.
#[derive(Default)]
pub struct Owed {
    by_ticket: BTreeMap<u64, String>,
    last: u64,
}

impl Owed {
    /// Adds one; returns its ticket, and whether an older one was given up for it.
    pub fn add(&mut self, key: &str) -> (u64, bool) {
        self.last += 1;
        self.by_ticket.insert(self.last, key.to_owned());
        let is_full = self.by_ticket.len() > MOST;
        if is_full {
            self.by_ticket.pop_first();
        }
        (self.last, is_full)
    }

    /// Takes it out: it is done.
    pub fn done(&mut self, ticket: u64) {
        self.by_ticket.remove(&ticket);
    }

    /// Returns the oldest ones.
    pub fn oldest(&self) -> Vec<(u64, String)> {
        let found = self.by_ticket.iter().take(AT_ONCE);
        found.map(|(ticket, key)| (*ticket, key.clone())).collect()
    }
}
