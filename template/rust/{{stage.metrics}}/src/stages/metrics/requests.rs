//! Middleware that counts and times requests, by the template of their route.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;

use super::measured::{Answered, Measured, Series};
use crate::runtime::routes::{self, Routes};
use crate::runtime::sent::Sent;

/// Clients choose methods and paths: labels have values that are known, and these.
const OTHER: &str = "OTHER";
const UNKNOWN: &str = "unknown";

/// nginx's status of a client that did not wait for its answer.
const CLIENT_GONE: u16 = 499;

/// What the requests to one worker share.
pub struct Worker {
    measured: Arc<Measured>,
    routes: OnceCell<Routes>,
    /// The series that it has counted into: to find them again takes no lock that workers share.
    /// A tree, as there are few: to compare takes less than to hash.
    series: RefCell<BTreeMap<Answered, Series>>,
}

impl Worker {
    pub fn new(measured: Arc<Measured>) -> Self {
        Self {
            measured,
            routes: OnceCell::new(),
            series: RefCell::default(),
        }
    }

    fn count(&self, answered: Answered, took: Duration) {
        let mut series = self.series.borrow_mut();
        let series = series.entry(answered);
        let series = series.or_insert_with_key(|answered| self.measured.series(answered));
        series.count(took);
    }
}

/// Measures one request; it is counted when its answer has been sent.
pub async fn measure<B>(
    request: ServiceRequest,
    next: Next<B>,
    worker: Rc<Worker>,
) -> Result<ServiceResponse<Sent<B, Box<Counted>>>, Error>
where
    B: MessageBody + 'static,
{
    let routes = worker.routes.get_or_init(|| Routes::of(&request));
    let asked = request.uri().path_and_query().cloned();
    // In a box: until an answer has been sent, it is moved from one to the next of all around it.
    let mut counted = Box::new(Counted::begin(&request, Rc::clone(&worker)));
    match next.call(request).await {
        Ok(answer) => {
            counted.status = answer.status().as_u16();
            counted.route = routes::taken(answer.request());
            Ok(Sent::with(answer, counted))
        }
        Err(error) => {
            counted.status = error.as_response_error().status_code().as_u16();
            counted.route = routes.at(asked.as_ref().map_or("", PathAndQuery::path));
            Err(error)
        }
    }
}

/// A request that is counted when this is dropped: it has been answered, or nobody waits for it.
pub struct Counted {
    worker: Rc<Worker>,
    method: &'static str,
    route: Option<String>,
    status: u16,
    began: Instant,
}

impl Counted {
    fn begin(request: &ServiceRequest, worker: Rc<Worker>) -> Self {
        worker.measured.in_flight.inc();
        Self {
            worker,
            method: routes::method(request.method()).unwrap_or(OTHER),
            route: None,
            status: CLIENT_GONE,
            began: Instant::now(),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.worker.measured.in_flight.dec();
        let answered = Answered {
            method: self.method,
            route: self.route.take().unwrap_or_else(|| UNKNOWN.to_owned()),
            status: self.status,
        };
        self.worker.count(answered, self.began.elapsed());
    }
}
