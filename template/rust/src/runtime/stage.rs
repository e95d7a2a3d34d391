//! The interface of a stage.

use std::future::Future;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, web};

use super::settings::{Reader, Source};
use super::steps;
use crate::health::Checks;

/// An application, whatever is wrapped around it.
pub trait Service:
    ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<Self::Body>,
        Error = Error,
        InitError = (),
    > + 'static
{
    type Body: MessageBody + 'static;
}

impl<T, B> Service for T
where
    B: MessageBody + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
{
    type Body = B;
}

/// One numbered step of a schema, and the way back.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Four digits, in the order of the steps.
    pub number: &'static str,
    /// Statements of SQL, as in `include_str!("migrations/0001_orders.up.sql")`.
    pub up: &'static str,
    pub down: &'static str,
}

/// The migrations of a stage, with its name before them and its tables after them.
pub type Migrations = (&'static str, &'static [Migration], &'static [&'static str]);

/// One capability of the service, or its application. It is made once, and every worker has a
/// clone of it.
pub trait Stage: Clone + Send + 'static {
    /// As the catalogue and the log call it.
    const NAME: &str;

    /// Its part of the schema, which the stage `database` applies.
    const MIGRATIONS: &[Migration] = &[];

    /// The tables that these make, all of them: `db export` writes them.
    const TABLES: &[&str] = &[];

    /// Reads its settings; connects to nothing yet. A stage that it uses is `env.stage()`.
    fn read(env: &mut Reader<'_>) -> Self;

    /// Adds its routes and its state to the application of a worker.
    fn configure(&self, _app: &mut web::ServiceConfig) {}

    /// Puts its middleware around all routes.
    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T, Self>> {
        app
    }

    /// Opens what it needs and adds its readiness checks; an error ends the start.
    fn start(&self, _checks: &Checks) -> impl Future<Output = anyhow::Result<()>> {
        async { Ok(()) }
    }

    /// Closes what it opened.
    fn stop(&self) -> impl Future<Output = ()> {
        async {}
    }

    /// Lists the migrations of all stages, in their order.
    fn migrations() -> Vec<Migrations> {
        vec![(Self::NAME, Self::MIGRATIONS, Self::TABLES)]
    }

    /// Says what is to come into the empty tables of the stage with this name by another command
    /// than `db import`.
    fn awaited(_name: &str) -> Option<String> {
        None
    }

    /// Where settings come from, if the stage brings more than the environment.
    fn source() -> Option<&'static dyn Source> {
        None
    }

    /// Runs its command, if it has one, beside the service; returns the exit status.
    fn command(_arguments: &[String]) -> Option<u8> {
        None
    }

    /// Runs the command of the stage with this name.
    fn dispatch(name: &str, arguments: &[String]) -> Option<u8> {
        (name == Self::NAME).then(|| Self::command(arguments))?
    }
}

/// No more stages.
#[derive(Clone)]
pub struct End;

impl Stage for End {
    const NAME: &str = "";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }
}

/// A stage and those after it.
impl<A: Stage, B: Stage> Stage for (A, B) {
    const NAME: &str = A::NAME;

    fn read(env: &mut Reader<'_>) -> Self {
        (env.stage::<A>(), B::read(env))
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        self.0.configure(app);
        self.1.configure(app);
    }

    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T, A, B>> {
        self.0.wrap(self.1.wrap(app))
    }

    /// Opens them in order; if one does not open, those before it are closed.
    async fn start(&self, checks: &Checks) -> anyhow::Result<()> {
        steps::open(A::NAME, || self.0.start(checks)).await?;
        let others = self.1.start(checks).await;
        if others.is_err() {
            steps::close(A::NAME, || self.0.stop()).await;
        }
        others
    }

    /// Closes them in reverse.
    async fn stop(&self) {
        self.1.stop().await;
        steps::close(A::NAME, || self.0.stop()).await;
    }

    fn migrations() -> Vec<Migrations> {
        [A::migrations(), B::migrations()].concat()
    }

    fn awaited(name: &str) -> Option<String> {
        A::awaited(name).or_else(|| B::awaited(name))
    }

    fn source() -> Option<&'static dyn Source> {
        A::source().or_else(B::source)
    }

    fn dispatch(name: &str, arguments: &[String]) -> Option<u8> {
        A::dispatch(name, arguments).or_else(|| B::dispatch(name, arguments))
    }
}
