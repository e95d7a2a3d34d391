//! An application with a route for each dependency; app.py beside this file is its twin.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use actix_web::{Error, Responder, Result, web};
use serde_json::json;

use crate::runtime::settings::Reader;
use crate::runtime::stage::{Migration, Stage};
use crate::stages::cache::Cache;
use crate::stages::database::Database;
use crate::stages::jobs::{self, Job, Jobs};

static DONE: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";
    const MIGRATIONS: &[Migration] = &[Migration {
        number: "0001",
        up: include_str!("migrations/0001_orders.up.sql"),
        down: include_str!("migrations/0001_orders.down.sql"),
    }];

    fn read(env: &mut Reader<'_>) -> Self {
        let jobs: Jobs = env.stage();
        jobs.handler("confirm", confirm);
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/").get(index))
            .service(web::resource("/orders").post(add))
            .service(web::resource("/jobs").post(enqueue))
            .service(web::resource("/jobs/{job}").get(is_done))
            .service(web::resource("/prices/{product}").get(price));
    }
}

/// So much that few rows fit into a page of the database.
fn tea() -> String {
    "tea ".repeat(400)
}

async fn index() -> impl Responder {
    web::Json(json!({"service": "orders"}))
}

async fn add(database: web::Data<Database>) -> Result<impl Responder> {
    database
        .write(async |connection| {
            let insert = sqlx::query("INSERT INTO orders (title) VALUES ($1)");
            Ok(insert.bind(tea()).execute(connection).await.map(drop)?)
        })
        .await?;
    Ok(web::Json("added"))
}

async fn enqueue(database: web::Data<Database>) -> Result<impl Responder> {
    let order = json!({"order": tea()});
    let enqueued = database.write(async |connection| {
        jobs::enqueue(connection, "confirm", &order, Duration::ZERO).await
    });
    Ok(web::Json(enqueued.await?))
}

async fn is_done(job: web::Path<String>) -> impl Responder {
    let done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    web::Json(done.contains(job.as_str()))
}

async fn price(cache: web::Data<Cache>, product: web::Path<String>) -> Result<impl Responder> {
    let compute = || async { Ok::<_, Error>(7) };
    let found = cache.cached(&product, Duration::from_secs(60), compute);
    Ok(web::Json(found.await?))
}

async fn confirm(job: Job) -> anyhow::Result<()> {
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    done.insert(job.id);
    Ok(())
}
