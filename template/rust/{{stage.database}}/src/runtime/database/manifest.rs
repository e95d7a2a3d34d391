//! What an export says of its files: one that was cut or changed on its way is noticed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub const MANIFEST: &str = "manifest.json";
/// What exports of viscaffold 0.10 have in its place: the version, and nothing about files.
pub const FORMER: &str = "version";

/// What is in the file of a table.
#[derive(Deserialize, PartialEq, Serialize)]
pub struct Content {
    pub rows: u64,
    sha256: String,
}

/// How far a part of the schema had come, and what is in the files of its tables.
#[derive(Deserialize, Serialize)]
pub struct Manifest {
    pub version: String,
    pub tables: BTreeMap<String, Content>,
}

impl Manifest {
    /// Returns it as JSON, the same in every language.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn written(&self) -> serde_json::Result<Vec<u8>> {
        let mut written = serde_json::to_vec_pretty(self)?;
        written.push(b'\n');
        Ok(written)
    }
}

/// Counts lines, and makes a digest of them.
#[derive(Default)]
pub struct Counter {
    pub count: u64,
    digest: Sha256,
}

impl Counter {
    pub fn add(&mut self, line: &[u8]) {
        self.count += 1;
        self.digest.update(line);
    }

    #[must_use]
    pub fn content(self) -> Content {
        let digest = self.digest.finalize();
        let digits = digest.iter().map(|byte| format!("{byte:02x}"));
        Content {
            rows: self.count,
            sha256: digits.collect(),
        }
    }
}
