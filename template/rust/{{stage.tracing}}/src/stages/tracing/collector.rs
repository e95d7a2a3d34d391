//! Requests to the collector: no redirect is followed, and why one failed is remembered.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// What the exporter of spans sends them with; it would not say why that fails.
#[derive(Clone, Debug)]
pub struct Requests {
    client: Client,
    failure: Arc<Mutex<Option<String>>>,
}

impl Requests {
    /// Requests to `endpoint`, each within `limit`; with TLS, its certificate comes from one of the
    /// `authorities`, or of those of the system.
    pub fn new(
        endpoint: &str,
        authorities: Option<RootCertStore>,
        limit: Duration,
    ) -> anyhow::Result<Self> {
        let tls = tls(match authorities {
            Some(authorities) => authorities,
            None if endpoint.starts_with("https:") => of_system(),
            None => RootCertStore::empty(),
        })?;
        let build = move || {
            let client = Client::builder().timeout(limit);
            // Spans and headers would go where nobody has said they may go, and without TLS.
            let client = client.redirect(Policy::none());
            client.tls_backend_preconfigured(tls).build()
        };
        // The client has an event loop of its own, which cannot begin within another one.
        let built = thread::spawn(build).join();
        Ok(Self {
            client: built.map_err(|_| anyhow!("the client of the collector panicked"))??,
            failure: Arc::default(),
        })
    }

    /// Returns why the last request failed, if it did, and forgets it.
    pub fn failure(&self) -> Option<String> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

#[async_trait]
impl HttpClient for Requests {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.client.send_bytes(request).await;
        let failure = answer.as_ref().err().map(|error| innermost(&**error));
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        answer
    }
}

fn tls(authorities: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config
        .with_root_certificates(authorities)
        .with_no_client_auth())
}

fn of_system() -> RootCertStore {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    authorities
}

fn innermost(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
