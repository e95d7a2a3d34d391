//! The connections of the server: limited in number, and none waits for its client forever.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::Notify;

use super::connection::{Connection, Wait};
use super::sockets::Socket;

/// Connections beyond the limit, reserved for health checks.
const SPARE: usize = 16;
const BACKLOG: usize = 128;

thread_local! {
    /// The connections of this worker, oldest first.
    static OWN: RefCell<BTreeMap<u64, Rc<Connection>>> = const { RefCell::new(BTreeMap::new()) };
}

/// All connections, in whatever worker: up to `limit`, and some for health checks.
pub struct Connections {
    limit: usize,
    spare: usize,
    open: AtomicUsize,
    last: AtomicU64,
    /// The connection that others have to give way to.
    waiting: AtomicU64,
    workers: Mutex<Vec<Arc<Notify>>>,
}

impl Connections {
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            // Connections in the backlog take files, too: keep both small where the limit is low.
            spare: SPARE.min((limit / 4).max(4)),
            open: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            workers: Mutex::default(),
        })
    }

    #[must_use]
    pub fn backlog(&self) -> i32 {
        i32::try_from(BACKLOG.min((self.limit / 4).max(8))).unwrap_or(i32::MAX)
    }

    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    #[must_use]
    pub fn are_too_many(&self) -> bool {
        self.open() > self.limit
    }

    /// Returns what wakes a worker when one of its connections has to give way to another.
    #[must_use]
    pub fn join(&self) -> Arc<Notify> {
        let worker = Arc::<Notify>::default();
        self.workers().push(Arc::clone(&worker));
        worker
    }

    /// Takes a new connection; at the limit, one that waits for its client is closed first.
    pub fn admit(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else {
            return;
        };
        let (Ok(socket), Ok(peer)) = (Socket::of(stream), stream.peer_addr()) else {
            return;
        };
        let number = self.last.fetch_add(1, Relaxed);
        if self.open() >= self.limit && !self.give_way_to(number) {
            self.waiting.fetch_max(number, Relaxed);
            self.workers().iter().for_each(|worker| worker.notify_one());
        }
        if self.open.fetch_add(1, Relaxed) < self.limit + self.spare {
            let connection = Connection::new(number, Arc::clone(self), socket, peer.ip());
            data.insert(Admitted::new(connection));
            return;
        }
        self.open.fetch_sub(1, Relaxed);
        tracing::warn!(
            "MAX_CONNECTIONS ({}) is reached: one more is refused",
            self.limit
        );
        socket.abort();
    }

    /// Closes a connection of this worker, if there are too many of all.
    pub fn give_way(&self) {
        if self.are_too_many() {
            self.give_way_to(self.waiting.load(Relaxed));
        }
    }

    /// Closes an older connection that can be closed, idle ones first; no active transfer.
    fn give_way_to(&self, newer: u64) -> bool {
        let older = own().into_iter().filter(|found| found.number() < newer);
        let waits = older.filter_map(|found| found.waits_for().map(|wait| (found, wait)));
        let waits: Vec<_> = waits.collect();
        let mut idle = waits.iter().filter(|(_, wait)| *wait == Wait::Head);
        let mut stuck = waits.iter().filter(|(found, _)| found.is_stuck());
        let Some((found, wait)) = idle.next().or_else(|| stuck.next()) else {
            return false;
        };
        tracing::warn!(
            "MAX_CONNECTIONS ({}) is reached: one of {}, which waits for {wait}, is closed",
            self.limit,
            found.client(),
        );
        found.abort();
        true
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Arc<Notify>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a connection of this worker, once.
    pub(super) fn leave(&self, connection: u64) {
        let left = OWN.try_with(|own| own.borrow_mut().remove(&connection));
        if left.is_ok_and(|left| left.is_some()) {
            self.open.fetch_sub(1, Relaxed);
        }
    }
}

/// Lists the connections of this worker: what is done with one may remove it.
#[must_use]
pub fn own() -> Vec<Rc<Connection>> {
    OWN.with(|own| own.borrow().values().cloned().collect())
}

/// What a connection holds as long as it is open.
pub struct Admitted(Rc<Connection>);

impl Admitted {
    fn new(connection: Connection) -> Self {
        let connection = Rc::new(connection);
        OWN.with(|own| {
            let mut own = own.borrow_mut();
            own.insert(connection.number(), Rc::clone(&connection));
        });
        Self(connection)
    }

    #[must_use]
    pub fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.0)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Returns the limit of connections: at most half of the files that the process may open.
#[must_use]
pub fn most(asked: usize) -> usize {
    let wanted = 2 * asked as u64;
    let Ok((files, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return asked;
    };
    let mut files = files;
    if files < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard).is_ok() {
        files = wanted.min(hard);
    }
    if files >= wanted {
        return asked;
    }
    let found = usize::try_from(files / 2).unwrap_or(asked).max(1);
    tracing::warn!(
        "MAX_CONNECTIONS is {asked}; using {found}: this process may open only {files} files \
         (ulimit -n)"
    );
    found
}
