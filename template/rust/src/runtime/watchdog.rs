//! Beats while event loops run, and looks for failures that would go unnoticed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use actix_web::rt;
use actix_web::rt::time::interval;
use tokio::sync::Notify;

use super::connections::{self, Connections};
use super::hangs::{self, BEAT, Overdue};
use super::listener::Identity;
use super::log::critical;
use super::shared_state::{MAIN, shared};
use super::{EXIT_SOFTWARE, repeats, stdio, steps, stop, supervised};

const LOST_BEATS: u32 = 2;

static WORKERS: AtomicUsize = AtomicUsize::new(MAIN);

/// Watches the connections and requests of this worker.
#[expect(
    clippy::disallowed_methods,
    reason = "it survives its failures, and ends with the worker"
)]
pub fn watch_worker(connections: Arc<Connections>) {
    let worker = Worker(WORKERS.fetch_add(1, Relaxed) + 1);
    let room = connections.join();
    rt::spawn(async move {
        let mut beats = interval(BEAT);
        loop {
            tokio::select! {
                _ = beats.tick() => {
                    worker.beat();
                    surviving(look_at_clients);
                }
                () = room.notified() => surviving(|| connections.give_way()),
            }
        }
    });
}

/// The number of a worker. Its event loop drops this at its end, also at a panic: a thread that is
/// gone, and has not, was ended by something else.
struct Worker(usize);

impl Worker {
    fn beat(&self) {
        shared().beat(self.0);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        shared().leave(self.0);
    }
}

fn look_at_clients() {
    hangs::look();
    for connection in connections::own() {
        connection.look(BEAT.as_secs_f64());
    }
}

fn surviving(look: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(look)).is_err() {
        tracing::error!("the watchdog failed; it continues");
    }
}

/// Watches the start, the listening socket and the stop, from the main thread.
pub struct Watchdog {
    state: RefCell<State>,
    lost: Notify,
}

struct State {
    start: Overdue,
    start_seconds: f64,
    stop: Overdue,
    listener: Option<(Identity, String)>,
    beats_without: u32,
}

impl Watchdog {
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "it survives its failures, and ends with the loop"
    )]
    pub fn start(start_seconds: u64) -> Rc<Self> {
        let watchdog = Rc::new(Self {
            state: RefCell::new(State {
                start: Overdue::new("the start-up code of the application has not ended"),
                start_seconds: start_seconds as f64,
                stop: Overdue::new("the stop has not ended"),
                listener: None,
                beats_without: 0,
            }),
            lost: Notify::new(),
        });
        let beating = Rc::clone(&watchdog);
        rt::spawn(async move {
            let mut beats = interval(BEAT);
            loop {
                beats.tick().await;
                shared().beat(MAIN);
                surviving(|| beating.look());
            }
        });
        watchdog
    }

    /// Notes that the start is over: from now on, clients can connect.
    pub fn serves(&self, listener: Identity, name: String) {
        self.state.borrow_mut().listener = Some((listener, name));
        stop::serves();
    }

    /// Waits until nobody can connect any more: only a restart fixes that.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }

    fn look(&self) {
        stdio::look();
        supervised::look();
        repeats::report();
        let mut state = self.state.borrow_mut();
        if stop::is_asked() {
            state.stop.look(steps::now);
        } else if state.listener.is_none() {
            state.look_at_start();
        } else if state.has_lost_listener() {
            self.lost.notify_one();
        }
    }
}

impl State {
    /// Ends a start that takes too long.
    fn look_at_start(&mut self) {
        if self.start.look(steps::now) > self.start_seconds {
            let seconds = self.start_seconds;
            critical!("the start took more than {seconds} s: START_SECONDS is over");
            stop::end(EXIT_SOFTWARE);
        }
    }

    fn has_lost_listener(&mut self) -> bool {
        let Some((listener, name)) = &self.listener else {
            return false;
        };
        let found = listener.lost();
        self.beats_without = found.as_ref().map_or(0, |_| self.beats_without + 1);
        let Some(found) = found.filter(|_| self.beats_without == LOST_BEATS) else {
            return false;
        };
        critical!(
            "the socket that listens on {name} {found}: no connection can arrive any more, the \
             service stops; docs/runbook.md#answers-nobody"
        );
        if let Err(error) = listener.replace() {
            tracing::warn!("the stop may be cut short: {error}; docs/runbook.md#answers-nobody");
        }
        true
    }
}
