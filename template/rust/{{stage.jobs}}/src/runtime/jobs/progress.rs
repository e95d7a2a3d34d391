//! Whether the worker moves: it counts its rounds, and another thread looks at the count.
//!
//! Time is counted in looks: a process that was frozen has not been stuck meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

const LOOK: Duration = Duration::from_millis(500);

/// How the worker gets on.
#[derive(Default)]
pub struct Progress {
    rounds: AtomicU64,
    stuck_seconds: AtomicU64,
}

impl Progress {
    /// Notes that the worker has completed a round.
    pub fn moves(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// Why the worker cannot be relied on; nothing if it moves.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let seconds = self.stuck_seconds.load(Ordering::Relaxed);
        (seconds > 0).then(|| format!("the jobs worker has not moved for {seconds} s"))
    }

    /// Says once when the worker has not moved for longer than `limit`, and when it does again.
    pub async fn watch(&self, limit: Duration) {
        let (mut seen, mut still) = (0, Duration::ZERO);
        loop {
            sleep(LOOK).await;
            let rounds = self.rounds.load(Ordering::Relaxed);
            still = if rounds == seen {
                still + LOOK
            } else {
                Duration::ZERO
            };
            seen = rounds;
            let before = self.problem();
            let seconds = if still > limit { still.as_secs() } else { 0 };
            self.stuck_seconds.store(seconds, Ordering::Relaxed);
            match (before, self.problem()) {
                (None, Some(problem)) => tracing::error!("{problem}"),
                (Some(_), None) => tracing::info!("the jobs worker moves again"),
                _ => {}
            }
        }
    }
}
