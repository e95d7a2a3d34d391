//! Repeated reports: the first ones in full, then only how many there were.
//!
//! Otherwise a client that causes a thousand failures a second floods the log.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lines::Level;
use super::log;
use super::records::Record;

/// How many reports of one kind are written in full; one more every `REFILL_SECONDS`.
pub const BURST: f64 = 10.0;
pub const REFILL_SECONDS: f64 = 60.0;
const SUMMARY: Duration = Duration::from_secs(10);
/// The most kinds: of all reports, of those from one place, and of those about one error there.
///
/// Clients choose a part of what is logged, such as a path. They can fill neither the memory nor
/// the log with kinds.
const MOST_KINDS: [usize; 3] = [500, 40, 10];
const LONGEST: usize = 300;

static REPEATS: LazyLock<Mutex<Repeats>> = LazyLock::new(Mutex::default);

/// Tells whether a report is to be written; it counts those that are not.
///
/// What is no report (below `Warning`), or ends the service (`Critical`), always is.
pub fn pass(record: &Record<'_>) -> bool {
    let is_report = (Level::Warning..Level::Critical).contains(&record.level);
    !is_report || repeats().pass(record, Instant::now())
}

/// Makes a number of a place in the code.
pub fn place(place: impl Hash) -> u64 {
    hash(place)
}

/// Logs how many were not written, for those that have waited long enough.
pub fn report() {
    report_after(SUMMARY);
}

/// Logs how many were not written so far.
pub fn report_all() {
    report_after(Duration::ZERO);
}

fn report_after(wait: Duration) {
    let due = repeats().due(wait, Instant::now());
    for hidden in due {
        let Hidden {
            count,
            level,
            latest,
            ..
        } = hidden;
        let lasted = hidden.since.elapsed().as_secs_f64();
        let words = format_args!("{count} more like this in {lasted:.0} s: {latest}");
        log::write(&Record::new(level, module_path!(), words));
    }
}

fn repeats() -> MutexGuard<'static, Repeats> {
    REPEATS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What makes reports the same: their place, the error that they are about, what they say of it.
///
/// A coarser kind has only the first of these.
fn finest(record: &Record<'_>) -> [u64; 3] {
    let Record {
        level,
        logger,
        place,
        error_type,
        ..
    } = record;
    let error = record.error_message.as_deref().unwrap_or_default();
    let fields = record.fields.iter().filter_map(|(_, value)| value.as_str());
    [
        hash((*level as u8, logger, place)),
        hash((error_type, words(error))),
        hash((
            words(&record.message),
            fields.map(words).collect::<Vec<_>>(),
        )),
    ]
}

/// A text without its numbers: they differ where nothing else does.
fn words(text: &str) -> String {
    let found = text.chars().filter(|found| !found.is_numeric());
    found.take(LONGEST).collect()
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[derive(Default)]
struct Repeats {
    kinds: HashMap<Vec<u64>, Kind>,
}

struct Kind {
    left: f64,
    seen: Instant,
    hidden: Option<Hidden>,
}

/// Reports that were not written.
struct Hidden {
    count: u64,
    since: Instant,
    level: Level,
    latest: String,
}

impl Repeats {
    fn pass(&mut self, record: &Record<'_>, now: Instant) -> bool {
        let kind = self.kind(&finest(record)).to_vec();
        let kind = self.kinds.entry(kind).or_insert(Kind {
            left: BURST,
            seen: now,
            hidden: None,
        });
        let refilled = (now - kind.seen).as_secs_f64() / REFILL_SECONDS;
        kind.left = BURST.min(kind.left + refilled);
        kind.seen = now;
        if kind.left >= 1.0 {
            kind.left -= 1.0;
            return true;
        }
        kind.hide(record, now);
        false
    }

    /// The finest kind that there is, or that there is room for.
    fn kind<'a>(&self, finest: &'a [u64]) -> &'a [u64] {
        let kinds = (0..=finest.len()).rev().map(|size| &finest[..size]);
        let mut known = kinds.filter(|kind| self.kinds.contains_key(*kind) || self.has_room(kind));
        known.next().unwrap_or_default()
    }

    /// Whether there is room for one more kind. The finer a kind is, the more it leaves to coarser
    /// ones: what is said of one error cannot use up the room of others.
    fn has_room(&self, kind: &[u64]) -> bool {
        (0..kind.len()).all(|common| {
            let is_beside = |other: &&Vec<u64>| other.starts_with(&kind[..common]);
            let beside = self.kinds.keys().filter(is_beside).count();
            beside < MOST_KINDS[common] >> (kind.len() - 1 - common)
        })
    }

    /// Takes what was hidden for long enough; forgets kinds that have stopped.
    fn due(&mut self, wait: Duration, now: Instant) -> Vec<Hidden> {
        let stopped = Duration::from_secs_f64(BURST * REFILL_SECONDS);
        self.kinds
            .retain(|_, kind| kind.hidden.is_some() || now - kind.seen <= stopped);
        let kinds = self.kinds.values_mut();
        kinds
            .filter_map(|kind| kind.hidden.take_if(|hidden| now - hidden.since >= wait))
            .collect()
    }
}

impl Kind {
    fn hide(&mut self, record: &Record<'_>, now: Instant) {
        let hidden = self.hidden.get_or_insert_with(|| Hidden {
            count: 0,
            since: now,
            level: record.level,
            latest: String::new(),
        });
        hidden.count += 1;
        hidden.latest = record.said().chars().take(LONGEST).collect();
    }
}
