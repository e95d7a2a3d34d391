//! Work that several requests need is done once: the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Works under way, by key.
#[derive(Clone, Default)]
pub struct Flights(Arc<Mutex<HashMap<String, Arc<Flight>>>>);

struct Flight {
    landing: watch::Sender<Landing>,
    flags: Mutex<Flags>,
}

#[derive(Clone)]
enum Landing {
    UnderWay,
    Value(Arc<[u8]>),
    Failed,
    /// Whoever did it went away.
    Lost,
}

#[derive(Default)]
struct Flags {
    /// What it is based on has changed: it is not to be kept.
    is_outdated: bool,
    /// It is being kept: whoever changes it has to wait.
    is_kept: bool,
}

/// What a request has to do.
pub enum Turn {
    /// Do the work, for others too.
    Lead(Lead),
    /// Do the work for itself: another one has failed at it.
    Alone,
    /// Take what another one has made.
    Take(Arc<[u8]>),
}

impl Flights {
    /// Waits for the work, if it is under way. If whoever does it goes away, another one takes over.
    pub async fn turn(&self, key: &str) -> Turn {
        loop {
            let mut landing = {
                let mut under_way = self.lock();
                let Some(flight) = under_way.get(key) else {
                    let flight = Arc::new(Flight {
                        landing: watch::Sender::new(Landing::UnderWay),
                        flags: Mutex::default(),
                    });
                    under_way.insert(key.to_owned(), Arc::clone(&flight));
                    return Turn::Lead(Lead {
                        flights: self.clone(),
                        key: key.to_owned(),
                        flight,
                    });
                };
                flight.landing.subscribe()
            };
            let landed = landing
                .wait_for(|it| !matches!(it, Landing::UnderWay))
                .await;
            match landed.map(|landed| landed.clone()) {
                Ok(Landing::Value(value)) => return Turn::Take(value),
                Ok(Landing::Failed) => return Turn::Alone,
                _ => {}
            }
        }
    }

    /// Changes what is kept, until this is dropped: nothing that began before it can be kept or
    /// shared afterwards.
    pub async fn change(&self, key: &str) -> Change {
        let change = Change {
            flights: self.clone(),
            key: key.to_owned(),
        };
        if let Some(flight) = self.outdate(key) {
            let mut landing = flight.landing.subscribe();
            // Without a sender, it has ended, too.
            let _ = landing
                .wait_for(|it| !matches!(it, Landing::UnderWay))
                .await;
        }
        change
    }

    /// Returns it if it is being kept already.
    fn outdate(&self, key: &str) -> Option<Arc<Flight>> {
        let flight = self.lock().remove(key)?;
        let mut flags = flight.flags();
        flags.is_outdated = true;
        let is_kept = flags.is_kept;
        drop(flags);
        is_kept.then_some(flight)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn flags(&self) -> MutexGuard<'_, Flags> {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has it does the work.
pub struct Lead {
    flights: Flights,
    key: String,
    flight: Arc<Flight>,
}

impl Lead {
    /// Tells whether the value may be kept; whoever changes it then waits.
    #[must_use]
    pub fn may_keep(&self) -> bool {
        let mut flags = self.flight.flags();
        flags.is_kept = !flags.is_outdated;
        flags.is_kept
    }

    /// Gives the value to those that wait.
    pub fn land(self, value: &[u8]) {
        self.end(Landing::Value(value.into()));
    }

    /// Has those that wait do it themselves.
    pub fn fail(self) {
        self.end(Landing::Failed);
    }

    fn end(&self, landing: Landing) {
        let mut under_way = self.flights.lock();
        let is_own = |found: &Arc<Flight>| Arc::ptr_eq(found, &self.flight);
        if under_way.get(&self.key).is_some_and(is_own) {
            under_way.remove(&self.key);
        }
        drop(under_way);
        self.flight.landing.send_if_modified(|now| {
            let is_first = matches!(now, Landing::UnderWay);
            if is_first {
                *now = landing;
            }
            is_first
        });
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.end(Landing::Lost);
    }
}

/// See `Flights::change`.
pub struct Change {
    flights: Flights,
    key: String,
}

impl Drop for Change {
    fn drop(&mut self) {
        self.flights.outdate(&self.key);
    }
}
