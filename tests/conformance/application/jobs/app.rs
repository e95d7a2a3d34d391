//! An application that shows what its jobs do; app.py beside this file is its twin.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;
use std::{env, thread};

use actix_web::http::StatusCode;
use actix_web::rt::time::sleep;
use actix_web::{Responder, Result, web};
use anyhow::bail;
use serde::Deserialize;
use serde_json::json;

use crate::runtime::problems::Problem;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;
use crate::stages::database::{Database, Error};
use crate::stages::jobs::{self, Job, Jobs};

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(env: &mut Reader<'_>) -> Self {
        let jobs: Jobs = env.stage();
        if says("JOBS_HANDLERS") != "none" {
            jobs.handler("note", note);
            jobs.handler("slow", slow);
            jobs.handler("bad", bad);
            jobs.handler("twice", twice);
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
    delay: u64,
    #[serde(default)]
    fail: u8,
}

fn one() -> u32 {
    1
}

/// Enqueues jobs in one transaction, which fails if that is asked for.
async fn enqueue(
    database: web::Data<Database>,
    kind: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<impl Responder> {
    let delay = Duration::from_secs(asked.delay);
    let ids = database
        .write(async |connection| {
            let mut ids = Vec::new();
            for n in 0..asked.n {
                ids.push(jobs::enqueue(connection, &kind, &json!({"n": n}), delay).await?);
            }
            if asked.fail == 1 {
                return Err(Error::Answer(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "it was to fail",
                )));
            }
            Ok(ids)
        })
        .await?;
    Ok(web::Json(json!({"ids": ids})))
}

fn says(variable: &str) -> String {
    env::var(variable).unwrap_or_default()
}

/// Writes a line of its own into a file that several processes write.
fn write(line: &str) -> anyhow::Result<()> {
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(says("JOBS_FILE"))?;
    Ok(file.write_all(format!("{line}\n").as_bytes())?)
}

fn begin(job: &Job) -> anyhow::Result<()> {
    write(&format!("{} {}", job.id, job.attempt))
}

async fn note(job: Job) -> anyhow::Result<()> {
    begin(&job)
}

async fn slow(job: Job) -> anyhow::Result<()> {
    begin(&job)?;
    sleep(Duration::from_secs_f64(says("JOBS_SLOW").parse()?)).await;
    write(&format!("{} {} done", job.id, job.attempt))
}

async fn bad(job: Job) -> anyhow::Result<()> {
    begin(&job)?;
    bail!("no such address: hunter")
}

async fn twice(job: Job) -> anyhow::Result<()> {
    begin(&job)?;
    if job.attempt == 1 {
        bail!("no such address: hunter");
    }
    Ok(())
}

async fn panics(job: Job) -> anyhow::Result<()> {
    begin(&job)?;
    panic!("no such address: hunter")
}

/// Blocks the thread of the worker, as code that waits for something does.
async fn blocks(job: Job) -> anyhow::Result<()> {
    begin(&job)?;
    thread::sleep(Duration::from_secs_f64(says("JOBS_SLOW").parse()?));
    Ok(())
}
