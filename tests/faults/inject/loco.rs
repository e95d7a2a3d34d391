//! What answers /fault: the same as in Actix Web, as an owner of a service of Loco would write it.

use std::convert::Infallible;
use std::fs::File;
use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use loco_rs::prelude::*;
use tokio::task::JoinHandle;

use super::{Failure, at, awaited, deadlock, run, variable};

pub fn routes() -> Routes {
    Routes::new()
        .add("/health/live", get(live))
        .add("/fault", get(handler))
}

async fn live() -> Result<Response> {
    format::text("ok")
}

/// Has the fault happen if this is its place, with an error of the framework.
pub fn failing(place: &str) -> Result<()> {
    at(place).map_err(told)
}

/// The same in an asynchronous place.
pub async fn opening(place: &str) -> Result<()> {
    awaited(place).await.map_err(told)
}

fn told(error: Failure) -> Error {
    Error::string(&error.to_string())
}

async fn handler() -> Result<Response> {
    let fault = variable("FAULT_CODE");
    match fault.as_str() {
        "pending" => pending().await,
        "sleep" => tokio::time::sleep(Duration::from_secs(3)).await,
        "panic in a task that is dropped" => drop(tokio::spawn(fail())),
        "panic in a task that is kept" => {
            static KEPT: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
            let task = tokio::spawn(fail());
            KEPT.lock().unwrap().push(task);
        }
        "panic in a task that is awaited" => tokio::spawn(fail()).await.unwrap_or_default(),
        "panic in a task of the pool" => {
            let failed = tokio::task::spawn_blocking(|| -> () { panic!("no luck") }).await;
            failed.unwrap_or_default();
        }
        "panic after an await" => {
            tokio::time::sleep(Duration::from_millis(10)).await;
            panic!("no luck");
        }
        "panic of the stream of an answer" => {
            let parts = stream::iter([1, 2]).map(|part| match part {
                1 => Ok::<_, Infallible>("first"),
                _ => panic!("no luck"),
            });
            return Ok(axum::body::Body::from_stream(parts).into_response());
        }
        "error of a handler" => drop(File::open("/absent")?),
        "blocked pool" => tokio::task::spawn_blocking(deadlock)
            .await
            .unwrap_or_default(),
        _ => run(&fault).map_err(told)?,
    }
    format::text("done")
}

async fn fail() {
    panic!("no luck");
}
