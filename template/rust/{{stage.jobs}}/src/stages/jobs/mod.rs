//! Stage jobs: work in the background, kept in the database, which no end of a process loses.

mod command;
mod enqueue;
mod measured;
mod nudges;
mod partners;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/jobs/mod.rs"]
mod runtime;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use anyhow::{Context as _, anyhow};

pub use enqueue::enqueue;
pub use runtime::handlers::Job;

use crate::health::Checks;
use crate::runtime::settings::{Reader, integer};
use crate::runtime::stage::{Migration, Stage};
use crate::runtime::tasks;
use crate::stages::database::Database;
use runtime::handlers::{Handlers, check};
use runtime::loops::Loop;
use runtime::progress::Progress;
use runtime::worker::Settings;

/// Beyond what the database may take, before a worker is stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// The stage, and where handlers are registered: `let jobs: Jobs = env.stage();`.
#[derive(Clone)]
pub struct Jobs {
    database: Database,
    settings: Settings,
    handlers: Arc<Handlers>,
    open: Arc<Mutex<Option<Open>>>,
}

/// What is there between start and stop.
struct Open {
    worker: Loop,
    watch: JoinHandle<()>,
}

impl Jobs {
    /// Has `handler` do the jobs of a kind, which another process may have begun before: it has to
    /// bear being run twice. What it returns as an error, and its panics, are tried again.
    pub fn handler<F, W>(&self, kind: &str, handler: F)
    where
        F: Fn(Job) -> W + Send + Sync + 'static,
        W: Future<Output = anyhow::Result<()>> + 'static,
    {
        self.handlers.add(kind, handler);
    }

    fn open(&self, open: Option<Open>) -> Option<Open> {
        let mut kept = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, open)
    }
}

impl Stage for Jobs {
    const NAME: &str = "jobs";
    const MIGRATIONS: &[Migration] = &[Migration {
        number: "0001",
        up: include_str!("migrations/0001_jobs.up.sql"),
        down: include_str!("migrations/0001_jobs.down.sql"),
    }];

    fn read(env: &mut Reader<'_>) -> Self {
        let seconds = |env: &mut Reader<'_>, name, low, high, default| {
            Duration::from_secs(env.get(name, integer(low, high), default))
        };
        Self {
            database: env.stage(),
            settings: Settings {
                workers: env.get("JOBS_WORKERS", integer(0, 100), 2),
                lease: seconds(env, "JOBS_LEASE_SECONDS", 3, 3600, 30),
                limit: seconds(env, "JOBS_LIMIT_SECONDS", 1, 86400, 300),
                most_attempts: env.get("JOBS_ATTEMPTS", integer(1, 100), 5),
                poll: seconds(env, "JOBS_POLL_SECONDS", 1, 60, 1),
            },
            handlers: Arc::default(),
            open: Arc::default(),
        }
    }

    /// Starts the worker, in a thread that no worker of the server has.
    async fn start(&self, checks: &Checks) -> anyhow::Result<()> {
        let kinds = self.handlers.kinds();
        for kind in &kinds {
            check(kind).map_err(|problem| anyhow!(problem))?;
        }
        measured::begin();
        let progress = Arc::new(Progress::default());
        let checked = Arc::clone(&progress);
        checks.add("jobs", move || {
            let problem = checked.problem();
            async { problem.map_or(Ok(()), |problem| Err(anyhow!(problem))) }
        });
        match self.settings.workers {
            0 => {
                tracing::info!("jobs: JOBS_WORKERS is 0: this process only enqueues");
                return Ok(());
            }
            _ if kinds.is_empty() => tracing::info!("jobs: no handlers yet"),
            workers => tracing::info!("jobs: {workers} workers, kinds: {}", kinds.join(", ")),
        }
        let worker = Loop::start(
            self.database.clone(),
            Arc::clone(&self.handlers),
            self.settings,
            Arc::clone(&progress),
        );
        let limit = self.settings.poll * 3 + self.database.patience() + PATIENCE;
        let watch = async move { progress.watch(limit).await };
        self.open(Some(Open {
            worker: worker.context("the jobs worker has no thread")?,
            watch: tasks::spawn("the jobs worker is watched", watch),
        }));
        Ok(())
    }

    async fn stop(&self) {
        if let Some(Open { worker, watch }) = self.open(None) {
            watch.abort();
            worker.end().await;
        }
    }

    fn command(arguments: &[String]) -> Option<u8> {
        Some(command::run(arguments))
    }
}
