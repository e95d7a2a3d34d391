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
        let trace = claimed.trace.as_deref();
        let working = work(&claimed, &handler, limit);
        let failure = partners::within(&claimed.id, &claimed.kind, trace, working).await;
        let Claimed {
            id, kind, attempt, ..
        } = claimed;
        // It fails when the worker is gone; then nobody needs to know.
        let _ = ends.send(Ended {
            id,
            kind,
            attempt,
            took: began.elapsed(),
            failure,
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
async fn work(claimed: &Claimed, handler: &Handler, limit: Duration) -> Option<String> {
    let payload = match serde_json::from_str(&claimed.payload) {
        Ok(payload) => payload,
        Err(error) => return Some(format!("its payload is no JSON: {error}")),
    };
    let job = Job {
        id: claimed.id.clone(),
        kind: claimed.kind.clone(),
        payload,
        attempt: claimed.attempt,
    };
    let why = match timeout(limit, Caught::new(|| handler(job))).await {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(Panicked(message))) => format!("it panicked: {message}"),
        Err(_) => format!("not done within {} s", limit.as_secs()),
    };
    let why = partners::redacted(&why);
    Some(why.chars().take(LONGEST_REASON).collect())
}
