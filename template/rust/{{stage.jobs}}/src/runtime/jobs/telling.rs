//! What the log and the metrics learn of jobs.

use super::super::measured::{self, Outcome};
use super::round::{End, Noted};
use super::running::Ended;
use super::survey::Survey;
use super::worker::Worker;

const MOST_UNKNOWN: usize = 100;

/// Says what became of a job that did not run here.
pub fn tell_noted(job: &Noted) {
    let (kind, id, reason) = (&job.kind, &job.id, &job.reason);
    if job.is_dead {
        tracing::error!("job {kind} {id} is dead: {reason}");
        measured::ended(kind, Outcome::Dead, None);
    } else {
        tracing::warn!("job {kind} {id}: {reason}");
    }
}

impl Worker {
    /// Counts what is in the table, and names what nobody here takes.
    pub(super) fn surveyed(&mut self, found: Survey) {
        measured::surveyed(found.waiting, found.dead);
        if self.settings.workers == 0 {
            return; // who has workers says it
        }
        for kind in found.kinds {
            self.warn_once(format!(
                "jobs of the kind \"{kind}\" wait, and this service has no handler for them"
            ));
        }
        for state in found.states {
            self.warn_once(format!(
                "jobs are in the unknown state \"{state}\": no worker takes them"
            ));
        }
    }

    fn warn_once(&mut self, line: String) {
        if self.said.len() < MOST_UNKNOWN && !self.said.contains(&line) {
            tracing::warn!("{line}");
            self.said.insert(line);
        }
    }

    /// Says how a job has ended.
    pub(super) fn tell(&self, ended: &Ended, end: &End) {
        let Ended {
            id,
            kind,
            attempt,
            failure,
            ..
        } = ended;
        let most = self.settings.most_attempts;
        let reason = failure.as_deref().unwrap_or_default();
        let failed = format!("job {kind} {id} failed (attempt {attempt} of {most})");
        let outcome = match end {
            End::Done => Outcome::Ok,
            End::Again(pause) => {
                let seconds = pause.as_secs_f64();
                tracing::warn!("{failed}, again in {seconds:.1} s: {reason}");
                Outcome::Failed
            }
            End::Dead => {
                tracing::error!("{failed} and is dead: {reason}");
                Outcome::Dead
            }
            End::Lost => {
                tracing::warn!(
                    "job {kind} {id}: its lease was lost before it was finished; it may run twice"
                );
                Outcome::Lost
            }
        };
        measured::ended(kind, outcome, Some(ended.took));
    }
}
