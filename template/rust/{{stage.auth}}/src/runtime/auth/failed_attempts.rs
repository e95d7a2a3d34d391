//! A growing delay after failed attempts, such as logins, by user and by address.
//!
//! governor and the like limit a rate, which slows down whoever works; this one slows down only
//! who fails, longer each time, and forgives who succeeds.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{HttpMessage, HttpRequest};

use crate::runtime::proxies::UnknownProxy;

/// Failures without a delay. Many people can share an address.
const FREE_OF_USER: u32 = 5;
const FREE_OF_ADDRESS: u32 = 20;
/// Bounded, because anybody can cause a delay for a user.
const LONGEST: Duration = Duration::from_secs(300);
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
const MOST_ENTRIES: usize = 10_000;
/// The longest name of a user; longer ones are cut.
const LONGEST_NAME: usize = 64;

/// Whose attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    User(String),
    /// For IPv6 the /64, which belongs to one customer.
    Address(Option<IpAddr>),
}

impl Who {
    #[must_use]
    pub fn user(name: &str) -> Self {
        Self::User(name.chars().take(LONGEST_NAME).collect())
    }

    #[must_use]
    pub fn address(host: Option<IpAddr>) -> Self {
        Self::Address(host.map(|host| match host.to_canonical() {
            IpAddr::V6(whole) => IpAddr::V6(Ipv6Addr::from_bits(whole.to_bits() & !0 << 64)),
            short => short,
        }))
    }

    fn free_attempts(&self) -> u32 {
        match self {
            Self::User(_) => FREE_OF_USER,
            Self::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

/// Counts attempts until one succeeds; forgets the oldest when there are too many.
pub struct Limiter {
    seen: Mutex<Seen>,
    warned_of_proxy: AtomicBool,
    clock: fn() -> Instant,
}

#[derive(Default)]
struct Seen {
    by_who: HashMap<Who, Attempts>,
    /// Who was seen when: the first is forgotten first.
    order: BTreeMap<u64, Who>,
    last: u64,
}

#[derive(Clone, Copy)]
struct Attempts {
    count: u32,
    /// When the next one is allowed.
    until: Instant,
    place: u64,
}

impl Limiter {
    /// Makes one that has seen nobody; `clock` is `Instant::now`.
    #[must_use]
    pub fn new(clock: fn() -> Instant) -> Self {
        Self {
            seen: Mutex::default(),
            warned_of_proxy: AtomicBool::new(false),
            clock,
        }
    }

    /// Returns the address that a request counts for; warns once if that of a proxy hides many.
    ///
    /// Behind a trusted proxy, a request has the address that the proxy forwarded.
    pub fn host(&self, request: &HttpRequest) -> Option<IpAddr> {
        let host = request.peer_addr().map(|peer| peer.ip().to_canonical());
        if let Some(host) = host
            && request.extensions().contains::<UnknownProxy>()
            && !self.warned_of_proxy.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "logins come through a proxy at {host} that FORWARDED_ALLOW_IPS does not name: all \
                 of its users share one limit on failed logins; docs/stages/auth.md"
            );
        }
        host
    }

    /// Counts an attempt and returns 0, or returns the whole seconds to wait before the next one.
    ///
    /// It counts before the outcome is known, so that parallel attempts do not evade the limit.
    pub fn attempt(&self, who: &[&Who]) -> u64 {
        let now = (self.clock)();
        let mut seen = self.lock();
        let waits = who.iter().filter_map(|who| seen.by_who.get(who));
        let wait = waits
            .map(|found| found.until.saturating_duration_since(now))
            .max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        }
        for who in who {
            seen.count(who, now);
        }
        0
    }

    /// Forgets all attempts of a user, but only this one of the address: it may try others.
    pub fn succeeded(&self, user: &Who, address: &Who) {
        self.lock().forget(user);
        self.withdraw(&[address]);
    }

    /// Takes back an attempt whose password was not verified.
    pub fn withdraw(&self, who: &[&Who]) {
        let now = (self.clock)();
        let mut seen = self.lock();
        for who in who {
            if let Some(found) = seen.by_who.get_mut(who) {
                found.count = found.count.saturating_sub(1);
                found.until = now;
            }
        }
    }

    /// How many users and addresses it tracks.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.lock().by_who.len()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn count(&mut self, who: &Who, now: Instant) {
        let before = self.forget(who);
        let recent =
            before.filter(|found| now.saturating_duration_since(found.until) < FORGOTTEN_AFTER);
        let count = recent.map_or(0, |found| found.count).saturating_add(1);
        let until = now + delay(count, who.free_attempts());
        self.last += 1;
        let place = self.last;
        self.order.insert(place, who.clone());
        self.by_who.insert(
            who.clone(),
            Attempts {
                count,
                until,
                place,
            },
        );
        if self.by_who.len() > MOST_ENTRIES
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.by_who.remove(&oldest);
        }
    }

    fn forget(&mut self, who: &Who) -> Option<Attempts> {
        let found = self.by_who.remove(who)?;
        self.order.remove(&found.place);
        Some(found)
    }
}

/// 1, 2, 4 ... seconds after the attempts that are free.
fn delay(count: u32, free: u32) -> Duration {
    match count.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << beyond.min(30)).min(LONGEST),
    }
}
