//! Enqueues jobs which do nothing with apalis, and says how long it takes until all are done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{env, error, fs};

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::*;
use apalis_postgres::PostgresStorage;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use tokio::time::{Interval, interval, sleep};

/// Of those from 2 to 20 ms, none is faster; `LISTEN` beside it is not either.
const POLL: Duration = Duration::from_millis(5);

static DONE: AtomicUsize = AtomicUsize::new(0);

#[derive(Serialize, Deserialize)]
struct Nothing {
    number: usize,
}

async fn nothing(_job: Nothing) -> Result<(), BoxDynError> {
    DONE.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Has the worker look again and again.
///
/// `with_pubsub` alone notes the last ends with the next heartbeat, after 30 s, and the interval of
/// apalis sleeps until then when it is over just while jobs are being fetched.
struct Ticks(Interval);

impl PollStrategy for Ticks {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.0.poll_tick(context).is_ready() {}
        Poll::Pending
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error + Send + Sync>> {
    let count: usize = env::var("COUNT")?.parse()?;
    let at_once: usize = env::var("JOBS_WORKERS")?.parse()?;
    let pool = PgPoolOptions::new()
        .max_connections(env::var("DATABASE_POOL_SIZE")?.parse()?)
        .connect(&env::var("DATABASE_URL")?)
        .await?;
    PostgresStorage::setup(&pool).await?;
    let storage = PostgresStorage::<Nothing>::new(&pool);
    let mut enqueued = storage.clone();
    let worker = WorkerBuilder::new("bench")
        .backend(storage.poll_with_strategy(Ticks(interval(POLL))))
        .concurrency(at_once)
        .build(nothing);
    tokio::spawn(worker.run());
    sleep(Duration::from_millis(500)).await; // the worker has begun
    let (began, used) = (Instant::now(), processor()?);
    for number in 0..count {
        enqueued.push(Nothing { number }).await?;
    }
    while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM apalis.jobs WHERE status != 'Done'")
        .fetch_one(&pool)
        .await?
        > 0
    {
        sleep(Duration::from_millis(20)).await;
    }
    let (took, used) = (began.elapsed().as_secs_f64(), processor()? - used);
    assert_eq!(DONE.load(Ordering::Relaxed), count);
    println!("measured {took} {used}");
    Ok(())
}

/// Returns the seconds that this process has used of the processors.
fn processor() -> Result<f64, Box<dyn error::Error + Send + Sync>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").unwrap_or_default();
    let ticks = rest.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}
