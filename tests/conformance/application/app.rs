//! An application whose requests show what the service does with them.

use std::time::Duration;
use std::{fs, thread};

use actix_web::rt::time::sleep;
use actix_web::{Error, HttpRequest, HttpResponse, Responder, error, web};
use futures_core::Stream;
use serde::Deserialize;
use serde_json::json;

use crate::runtime::problems::Failure;
use crate::runtime::root_path;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/").get(index))
            .service(web::resource("/size").post(size))
            .service(web::resource("/swallow").post(swallow))
            .service(web::resource("/fail").get(fail))
            .service(web::resource("/refuse").get(refuse))
            .service(web::resource("/break").get(break_off))
            .service(web::resource("/slow").get(slow).post(slow))
            .service(web::resource("/block").get(block))
            .service(web::resource("/big").get(big))
            .service(web::resource("/where").get(where_from))
            .service(web::resource("/away/").get(where_from))
            .service(web::resource("/deaf").get(deaf));
    }
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    reuse: bool,
}

async fn index() -> impl Responder {
    web::Json(json!({"service": "orders"}))
}

async fn size(body: web::Bytes) -> impl Responder {
    web::Json(body.len())
}

/// Answers whatever happens to its body, as careless code does.
async fn swallow(body: Result<web::Bytes, Error>) -> impl Responder {
    match body {
        Ok(body) => HttpResponse::Ok().json(body.len()),
        Err(_) => HttpResponse::Ok().json("fine"),
    }
}

async fn fail() -> HttpResponse {
    panic!("hunter2")
}

async fn refuse() -> Result<HttpResponse, Error> {
    Err(error::ErrorServiceUnavailable("come back later"))
}

/// Begins an answer, and fails in its middle.
async fn break_off() -> impl Responder {
    HttpResponse::Ok().streaming(Broken(0))
}

struct Broken(u32);

impl Stream for Broken {
    type Item = Result<web::Bytes, Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0 += 1;
        assert!(self.0 < 3, "hunter2");
        std::task::Poll::Ready(Some(Ok(web::Bytes::from_static(&[b'x'; 70_000]))))
    }
}

/// Works for a while, then reads its body.
async fn slow(query: web::Query<Query>, body: web::Payload) -> Result<HttpResponse, Error> {
    sleep(Duration::from_secs_f64(query.seconds)).await;
    let body = body.to_bytes_limited(1 << 20).await;
    let body = body.map_err(|_| error::ErrorBadRequest("too long"))??;
    Ok(HttpResponse::Ok().json(body.len()))
}

/// Blocks its thread.
async fn block(query: web::Query<Query>) -> impl Responder {
    thread::sleep(Duration::from_secs_f64(query.seconds));
    "done"
}

async fn big() -> impl Responder {
    web::Bytes::from(vec![0; 64 << 20])
}

/// Tells how it was reached.
async fn where_from(request: HttpRequest) -> impl Responder {
    let (connection, root) = (request.connection_info().clone(), root_path(&request));
    let url = format!(
        "{}://{}{root}/where",
        connection.scheme(),
        connection.host()
    );
    web::Json((url, request.peer_addr().map(|peer| peer.ip())))
}

/// Closes the socket that the service listens on.
async fn deaf(query: web::Query<Query>) -> Result<&'static str, Failure> {
    let table = fs::read_to_string("/proc/self/net/tcp")?;
    let port = format!(
        ":{:04X}",
        std::env::var("PORT")
            .unwrap_or_default()
            .parse()
            .unwrap_or(0)
    );
    let listening = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut listening = listening.filter(|line| line[1].ends_with(&port) && line[3] == "0A");
    let socket = format!("socket:[{}]", listening.next().map_or("", |line| line[9]));
    for number in 3..1000 {
        let found = fs::read_link(format!("/proc/self/fd/{number}"));
        if found.is_ok_and(|found| found.to_string_lossy() == socket) {
            nix::unistd::close(number)?;
        }
    }
    if query.reuse {
        std::mem::forget(fs::File::open("/dev/null")?);
    }
    Ok("done")
}
