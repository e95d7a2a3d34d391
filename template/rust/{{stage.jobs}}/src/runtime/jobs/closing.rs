//! The end of a worker: what runs is cancelled, and goes back.

use std::time::Duration;

use tokio::time::timeout;

use super::own::give_back;
use super::round::Plan;
use super::worker::Worker;

/// For what is given back: less than a stage has to close.
const GIVE_BACK: Duration = Duration::from_millis(1500);

impl Worker {
    /// Cancels what runs, gives it back, and notes what has ended.
    pub(super) async fn close(mut self) {
        let mut cancelled = Vec::new();
        for (id, running) in self.running.drain() {
            running.task.abort();
            let _ = running.task.await; // cancelled, or ended meanwhile
            cancelled.push((id, running.kind, running.attempt));
        }
        while let Ok(ended) = self.ends.1.try_recv() {
            let before = cancelled.len();
            cancelled.retain(|(id, _, attempt)| (id, *attempt) != (&ended.id, ended.attempt));
            if cancelled.len() < before {
                self.ended.push(ended);
            }
        }
        if cancelled.is_empty() && self.ended.is_empty() {
            return;
        }
        let given = cancelled
            .iter()
            .map(|(id, _, attempt)| (id.clone(), *attempt));
        let given: Vec<_> = given.collect();
        let last = Plan {
            worker: &self.name,
            kinds: &[],
            lease: self.settings.lease,
            most_attempts: self.settings.most_attempts,
            ended: &self.ended,
            beats: Vec::new(),
            expires: false,
            free: 0,
        };
        let closing = self.database.write(async |it| {
            let found = last.perform(it).await?;
            give_back(it, &self.name, &given).await?;
            Ok(found)
        });
        if let Ok(Ok(found)) = timeout(GIVE_BACK, closing).await {
            self.apply(found);
            for (id, kind, _) in cancelled {
                tracing::info!("job {kind} {id}: given back, for the service stops");
            }
        } else {
            let count = cancelled.len() + self.ended.len();
            tracing::warn!(
                "jobs that could not be given back: {count}; each runs again when its lease is over"
            );
        }
    }
}
