//! Runs a handler, whatever it does, within its time.

use std::time::{Duration, Instant};

use actix_web::rt::task::JoinHandle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::super::partners;
use super::handlers::{Handler, Job};
use super::round::Claimed;
use crate::runtime::caught::{Caught, Panicked};
use crate::runtime::draining::{self, Work};
use crate::runtime::tasks;

const LONGEST_REASON: usize = 500;
/// Of an error: to look for secrets in more takes long.
const LONGEST_SAID: usize = 10_000;

/// A handler at work.
pub struct Running {
    pub kind: String,
    pub attempt: i32,
    pub task: JoinHandle<()>,
    /// A stop lets it finish.
    _work: Work,
}

/// A handler has ended.
pub struct Ended {
    pub id: String,
    pub kind: String,
    pub attempt: i32,
    pub took: Duration,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// Whether it cannot be done, however often it is tried.
    pub is_damaged: bool,
}

/// Starts a handler; its end is sent to the worker.
pub fn start(
    claimed: Claimed,
    handler: Handler,
    limit: Duration,
    ends: UnboundedSender<Ended>,
) -> Running {
    let (kind, attempt) = (claimed.kind.clone(), claimed.attempt);
    let task = tasks::spawn("job", async move {
        let began = Instant::now();
        let Claimed {
            id,
            kind,
            payload,
            attempt,
            trace,
        } = claimed;
        let (failure, is_damaged) = match serde_json::from_slice(&payload) {
            Ok(payload) => {
                let job = Job {
                    id: id.clone(),
                    kind: kind.clone(),
                    payload,
                    attempt,
                };
                let working = work(job, &handler, limit);
                let failure =
                    partners::within(&id, &kind, attempt, trace.as_deref(), working).await;
                (failure, false)
            }
            Err(error) => (Some(format!("its payload is no JSON: {error}")), true),
        };
        // It fails when the worker is gone; then nobody needs to know.
        let _ = ends.send(Ended {
            id,
            kind,
            attempt,
            took: began.elapsed(),
            failure,
            is_damaged,
        });
    });
    Running {
        kind,
        attempt,
        task,
        _work: draining::begin(),
    }
}

/// Does the job; returns why it failed, if it did.
async fn work(job: Job, handler: &Handler, limit: Duration) -> Option<String> {
    let why = match timeout(limit, Caught::new(|| handler(job))).await {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(Panicked(message))) => format!("it panicked: {message}"),
        Err(_) => format!("not done within {} s", limit.as_secs()),
    };
    let why: String = why.chars().take(LONGEST_SAID).collect();
    let why = partners::redacted(&why);
    Some(why.chars().take(LONGEST_REASON).collect())
}
