//! When the worker does what.

use std::time::{Duration, Instant};

/// Between two looks at all of the table.
const SURVEY: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long the worker rests after a round: others write, and what comes is taken together.
const LONGEST_TURN: Duration = Duration::from_millis(20);

pub struct Pacing {
    poll: Duration,
    beat: Duration,
    /// Something was enqueued here: it is claimed, and leases are not looked at for it.
    is_nudged: bool,
    next_poll: Instant,
    next_beat: Instant,
    next_survey: Instant,
    pause: Duration,
    /// Until then, nothing is asked of the database.
    rests_until: Instant,
}

/// What a round has to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// Leases that are over are looked for, and jobs.
    pub polls: bool,
    /// The leases of what runs are extended: before those that are over are looked for, for a
    /// clock that has jumped ends them all.
    pub beats: bool,
    /// Jobs are claimed.
    pub claims: bool,
}

impl Pacing {
    #[must_use]
    pub fn new(poll: Duration, lease: Duration, now: Instant) -> Self {
        let beat = lease / 3;
        Self {
            poll,
            beat,
            is_nudged: false,
            next_poll: now,
            next_beat: now + beat,
            next_survey: now,
            pause: FIRST_PAUSE,
            rests_until: now,
        }
    }

    /// Something was enqueued here.
    pub fn nudge(&mut self) {
        self.is_nudged = true;
    }

    #[must_use]
    pub fn rests(&self, now: Instant) -> bool {
        now < self.rests_until
    }

    /// When there is something to do, at the latest; `has_ended` is whether a handler has.
    #[must_use]
    pub fn wakes(&self, now: Instant, has_ended: bool) -> Instant {
        let next = if has_ended || self.is_nudged {
            now
        } else {
            self.next_poll.min(self.next_beat)
        };
        let latest = now + self.poll; // it says that it moves
        next.max(self.rests_until).min(latest)
    }

    #[must_use]
    pub fn due(&self, now: Instant, has_ended: bool) -> Due {
        let polls = now >= self.next_poll;
        Due {
            polls,
            beats: polls || now >= self.next_beat,
            claims: polls || self.is_nudged || has_ended,
        }
    }

    /// A round that began at `now` has done what was due.
    pub fn done(&mut self, due: Due, now: Instant) {
        self.is_nudged = false; // where none is free, the next end of a handler claims
        if due.polls {
            self.next_poll = now + self.poll;
        }
        if due.beats {
            self.next_beat = now + self.beat;
        }
    }

    /// Tells whether all of the table is to be looked at, and counts that as done.
    pub fn surveys(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next_survey;
        if is_due {
            self.next_survey = now + SURVEY;
        }
        is_due
    }

    /// A round has written: the worker rests as long as that took, unless it leaves something.
    pub fn has_written(&mut self, since: Instant, now: Instant, leaves_more: bool) {
        if !leaves_more {
            // Those who wait to be the writer look only now and then.
            self.rests_until = now + (now - since).min(LONGEST_TURN);
        }
    }

    /// Leaves the database alone for a while: it cannot be used.
    pub fn has_no_database(&mut self, now: Instant) {
        self.rests_until = now + FIRST_PAUSE;
    }

    /// Returns how long the worker rests after a failure of its own: longer each time.
    pub fn has_failed(&mut self, now: Instant) -> Duration {
        let pause = self.pause;
        self.rests_until = now + pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// The worker moves.
    pub fn moves(&mut self) {
        self.pause = FIRST_PAUSE;
    }
}
