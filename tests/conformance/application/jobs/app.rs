//! An application that shows what its jobs do; app.py beside this file is its twin.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;
use std::{env, process, thread};

use actix_web::http::StatusCode;
use actix_web::rt::time::sleep;
use actix_web::{Responder, Result, web};
use anyhow::bail;
use serde::Deserialize;
use serde_json::json;

use crate::runtime::problems::Problem;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;
use crate::stages::database::Database;
use crate::stages::jobs::{self, Job, Jobs};

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(env: &mut Reader<'_>) -> Self {
        let jobs: Jobs = env.stage();
        jobs.handler("quick", quick);
        jobs.handler("slow", slow);
        jobs.handler("bad", bad);
        jobs.handler("shouts", shouts);
        jobs.handler("twice", twice);
        let database: Database = env.stage();
        jobs.handler("holds", move |job| holds(database.clone(), job));
        // What only a handler in Rust does: tests/service_rust/test_rust_jobs.py.
        if env::var_os("JOBS_MORE").is_some() {
            jobs.handler("panics", panics);
            jobs.handler("blocks", blocks);
        }
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/jobs/{kind}").post(enqueue));
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default = "one")]
    n: u32,
    #[serde(default)]
    delay: f64,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    deeper: u32,
    fail: Option<String>,
    reading: Option<String>,
}

fn one() -> u32 {
    1
}

/// Enqueues jobs in one transaction, which is undone if that is asked for, or only to read.
async fn enqueue(
    database: web::Data<Database>,
    kind: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<impl Responder> {
    let delay = Duration::from_secs_f64(asked.delay);
    let mut payload = json!({"seconds": asked.seconds});
    for _ in 0..asked.deeper {
        payload = json!([payload]);
    }
    if asked.reading.is_some() {
        let enqueued = database
            .read(async |connection| jobs::enqueue(connection, &kind, &payload, delay).await);
        return Ok(web::Json(json!({"ids": [enqueued.await?]})));
    }
    let ids = database
        .write(async |connection| {
            let mut ids = Vec::new();
            for _ in 0..asked.n {
                ids.push(jobs::enqueue(connection, &kind, &payload, delay).await?);
            }
            match asked.fail {
                None => Ok(ids),
                Some(_) => Err(Problem::new(StatusCode::CONFLICT, "it was to fail").into()),
            }
        })
        .await?;
    Ok(web::Json(json!({"ids": ids})))
}

/// Writes a line into the file that all services share.
fn note(job: &Job, what: &str) -> anyhow::Result<()> {
    let path = env::var("JOBS_FILE")?;
    let mut file = File::options().append(true).create(true).open(path)?;
    let line = format!("{} {} {} {what}\n", job.id, job.attempt, process::id());
    Ok(file.write_all(line.as_bytes())?)
}

async fn quick(job: Job) -> anyhow::Result<()> {
    note(&job, "done")
}

async fn slow(job: Job) -> anyhow::Result<()> {
    note(&job, "begins")?;
    let seconds = job.payload["seconds"].as_f64().unwrap_or_default();
    sleep(Duration::from_secs_f64(seconds)).await;
    note(&job, "done")
}

/// Holds a connection.
async fn holds(database: Database, job: Job) -> anyhow::Result<()> {
    let held = database.read(async |_| Ok(slow(job).await));
    held.await?
}

async fn bad(job: Job) -> anyhow::Result<()> {
    note(&job, "fails")?;
    bail!("no such address")
}

async fn shouts(_job: Job) -> anyhow::Result<()> {
    bail!("{}", "password=hunter2 ".repeat(1 << 20))
}

async fn twice(job: Job) -> anyhow::Result<()> {
    if job.attempt == 1 {
        note(&job, "fails")?;
        bail!("not yet");
    }
    note(&job, "done")
}

async fn panics(job: Job) -> anyhow::Result<()> {
    note(&job, "panics")?;
    panic!("no such address")
}

/// Blocks the thread of all handlers.
async fn blocks(job: Job) -> anyhow::Result<()> {
    note(&job, "blocks")?;
    let seconds = job.payload["seconds"].as_f64().unwrap_or_default();
    thread::sleep(Duration::from_secs_f64(seconds));
    note(&job, "done")
}
