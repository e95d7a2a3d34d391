//! A queue for expensive work: few at once, few that wait, and clients take turns.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Too many requests wait already.
#[derive(Debug)]
pub struct Busy;

/// Clients take turns, however many requests each has: a flood from one delays only itself.
pub struct Queue<C: Clone + PartialEq> {
    waiting: Shared<C>,
}

/// The right to work, until it is dropped.
pub struct Turn<C: Clone + PartialEq> {
    waiting: Shared<C>,
}

type Shared<C> = Arc<Mutex<Waiting<C>>>;

struct Waiting<C: Clone + PartialEq> {
    free: usize,
    most: usize,
    /// The next client is the first; each has its requests in the order in which they came.
    clients: VecDeque<(C, VecDeque<oneshot::Sender<Turn<C>>>)>,
}

impl<C: Clone + PartialEq> Queue<C> {
    /// Lets `at_once` work and up to `most` wait.
    #[must_use]
    pub fn new(at_once: usize, most: usize) -> Self {
        let clients = VecDeque::new();
        let waiting = Waiting {
            free: at_once,
            most,
            clients,
        };
        Self {
            waiting: Arc::new(Mutex::new(waiting)),
        }
    }

    /// Waits for a turn; fails if too many wait, now or when others arrive later.
    pub async fn turn(&self, client: &C) -> Result<Turn<C>, Busy> {
        let coming = {
            let mut waiting = lock(&self.waiting);
            if waiting.free > 0 {
                waiting.free -= 1;
                return Ok(self.granted());
            }
            waiting.enter(client)?
        };
        coming.await.map_err(|_| Busy)
    }

    fn granted(&self) -> Turn<C> {
        let waiting = Arc::clone(&self.waiting);
        Turn { waiting }
    }
}

impl<C: Clone + PartialEq> Drop for Turn<C> {
    /// Passes the turn on. Who has gone away drops it in turn, so the next one gets it.
    fn drop(&mut self) {
        let next = lock(&self.waiting).next();
        if let Some(next) = next {
            let waiting = Arc::clone(&self.waiting);
            drop(next.send(Self { waiting }));
        }
    }
}

impl<C: Clone + PartialEq> Waiting<C> {
    fn enter(&mut self, client: &C) -> Result<oneshot::Receiver<Turn<C>>, Busy> {
        self.leave_out_who_has_gone();
        self.make_room(client)?;
        let (sender, receiver) = oneshot::channel();
        match self.clients.iter_mut().find(|(name, _)| name == client) {
            Some((_, turns)) => turns.push_back(sender),
            None => self.clients.push_back((client.clone(), [sender].into())),
        }
        Ok(receiver)
    }

    fn leave_out_who_has_gone(&mut self) {
        for (_, turns) in &mut self.clients {
            turns.retain(|turn| !turn.is_closed());
        }
        self.clients.retain(|(_, turns)| !turns.is_empty());
    }

    /// Refuses a request of the client with the most in the queue: this one, or its last.
    fn make_room(&mut self, client: &C) -> Result<(), Busy> {
        let lengths = self.clients.iter().map(|(_, turns)| turns.len());
        if lengths.clone().sum::<usize>() < self.most {
            return Ok(());
        }
        let most = lengths.max().unwrap_or(0);
        let mine = self.clients.iter().find(|(name, _)| name == client);
        let after = mine.map_or(0, |(_, turns)| turns.len()) + 1;
        let longest = self
            .clients
            .iter_mut()
            .find(|(_, turns)| turns.len() == most);
        match longest {
            Some((name, turns)) if name != client && turns.len() > after => {
                turns.pop_back();
                Ok(())
            }
            _ => Err(Busy),
        }
    }

    /// Returns whose turn it is; if nobody waits, one more may begin at once.
    fn next(&mut self) -> Option<oneshot::Sender<Turn<C>>> {
        let next = self.clients.pop_front().and_then(|(client, mut turns)| {
            let turn = turns.pop_front();
            if !turns.is_empty() {
                self.clients.push_back((client, turns));
            }
            turn
        });
        self.free += usize::from(next.is_none());
        next
    }
}

fn lock<C: Clone + PartialEq>(waiting: &Mutex<Waiting<C>>) -> MutexGuard<'_, Waiting<C>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
