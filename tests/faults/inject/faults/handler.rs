//! What answers /fault: the faults of an asynchronous handler, in terms of the framework.

use std::fs::File;
use std::future::pending;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, rt, web};

use super::{compute, deadlock, run, variable};

/// Answers /fault.
pub async fn handler() -> Result<HttpResponse, actix_web::Error> {
    let fault = variable("FAULT_CODE");
    match fault.as_str() {
        "pending" => pending().await,
        "sleep" => rt::time::sleep(Duration::from_secs(3)).await,
        "panic in a task that is dropped" => drop(rt::spawn(fail())),
        "panic in a task that is kept" => {
            let task = rt::spawn(fail());
            thread_local!(static KEPT: Mutex<Vec<rt::task::JoinHandle<()>>> = Mutex::default());
            KEPT.with(|kept| kept.lock().unwrap().push(task));
        }
        "panic in a task that is awaited" => rt::spawn(fail()).await.unwrap_or_default(),
        "panic in a task of the pool" => {
            let failed = web::block(|| -> () { panic!("no luck") }).await;
            failed.unwrap_or_default();
        }
        "panic after an await" => {
            rt::time::sleep(Duration::from_millis(10)).await;
            panic!("no luck");
        }
        "panic of the stream of an answer" => {
            return Ok(HttpResponse::Ok().body(Parts(2)));
        }
        "cancelled tasks" => {
            for _ in 0..9 {
                rt::spawn(pending::<()>()).abort();
            }
        }
        "error of a handler" => {
            let missing = File::open("/absent").map(drop);
            missing.map_err(actix_web::error::ErrorInternalServerError)?;
        }
        "blocked pool" => web::block(deadlock).await.unwrap_or_default(),
        "computing in the pool" => web::block(|| compute(0.15)).await.unwrap_or_default(),
        "long computing in the pool" => web::block(|| compute(5.0)).await.unwrap_or_default(),
        _ => run(&fault).map_err(actix_web::error::ErrorInternalServerError)?,
    }
    Ok(HttpResponse::Ok().body("done"))
}

/// The body of an answer that fails after its first part.
struct Parts(u8);

impl MessageBody for Parts {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0 -= 1;
        if self.0 == 0 {
            panic!("no luck");
        }
        Poll::Ready(Some(Ok(Bytes::from("first"))))
    }
}

async fn fail() {
    panic!("no luck");
}
