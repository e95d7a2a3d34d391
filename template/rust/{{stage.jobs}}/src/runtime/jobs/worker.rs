//! The worker: claims jobs, has their handlers run, and notes what becomes of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::super::measured::{self, Outcome};
use super::super::nudges::nudges;
use super::handlers::Handlers;
use super::ids;
use super::pacing::Pacing;
use super::progress::Progress;
use super::round::{Claimed, Found, Plan};
use super::running::{self, Ended, Running};
use super::survey::survey;
use super::telling::tell_noted;
use crate::runtime::caught::{Caught, Panicked};
use crate::runtime::stop;
use crate::stages::database::{Database, Error};

/// For the connection, at the stop.
const CLOSE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy)]
pub struct Settings {
    pub workers: usize,
    pub lease: Duration,
    pub limit: Duration,
    pub most_attempts: i32,
    pub poll: Duration,
}

pub struct Worker {
    pub(super) name: String,
    pub(super) database: Database,
    handlers: Arc<Handlers>,
    pub(super) settings: Settings,
    progress: Arc<Progress>,
    pub(super) running: HashMap<String, Running>,
    /// What the table does not know yet.
    pub(super) ended: Vec<Ended>,
    pub(super) ends: (UnboundedSender<Ended>, UnboundedReceiver<Ended>),
    pub(super) said: HashSet<String>,
    pacing: Pacing,
}

impl Worker {
    #[must_use]
    pub fn new(
        database: &Database,
        handlers: Arc<Handlers>,
        settings: Settings,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            name: ids::worker(),
            database: database.reserved(), // handlers and requests may hold all others
            handlers,
            settings,
            progress,
            running: HashMap::new(),
            ended: Vec::new(),
            ends: unbounded_channel(),
            said: HashSet::new(),
            pacing: Pacing::new(settings.poll, settings.lease, Instant::now()),
        }
    }

    /// Works until it is closed: then it cancels what runs, and gives it back.
    pub async fn work(mut self, mut closes: watch::Receiver<bool>) {
        let mut nudged = nudges();
        loop {
            if !self.pacing.rests(Instant::now()) {
                let worker = &mut self;
                match Caught::new(move || worker.round()).await {
                    Ok(Ok(())) => {
                        self.pacing.moves();
                        self.progress.moves();
                    }
                    // The log says it; where that lasts, nothing moves.
                    Ok(Err(Error::Unavailable)) => self.pacing.has_no_database(Instant::now()),
                    Ok(Err(error)) => self.fail(&error.to_string()),
                    Err(Panicked(message)) => self.fail(&format!("it panicked: {message}")),
                }
            }
            let wakes = self.pacing.wakes(Instant::now(), !self.ended.is_empty());
            tokio::select! {
                _ = closes.wait_for(|closes| *closes) => break,
                Some(ended) = self.ends.1.recv() => self.note(ended),
                _ = nudged.changed() => self.pacing.nudge(),
                () = sleep_until(wakes.into()) => {}
            }
            while let Ok(ended) = self.ends.1.try_recv() {
                self.note(ended);
            }
        }
        let database = self.database.clone();
        self.close().await;
        let _ = timeout(CLOSE, database.close()).await; // or by the end of the process
    }

    fn fail(&mut self, error: &str) {
        let seconds = self.pacing.has_failed(Instant::now()).as_secs_f64();
        tracing::error!(error, "the jobs worker failed; again in {seconds:.1} s");
    }

    /// Takes note of a handler's end, unless its job is not its own any more.
    fn note(&mut self, ended: Ended) {
        let own = self.running.get(&ended.id);
        if own.is_some_and(|own| own.attempt == ended.attempt) {
            self.running.remove(&ended.id);
            self.ended.push(ended);
        }
    }

    async fn round(&mut self) -> Result<(), Error> {
        if self.database.ready().await.is_err() {
            self.pacing.has_no_database(Instant::now()); // what watches it says so
            return Ok(());
        }
        let now = Instant::now();
        let kinds = match self.settings.workers {
            0 => Vec::new(),
            _ => self.handlers.kinds(),
        };
        if !stop::is_asked() && self.pacing.surveys(now) {
            let found = self.database.read(async |it| survey(it, &kinds).await);
            self.surveyed(found.await?);
        }
        let due = self.pacing.due(now, !self.ended.is_empty());
        let free = self.settings.workers.saturating_sub(self.running.len());
        let plan = Plan {
            worker: &self.name,
            kinds: if stop::is_asked() { &[] } else { &kinds },
            lease: self.settings.lease,
            most_attempts: self.settings.most_attempts,
            ended: &self.ended,
            beats: if due.beats { self.own() } else { Vec::new() },
            expires: due.polls,
            free: i64::try_from(if due.claims { free } else { 0 }).unwrap_or_default(),
        };
        if !plan.is_empty() {
            let began = Instant::now();
            let found = self.database.write(async |it| plan.perform(it).await);
            let found = found.await?;
            let may_be_more = due.claims && found.claimed.len() == free;
            let leaves_more = may_be_more && !self.database.has_one_writer();
            self.apply(found);
            self.pacing.has_written(began, Instant::now(), leaves_more);
        }
        self.pacing.done(due, now);
        Ok(())
    }

    fn own(&self) -> Vec<(String, i32)> {
        let running = self.running.iter();
        running
            .map(|(id, running)| (id.clone(), running.attempt))
            .collect()
    }

    pub(super) fn apply(&mut self, found: Found) {
        for (ended, end) in std::mem::take(&mut self.ended).into_iter().zip(found.ends) {
            self.tell(&ended, &end);
        }
        for id in found.lost {
            if let Some(lost) = self.running.remove(&id) {
                lost.task.abort();
                let kind = &lost.kind;
                tracing::warn!("job {kind} {id}: its lease was lost; it was cancelled here");
                measured::ended(kind, Outcome::Lost, None);
            }
        }
        for job in &found.noted {
            tell_noted(job);
        }
        for claimed in found.claimed {
            self.start(claimed);
        }
        measured::running(self.running.len());
    }

    /// Starts the handler of a job. One that was claimed while a stop came is given back like
    /// those that do not end in time.
    fn start(&mut self, claimed: Claimed) {
        let Some(handler) = self.handlers.of(&claimed.kind) else {
            return; // handlers are not taken back: it was claimed for one
        };
        let (id, ends) = (claimed.id.clone(), self.ends.0.clone());
        let running = running::start(claimed, handler, self.settings.limit, ends);
        self.running.insert(id, running);
    }
}
