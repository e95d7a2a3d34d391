//! A service as the page of its framework would have one write it.

mod before_main;

use actix_web::{App, HttpServer, Responder, get, web};
use orders::faults;

#[get("/health/live")]
async fn health() -> impl Responder {
    "ok"
}

fn port() -> u16 {
    std::env::var("PORT").map_or(8080, |port| port.parse().expect("PORT is a port"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    SET_UP;
    faults::at("main")?;
    faults::at("read")?;
    faults::awaited("start").await?;
    let server = HttpServer::new(|| {
        faults::at("configure").expect("the application cannot be built");
        App::new()
            .service(health)
            .route("/fault", web::get().to(faults::handler))
    });
    server.bind(("0.0.0.0", port()))?.run().await?;
    faults::awaited("stop").await?;
    Ok(())
}
