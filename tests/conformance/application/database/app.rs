//! An application that shows what its database does; app.py beside this file is its twin.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::rt::time::sleep;
use actix_web::{Responder, Result, web};
use serde_json::json;
use sqlx::AnyConnection;

use crate::runtime::problems::Problem;
use crate::runtime::settings::Reader;
use crate::runtime::stage::{Migration, Stage};
use crate::stages::database::{Database, Error};

const COUNT: &str = "SELECT count(*) FROM orders";
const INSERT: &str = "INSERT INTO orders (title) VALUES ('tea')";
const SLEEP: &str = "SELECT CAST(pg_sleep(30) AS TEXT)";
const LOOP: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000000) \
                    SELECT count(*) FROM n";

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";
    const MIGRATIONS: &[Migration] = &[
        Migration {
            number: "0001",
            up: include_str!("migrations/0001_orders.up.sql"),
            down: include_str!("migrations/0001_orders.down.sql"),
        },
        Migration {
            number: "0002",
            up: include_str!("migrations/0002_notes.up.sql"),
            down: include_str!("migrations/0002_notes.down.sql"),
        },
    ];

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/orders").get(orders).post(add))
            .service(web::resource("/refused").post(refuse))
            .service(web::resource("/lost").post(lose))
            .service(web::resource("/slow").get(slow))
            .service(web::resource("/hold/{seconds}").get(hold))
            .service(web::resource("/wrong").get(wrong));
    }
}

async fn counted(connection: &mut AnyConnection) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(connection).await?)
}

async fn orders(database: web::Data<Database>) -> Result<impl Responder> {
    let count = database.read(counted).await?;
    Ok(web::Json(json!({"orders": count})))
}

async fn add(database: web::Data<Database>) -> Result<impl Responder> {
    let count = database
        .write(async |connection| {
            sqlx::query(INSERT).execute(&mut *connection).await?;
            counted(connection).await
        })
        .await?;
    Ok(web::Json(json!({"orders": count})))
}

async fn refuse(database: web::Data<Database>) -> Result<impl Responder> {
    let count: i64 = database
        .write(async |connection| {
            sqlx::query(INSERT).execute(&mut *connection).await?;
            Err(Problem::new(StatusCode::CONFLICT, "no more tea")
                .member("left", 0)
                .into())
        })
        .await?;
    Ok(web::Json(json!({"orders": count})))
}

async fn lose(database: web::Data<Database>) -> Result<impl Responder> {
    let count = database
        .read(async |connection| {
            sqlx::query(INSERT).execute(&mut *connection).await?;
            counted(connection).await
        })
        .await?;
    Ok(web::Json(json!({"orders": count})))
}

async fn slow(database: web::Data<Database>) -> Result<impl Responder> {
    database
        .read(async |connection| {
            let is_server = connection.backend_name() == "PostgreSQL";
            let query = sqlx::query(if is_server { SLEEP } else { LOOP });
            Ok(query.execute(connection).await.map(drop)?)
        })
        .await?;
    Ok(web::Json(json!({})))
}

async fn hold(database: web::Data<Database>, seconds: web::Path<f64>) -> Result<impl Responder> {
    let count = database
        .write(async |connection| {
            sqlx::query(INSERT).execute(&mut *connection).await?;
            sleep(Duration::from_secs_f64(*seconds)).await;
            counted(connection).await
        })
        .await?;
    Ok(web::Json(json!({"orders": count})))
}

async fn wrong(database: web::Data<Database>) -> Result<impl Responder> {
    database
        .read(async |connection| {
            let query = sqlx::query("SELECT secret FROM nowhere");
            Ok(query.execute(connection).await.map(drop)?)
        })
        .await?;
    Ok(web::Json(json!({})))
}
