//! An application whose values are cached: `SOURCE` has the truth.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::error::ErrorInternalServerError;
use actix_web::rt::time::sleep;
use actix_web::{Error, Responder, web};
use serde::{Deserialize, Serialize};

use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;
use crate::stages::cache::Cache;

static SOURCE: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
static COMPUTED: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        let values = web::resource("/cached/{key}").get(cached).put(change);
        app.service(values)
            .service(web::resource("/kept/{key}").get(kept).put(keep))
            .service(web::resource("/computed/{key}").get(count));
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    seconds: f64,
    fail: Option<String>,
    #[serde(default)]
    value: String,
    ttl: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    value: String,
}

/// Answers a value, which takes some seconds to compute, or cannot be.
async fn cached(
    cache: web::Data<Cache>,
    key: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<impl Responder, Error> {
    let compute = || async {
        *locked(&COMPUTED).entry(key.to_string()).or_default() += 1;
        let value = locked(&SOURCE).get(key.as_str()).cloned();
        sleep(Duration::from_secs_f64(asked.seconds)).await;
        if asked.fail.is_some() {
            return Err(ErrorInternalServerError("it cannot be computed"));
        }
        Ok(Answer {
            value: value.unwrap_or_default(),
        })
    };
    let found = cache.cached(&key, Duration::from_secs(60), compute).await;
    found.map(web::Json)
}

/// Changes a value in the source.
async fn change(
    cache: web::Data<Cache>,
    key: web::Path<String>,
    asked: web::Query<Asked>,
) -> impl Responder {
    locked(&SOURCE).insert(key.to_string(), asked.into_inner().value);
    cache.delete(&key).await;
    web::Json("changed")
}

async fn keep(
    cache: web::Data<Cache>,
    key: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<impl Responder, Error> {
    let ttl = Duration::from_millis(asked.ttl.unwrap_or(60_000));
    cache.set(&key, &asked.value, ttl).await?;
    Ok(web::Json("kept"))
}

async fn kept(cache: web::Data<Cache>, key: web::Path<String>) -> impl Responder {
    web::Json(cache.get::<String>(&key).await)
}

async fn count(key: web::Path<String>) -> impl Responder {
    web::Json(locked(&COMPUTED).get(key.as_str()).copied())
}
