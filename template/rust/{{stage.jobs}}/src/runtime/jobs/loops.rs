//! The thread of the worker: it has an event loop of its own, which no client waits for.

use std::io;
use std::sync::Arc;
use std::thread;

use actix_web::rt::Runtime;
use tokio::sync::{oneshot, watch};

use super::handlers::Handlers;
use super::progress::Progress;
use super::worker::{Settings, Worker};
use crate::stages::database::Database;

/// A worker in its thread.
pub struct Loop {
    closing: watch::Sender<bool>,
    gone: oneshot::Receiver<()>,
}

impl Loop {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the system has none left.
    pub fn start(
        database: Database,
        handlers: Arc<Handlers>,
        settings: Settings,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let (closing, closes) = watch::channel(false);
        let (going, gone) = oneshot::channel::<()>();
        thread::Builder::new().name("jobs".into()).spawn(move || {
            let _going = going; // dropped at the end, whatever that is
            match Runtime::new() {
                Ok(runtime) => {
                    let worker = Worker::new(&database, handlers, settings, progress);
                    runtime.block_on(worker.work(closes));
                }
                Err(error) => tracing::error!("the jobs worker did not start: {error}"),
            }
        })?;
        Ok(Self { closing, gone })
    }

    /// Cancels what still runs, and waits until it has been given back.
    pub async fn end(self) {
        let _ = self.closing.send(true); // it fails when the thread is gone
        let _ = self.gone.await; // the sender is dropped, and sends nothing
    }
}
