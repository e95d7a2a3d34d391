//! The application of the tests of boot and logging: its command runs one case each.

#![allow(clippy::unwrap_used, clippy::exit, clippy::print_stdout)]

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::pin::Pin;
use std::process;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use actix_web::{Error, HttpResponse, Responder, web};
use anyhow::Context as _;

use crate::runtime::records::Record;
use crate::runtime::settings::{Reader, Variables};
use crate::runtime::stage::Stage;
use crate::runtime::{boot, context, lines, log, repeats, stdio, tasks};
use crate::stages::logging::lines::{json_line, text_line};
use crate::stages::logging::{Logging, RequestId};

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/log").get(log_in_request))
            .service(web::resource("/fail").get(fail))
            .service(web::resource("/lose/{what}").get(lose))
            .service(web::resource("/break").get(break_off))
            .service(web::resource("/parts").get(parts))
            .service(web::resource("/slow/{id}").get(slow));
    }

    fn command(arguments: &[String]) -> Option<u8> {
        let case = arguments[0].as_str();
        if case == "lines" {
            print_lines();
            return Some(0);
        }
        stdio::open();
        boot::start();
        if std::env::var_os("LOG_FORMAT").is_some() {
            take_over();
        }
        let status = boot::guarded(|| run(case));
        Some(status)
    }
}

async fn log_in_request(id: web::ReqData<RequestId>) -> impl Responder {
    tracing::info!("handled");
    let span = tracing::Span::current();
    let _ = web::block(move || span.in_scope(|| tracing::info!("in a thread"))).await;
    let _ = tasks::spawn("talking", async { tracing::info!("in a task") }).await;
    HttpResponse::Ok()
        .insert_header(("X-Request-ID", "of the application"))
        .body(id.into_inner().0)
}

async fn fail() -> Result<HttpResponse, Error> {
    panic!("password=hunter2")
}

async fn lose(what: web::Path<String>) -> Result<HttpResponse, Error> {
    Err(actix_web::error::ErrorInternalServerError(
        what.into_inner(),
    ))
}

async fn break_off() -> impl Responder {
    HttpResponse::Ok().streaming(Parts(1, true))
}

async fn parts() -> impl Responder {
    HttpResponse::Ok().streaming(Parts(0, false))
}

async fn slow(id: web::Path<String>) -> impl Responder {
    actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    tracing::info!(of = id.as_str(), "slept");
    "done"
}

/// Three parts of a body, each with a line; or one, and a failure.
struct Parts(usize, bool);

impl futures_core::Stream for Parts {
    type Item = Result<web::Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        let is_last = self.0 > 3;
        if is_last && self.1 {
            panic!("no more");
        }
        Poll::Ready((!is_last).then(|| {
            tracing::info!("part {}", self.0);
            Ok(web::Bytes::from_static(b"x"))
        }))
    }
}

fn take_over() {
    let variables: Variables = std::env::vars_os().collect();
    let stage = Logging::read(&mut Reader::new(&variables));
    actix_web::rt::System::new()
        .block_on(stage.start(&crate::health::Checks::default()))
        .unwrap();
}

struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of it ")?;
        panic!("no text")
    }
}

struct Failing;

impl fmt::Display for Failing {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

struct Talking;

impl fmt::Display for Talking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("said while it is shown");
        f.write_str("shown")
    }
}

struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        panic!("no luck in a destructor")
    }
}

fn run(case: &str) -> anyhow::Result<u8> {
    match case {
        "fails" => return Err(no_disk()).context("the rates cannot be read"),
        "limit" => return Err(io::Error::from_raw_os_error(24)).context("no listener"),
        "panics" => panic!("no disk"),
        "panics in lines" => panic!("no disk\n2026-01-01 00:00:00,000 INFO x: forged\x1b[2J"),
        "panics without text" => std::panic::panic_any(7),
        "panics in a thread" => in_thread("worker", || panic!("no disk")),
        "panics in a destructor" => {
            let _dropped = Dropped;
            panic!("no luck")
        }
        "panics in a span" => {
            let _entered = tracing::error_span!("request", request_id = "abc-123").entered();
            panic!("no disk")
        }
        "panics deep within" => in_thread("worker", || recurse(80)),
        "exits" => leave(0),
        "exits with 3" => leave(3),
        "logs what panics" => tracing::info!(order = 7, value = %Broken, "got {}", Broken),
        "logs what fails" => tracing::info!("got {}", Failing),
        "logs what logs" => tracing::info!("got {}", Talking),
        "logs by the crate log" => ::log::warn!(target: "library", "old {}", "way"),
        "logs in threads" => log_in_threads(),
        "logs much" => (0..1500).for_each(|number| tracing::info!(number, "{}", "x".repeat(99))),
        "logs, and waits" => log_and_wait(),
        "logs levels" => log_levels(),
        "logs of spans" => log_of_spans(),
        "logs fields" => log_fields(),
        "prints" => print_and_log(),
        "repeats" => repeat(),
        "fails in the crowd" => actix_web::rt::System::new().block_on(fail_in_the_crowd()),
        "repeats what clients choose" => repeat_what_clients_choose(),
        "runs tasks" => actix_web::rt::System::new().block_on(run_tasks()),
        "hears a client" => hear_a_client(),
        other => anyhow::bail!("no case {other}"),
    }
    Ok(0)
}

fn no_disk() -> io::Error {
    io::Error::other("no disk")
}

fn leave(status: i32) {
    process::exit(status)
}

fn in_thread(name: &str, run: fn()) {
    let thread = thread::Builder::new().name(name.into()).spawn(run).unwrap();
    let _ = thread.join();
}

fn recurse(depth: usize) {
    if depth == 0 {
        panic!("no disk");
    }
    recurse(depth - 1);
    std::hint::black_box(depth);
}

fn log_in_threads() {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            thread::spawn(move || {
                for number in 0..200 {
                    tracing::info!("{}", format!("{writer}-{number} ").repeat(2000));
                }
            })
        })
        .collect();
    writers
        .into_iter()
        .for_each(|writer| writer.join().unwrap());
}

fn log_and_wait() {
    for number in 0..40 {
        tracing::info!(number, "looked");
        stdio::look();
        thread::sleep(Duration::from_millis(50));
    }
}

fn log_levels() {
    tracing::trace!("trace");
    tracing::debug!("debug");
    tracing::info!("info");
    tracing::warn!("warning");
    tracing::error!("error");
    tracing::debug!(target: "library::part", "debug of a library");
    ::log::debug!(target: "library::part", "debug of the crate log");
    log::critical!("critical");
}

fn log_of_spans() {
    let outer = tracing::info_span!("outer", tenant = "acme", level = "mine", order = 1);
    let inner =
        tracing::info_span!(parent: &outer, "inner", order = 2, user = tracing::field::Empty);
    inner.in_scope(|| {
        inner.record("user", "ann");
        tracing::info!("within");
        tracing::info!(parent: &outer, "of the outer one");
        tracing::info!(parent: None, "of none");
        ::log::info!("of a library");
        thread::scope(|scope| {
            scope
                .spawn(|| tracing::info!("in a thread"))
                .join()
                .unwrap()
        });
    });
    tracing::info!("without");
}

fn log_fields() {
    tracing::info!(
        whole = 7,
        large = u64::MAX,
        larger = u128::MAX,
        part = 1.5,
        nan = f64::NAN,
        yes = true,
        text = "a\"b",
        shown = ?vec![1, 2],
        none = None::<u8>,
        message_id = 1,
        password = "hunter2",
        level = "mine",
        request_id = "forged",
        error = &no_disk() as &dyn std::error::Error,
        "fields"
    );
    let huge: &'static str = Box::leak("y".repeat(9000).into_boxed_str());
    tracing::info!(huge, "begin{}end", "x".repeat(1_000_000));
    let spans: Vec<_> = (0..40).map(|_| tracing::info_span!("s")).collect();
    drop(spans);
    macro_rules! many { ($($name:ident)*) => { tracing::info!($($name = "z".repeat(8000),)* "many") } }
    many!(a b c d e f g h i j k l m n o p q r s t u v w x y);
}

fn print_and_log() {
    for number in 0..20 {
        println!("printed {number}");
        tracing::info!("logged {number}");
    }
}

fn repeat() {
    for number in 0..100 {
        tracing::error!(
            error = format!("request {number} failed"),
            "request {number}"
        );
        tracing::info!("information");
        log::critical!("the end");
        let _ = std::panic::catch_unwind(|| panic!("handler of {number}"));
    }
    tracing::error!("something else");
    for number in 0..1000 {
        let word: String = format!("{number:010b}").replace('0', "a").replace('1', "b");
        tracing::warn!(error = word, "kind");
    }
    repeats::report();
    tracing::info!("not yet");
    repeats::report_all();
    repeats::report_all();
}

/// Once each, after others of the same place that come all the time.
async fn fail_in_the_crowd() {
    let task = |name, error: &'static str| tasks::spawn(name, async move { Err::<(), _>(error) });
    for _ in 0..100 {
        let _ = task("noisy", "cache miss").await;
        report("mails", "refused", "low");
    }
    let _ = task("noisy", "another error").await;
    let _ = task("precious", "cache miss").await;
    report("mails", "the disk is full", "low");
    report("ledger", "refused", "low");
    report("mails", "refused", "urgent");
}

/// Reports in one central place.
fn report(what: &str, error: &str, how: &str) {
    tracing::error!(error, how, "{what} failed");
}

fn repeat_what_clients_choose() {
    let chosen = |number: usize| format!("{number:010b}").replace('0', "a").replace('1', "b");
    for number in 0..1000 {
        report(&chosen(number), "refused", &chosen(number));
    }
    report("ledger", "the disk is full", "low");
    for number in 0..1000 {
        report(&chosen(number), &chosen(number), "low");
    }
}

async fn run_tasks() {
    let span = tracing::error_span!("request", request_id = "abc-123");
    span.in_scope(|| {
        let error = || Err::<(), _>(anyhow::Error::from(no_disk()).context("no rates"));
        tasks::spawn("failing", async move { error() });
        tasks::spawn("panicking", async { panic!("no luck") });
        tasks::spawn("working", async { tracing::info!("works") });
        tasks::spawn("succeeding", async { Ok::<_, io::Error>(7) });
        drop(actix_web::rt::spawn(async { panic!("plain") }));
    });
    let kept = tasks::spawn("waited for", async {});
    kept.await.unwrap();
    actix_web::rt::time::sleep(Duration::from_millis(50)).await;
}

fn hear_a_client() {
    tracing::error!(target: "actix_http::h1::dispatcher", "stream error: request parse error: x");
    tracing::error!(target: "actix_http::h1::dispatcher", "Response payload stream error: y");
    tracing::info!(target: "actix_server::worker", "shutting down idle worker");
}

/// Reads texts, and prints the lines that they make: JSON and text by turns.
fn print_lines() {
    let mut input = String::new();
    io::stdin().read_to_string(&mut input).unwrap();
    let texts: Vec<String> = serde_json::from_str(&input).unwrap();
    let mut output = io::stdout().lock();
    for text in &texts {
        let mut record = Record::new(lines::Level::Info, "test", format_args!("{text}"));
        record.fields.push(("y".into(), text.as_str().into()));
        record.fields.push((text.clone().into(), "value".into()));
        for line in [json_line(&record), text_line(&record, false)] {
            writeln!(output, "{}", serde_json::Value::from(line)).unwrap();
        }
    }
    assert!(context::current().is_none());
}
