//! An application that enqueues jobs which do nothing, and says how long it takes until all are done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use actix_web::rt::time::sleep;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::health::Checks;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;
use crate::runtime::tasks;
use crate::stages::database::Database;
use crate::stages::jobs::{self, Job, Jobs};

static DONE: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone)]
pub struct App {
    database: Database,
}

impl Stage for App {
    const NAME: &str = "app";

    fn read(env: &mut Reader<'_>) -> Self {
        let jobs: Jobs = env.stage();
        jobs.handler("nothing", nothing);
        Self {
            database: env.stage(),
        }
    }

    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        let database = self.database.clone();
        tasks::spawn("the bench", async move {
            if let Err(error) = measure(&database).await {
                tracing::error!("{error:#}");
            }
            let _ = kill(Pid::this(), Signal::SIGTERM); // it asks the service to stop
        });
        Ok(())
    }
}

async fn nothing(_job: Job) -> anyhow::Result<()> {
    DONE.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let count: usize = env::var("COUNT")?.parse()?;
    while database.ready().await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(500)).await; // the worker has begun
    let (began, used) = (Instant::now(), processor()?);
    for number in 0..count {
        let payload = json!({"number": number});
        let enqueued = database.write(async |connection| {
            jobs::enqueue(connection, "nothing", &payload, Duration::ZERO).await
        });
        enqueued.await?;
    }
    loop {
        let asked = database.read(async |connection| {
            let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jobs");
            Ok(count.fetch_one(connection).await?)
        });
        if asked.await? == 0 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (took, used) = (began.elapsed().as_secs_f64(), processor()? - used);
    anyhow::ensure!(DONE.load(Ordering::Relaxed) == count);
    println!("measured {took} {used}");
    Ok(())
}

/// Returns the seconds that this process has used of the processors.
fn processor() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").unwrap_or_default();
    let ticks = rest.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}
