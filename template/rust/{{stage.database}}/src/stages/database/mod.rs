//! Stage database: SQLite in a file, or PostgreSQL; the service outlives both.

mod asking;
mod command;
mod error;
mod watching;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/database/mod.rs"]
pub mod runtime;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use actix_web::web;
use sqlx::AnyPool;
use tokio::time::timeout;

pub use asking::{after_commit, is_reading};
pub use error::Error;

use crate::health::Checks;
use crate::runtime::settings::{Reader, choice, integer};
use crate::runtime::stage::Stage;
use crate::runtime::tasks;
use crate::stages::Stages;
use runtime::address::{Address, address};
use runtime::connecting::Limits;
use runtime::keeper::Keeper;
use runtime::parts::parts;
use runtime::schema::Schema;

/// Between two attempts of a request to get a connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// For all connections together, at the stop.
const CLOSE: Duration = Duration::from_secs(1);

/// The stage, and what handlers ask: `web::Data<Database>`.
#[derive(Clone)]
pub struct Database(Arc<Shared>, Arc<Connections>);

struct Shared {
    address: Address,
    limits: Limits,
    migrates: bool,
    keeper: Keeper,
    /// Known from the start.
    schema: OnceLock<Arc<Schema>>,
    watched: Mutex<Option<JoinHandle<()>>>,
}

struct Connections {
    /// How many there are at most.
    size: u32,
    /// Opened by the first who needs it.
    pool: OnceLock<AnyPool>,
}

impl Connections {
    fn new(size: u32) -> Arc<Self> {
        let pool = OnceLock::new();
        Arc::new(Self { size, pool })
    }
}

impl Stage for Database {
    const NAME: &str = "database";

    fn read(env: &mut Reader<'_>) -> Self {
        sqlx::any::install_default_drivers();
        let address = env.secret("DATABASE_URL", address, Address::default());
        let migrate = env.get(
            "DATABASE_MIGRATE",
            choice(&["auto", "true", "false"]),
            "auto",
        );
        let size = env.get("DATABASE_POOL_SIZE", integer(1, 1000), 10);
        let wait = Duration::from_secs(env.get("DATABASE_WAIT_SECONDS", integer(1, 600), 5));
        let wait = address.patience.map_or(wait, |patience| patience.min(wait));
        let query = Duration::from_secs(env.get("DATABASE_QUERY_SECONDS", integer(1, 3600), 10));
        // A file belongs to this service alone; a server may have others that still need its schema.
        let migrates = migrate == "true" || (migrate == "auto" && address.path.is_some());
        let shared = Shared {
            keeper: Keeper::new(address.label.clone(), wait),
            address,
            limits: Limits {
                wait,
                query: Some(query),
            },
            migrates,
            schema: OnceLock::new(),
            watched: Mutex::default(),
        };
        Self(Arc::new(shared), Connections::new(size))
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(web::Data::new(self.clone()));
    }

    /// Keeps an eye on the database; connects to nothing yet.
    async fn start(&self, checks: &Checks) -> anyhow::Result<()> {
        let schema = Arc::new(Schema::new(parts(&Stages::migrations())?, self.0.migrates));
        let schema = Arc::clone(self.0.schema.get_or_init(|| schema));
        let watching = watching::watch(Arc::clone(&self.0), Arc::clone(&schema));
        let task = tasks::spawn("the database is watched", watching);
        self.0.watched_by(Some(task));
        let checked = self.clone();
        checks.add("database", move || {
            let database = checked.clone();
            async move { database.ready().await }
        });
        Ok(())
    }

    async fn stop(&self) {
        self.0.watched_by(None);
        // What does not close in time is closed by the end of the process.
        let _ = timeout(CLOSE, self.close()).await;
    }

    fn dispatch(name: &str, arguments: &[String]) -> Option<u8> {
        (name == "db").then(|| command::run(arguments))
    }
}

impl Shared {
    /// Notes the task that watches the database; ends the one before.
    fn watched_by(&self, task: Option<JoinHandle<()>>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *watched, task) {
            before.abort();
        }
    }
}
