//! How the service keeps an eye on its database.

use std::sync::Arc;

use anyhow::anyhow;

use super::runtime::connecting::{self, within};
use super::runtime::schema::Schema;
use super::{Database, Shared};

/// Checks the database by a connection of its own: that is there when all others are in use.
pub async fn watch(shared: Arc<Shared>, schema: Arc<Schema>) {
    let Shared {
        address,
        limits,
        keeper,
        ..
    } = &*shared;
    // SQLite does not look at its file for less.
    let probe = if address.path.is_some() {
        "PRAGMA schema_version"
    } else {
        "SELECT 1"
    };
    let mut connection = None;
    keeper
        .watch(async || {
            let mut own = match connection.take() {
                Some(own) => own,
                None => within(limits.wait, connecting::open(address, *limits)).await?,
            };
            if !within(limits.wait, schema.still_fits(&mut own, probe)).await? {
                schema.look(&mut own, address, *limits, keeper).await?;
            }
            connection = Some(own);
            Ok(())
        })
        .await;
}

impl Database {
    /// Tells whether it can be used, and has the schema of this code.
    ///
    /// # Errors
    ///
    /// With the reason, if not.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let up = self.0.keeper.require_up().await;
        up.map_err(|cause| anyhow!(cause))?;
        let schema = self.0.schema.get();
        match schema.and_then(|schema| schema.problem()) {
            None => Ok(()),
            Some(problem) => Err(anyhow!(problem)),
        }
    }
}
