//! From boot to the first request: settings, port, application, server.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt::System;
use actix_web::rt::time::sleep;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use socket2::Socket;

use super::connections::{self, Connections};
use super::guard::Guard;
use super::listener::{self, Identity};
use super::log::critical;
use super::middleware::AllRoutes;
use super::rules::Rules;
use super::settings::{self, ConfigError, Reader, Source};
use super::shared_state::shared;
use super::stage::{Service, Stage};
use super::watchdog::{self, Watchdog};
use super::{EXIT_CONFIG, EXIT_SOFTWARE, EXIT_SYSTEM, boot, draining, log, repeats, steps, stop};
use crate::config::Settings;
use crate::health::{self, Checks};
use crate::stages::Stages;

/// For requests at a stop: less than the supervisor allows for the whole stop.
const DRAIN: Duration = Duration::from_secs(5);
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// How long a connection whose client still sends stays open after its last answer.
const LINGER: Duration = Duration::from_secs(2);
/// The server itself refuses nobody: `connections` does.
const NO_LIMIT: usize = 1 << 30;
/// What every worker makes its application from.
#[derive(Clone)]
pub struct Blueprint {
    pub settings: Settings,
    pub stages: Stages,
    pub checks: Checks,
}

impl Blueprint {
    /// Reads the settings of the service and of all stages.
    ///
    /// # Errors
    ///
    /// With every setting that is missing or wrong.
    pub fn read(source: &dyn Source) -> Result<Self, ConfigError> {
        let mut env = Reader::new(source);
        let settings = Settings::read(&mut env);
        let stages = Stages::read(&mut env);
        let (_, problems) = env.finish_all();
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Ok(Self {
            settings,
            stages,
            checks: Checks::default(),
        })
    }

    /// Builds the application of one worker.
    #[must_use]
    pub fn application(&self) -> App<impl Service + use<>> {
        let limit = self.settings.max_body_bytes;
        let app = App::new()
            .app_data(web::Data::new(self.checks.clone()))
            .app_data(web::Data::new(self.settings.clone()))
            .app_data(web::PayloadConfig::new(limit))
            .app_data(web::JsonConfig::default().limit(limit))
            .app_data(web::FormConfig::default().limit(limit))
            .configure(health::configure)
            .configure(|app| self.stages.configure(app))
            .wrap(AllRoutes(Rules::new(&self.settings)));
        self.stages.wrap(app)
    }
}

/// Serves until it is asked to stop; returns the exit status.
#[must_use]
pub fn run() -> u8 {
    let service = match Blueprint::read(settings::source()) {
        Ok(service) => service,
        Err(ConfigError(problems)) => {
            for problem in problems {
                critical!("setting {problem}");
            }
            return EXIT_CONFIG;
        }
    };
    log::set_level(service.settings.log_level);
    let (host, port) = (&service.settings.host, service.settings.port);
    let Some(socket) = listener::bind(host, port) else {
        return EXIT_SYSTEM;
    };
    tracing::info!("listening on {host}:{port}");
    if service.settings.forwarded_allow_ips.are_everybody() {
        tracing::warn!(
            "FORWARDED_ALLOW_IPS trusts everybody: a client that reaches this port without the \
             proxy can forge its address; name the proxy's address instead"
        );
    }
    let served = System::new().block_on(serve(service, socket));
    shared().finish();
    repeats::report_all();
    match served {
        _ if stop::is_asked() => stop::status(),
        Ok(()) => EXIT_SOFTWARE, // the watchdog has logged why
        Err(error) => failed(&error),
    }
}

/// Logs why the service ends; returns the exit status.
fn failed(error: &anyhow::Error) -> u8 {
    if let Some(ConfigError(problems)) = error.downcast_ref() {
        for problem in problems {
            critical!("{error}: setting {problem}");
        }
        return EXIT_CONFIG;
    }
    critical!("{error:#}");
    boot::exit_status(error)
}

async fn serve(service: Blueprint, socket: Socket) -> anyhow::Result<()> {
    let watchdog = Watchdog::start(service.settings.start_seconds);
    service.stages.start(&service.checks).await?;
    let served = answer(&service, socket, &watchdog).await;
    service.stages.stop().await;
    served
}

/// Answers requests until the service is asked to stop, or cannot go on.
async fn answer(service: &Blueprint, socket: Socket, watchdog: &Watchdog) -> anyhow::Result<()> {
    let connections = Connections::new(connections::most(service.settings.max_connections));
    let mut server = pin!(start(service, socket, &connections, watchdog)?);
    tokio::select! {
        ended = &mut server => {
            ended.context("the server failed")?;
            if !stop::is_asked() {
                anyhow::bail!("the server stopped without being asked to; docs/runbook.md#log-lines");
            }
            return Ok(());
        }
        () = watchdog.lost() => return Ok(()),
        () = stop::asked() => {}
    }
    steps::set("requests are being answered");
    // The command is given by the call; the server's end is awaited below.
    drop(server.handle().stop(true));
    let all = async {
        tokio::select! {
            _ = server => {}
            () = finished(&connections) => {}
        }
        steps::set("background work is being finished");
        none_under_way().await;
    };
    tokio::select! {
        () = all => {}
        () = stop::asked_again() => {}
        () = sleep(DRAIN) => if connections.open() > 0 {
            tracing::warn!("requests did not end within {} s", DRAIN.as_secs());
        }
    }
    Ok(())
}

fn start(
    service: &Blueprint,
    socket: Socket,
    connections: &Arc<Connections>,
    watchdog: &Watchdog,
) -> anyhow::Result<Server> {
    let settings = &service.settings;
    let name = format!("{}:{}", settings.host, settings.port);
    let listener = listener::listen(socket, connections.backlog()).map_err(|error| {
        anyhow::anyhow!("cannot listen on {name}: {}", listener::advice(&error))
    })?;
    let identity = Identity::of(&listener);
    shared().set_address(listener.local_addr()?);

    let (blueprint, guarded, admitting) = (
        service.clone(),
        Arc::clone(connections),
        Arc::clone(connections),
    );
    let server = HttpServer::new(move || {
        watchdog::watch_worker(Arc::clone(&guarded));
        let guard = Guard {
            rules: Rules::new(&blueprint.settings),
            connections: Arc::clone(&guarded),
        };
        blueprint.application().wrap(guard)
    })
    .disable_signals()
    .max_connections(NO_LIMIT)
    .on_connect(move |stream, data| admitting.admit(stream, data))
    .keep_alive(Duration::from_secs(settings.keep_alive_seconds))
    .client_request_timeout(Duration::ZERO) // connections have deadlines of their own
    .client_disconnect_timeout(LINGER)
    .h1_allow_half_closed(false)
    .tcp_nodelay(true)
    .shutdown_timeout(DRAIN.as_secs())
    .listen(listener)?
    .run();
    watchdog.serves(identity, name);
    Ok(server)
}

/// Waits until no connection is open.
async fn finished(connections: &Connections) {
    while connections.open() > 0 {
        sleep(DRAIN_LOOK).await;
    }
}

/// Waits until nothing else is under way that a stop lets finish.
async fn none_under_way() {
    while draining::under_way() > 0 {
        sleep(DRAIN_LOOK).await;
    }
}
