//! GET /health, /health/live and /health/ready.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use actix_web::rt::time::timeout;
use actix_web::{HttpResponse, Responder, rt, web};
use serde_json::json;

use crate::runtime::healthcheck::{HEADER, instance};
use crate::runtime::lines::utc;

/// How long a readiness check may take.
const CHECK: Duration = Duration::from_secs(2);

/// Adds the health routes.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(web::resource("/health").get(summary))
        .service(web::resource("/health/live").get(live))
        .service(web::resource("/health/ready").get(ready));
}

/// Tells whether a path is one of these routes.
#[must_use]
pub fn is_probe(path: &str) -> bool {
    path == "/health" || path.starts_with("/health/")
}

/// Tells whether machines ask for a path every few seconds: a probe, or a scrape of metrics.
#[must_use]
pub fn is_routine(path: &str) -> bool {
    is_probe(path) || path == "/metrics"
}

/// What a check says when it passes.
const OK: &str = "ok";

type Checking = Pin<Box<dyn Future<Output = anyhow::Result<String>>>>;
type Check = Arc<dyn Fn() -> Checking + Send + Sync>;

/// Readiness checks by name: /health/ready depends on all of them.
#[derive(Clone, Default)]
pub struct Checks(Arc<RwLock<BTreeMap<String, Check>>>);

impl Checks {
    /// Makes /health/ready depend on `check`, which fails with the reason why it is not ready.
    pub fn add<F, Checking>(&self, name: impl Into<String>, check: F)
    where
        F: Fn() -> Checking + Send + Sync + 'static,
        Checking: Future<Output = anyhow::Result<()>> + 'static,
    {
        self.insert(name.into(), move || {
            let checking = check();
            Box::pin(async move { checking.await.map(|()| OK.into()) })
        });
    }

    /// Makes /health/ready say what is amiss, which is ready all the same: of what can be done
    /// without.
    pub fn add_optional<F>(&self, name: impl Into<String>, amiss: F)
    where
        F: Fn() -> Option<String> + Send + Sync + 'static,
    {
        self.insert(name.into(), move || {
            let said = amiss().unwrap_or_else(|| OK.into());
            Box::pin(async { Ok(said) })
        });
    }

    fn insert(&self, name: String, check: impl Fn() -> Checking + Send + Sync + 'static) {
        let mut checks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        checks.insert(name, Arc::new(check));
    }

    fn all(&self) -> BTreeMap<String, Check> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Reports that the service runs, and its version.
async fn summary() -> impl Responder {
    web::Json(json!({
        "status": "ok",
        "timestamp": utc(SystemTime::now()),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

/// Reports that the process answers; the header tells HEALTHCHECK which instance this is.
async fn live() -> impl Responder {
    HttpResponse::Ok()
        .insert_header((HEADER, instance()))
        .json(json!({"status": "ok"}))
}

/// Reports readiness: 200, or 503 with the reason of each failed check.
#[expect(clippy::disallowed_methods, reason = "every task is awaited below")]
async fn ready(checks: web::Data<Checks>) -> impl Responder {
    let running = checks.all().into_iter();
    let running: Vec<_> = running
        .map(|(name, check)| (name, rt::spawn(result(check))))
        .collect();
    let mut is_ready = true;
    let mut said = BTreeMap::new();
    for (name, check) in running {
        let result = check.await;
        let result = result.unwrap_or_else(|_| Err("the check panicked".into()));
        is_ready &= result.is_ok();
        said.insert(name, result.unwrap_or_else(|reason| reason));
    }
    if is_ready {
        HttpResponse::Ok().json(json!({"status": "ok", "checks": said}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "checks": said}))
    }
}

/// What a check says; why it fails, if it does.
async fn result(check: Check) -> Result<String, String> {
    match timeout(CHECK, check()).await {
        Ok(result) => result.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("no answer within {} s", CHECK.as_secs())),
    }
}
