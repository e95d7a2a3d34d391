//! Settings from the environment: typed, with defaults, and with all problems reported at once.

use crate::runtime;
use crate::runtime::cors::origins;
use crate::runtime::proxies::{Networks, networks};
use crate::runtime::settings::{Reader, choice, integer, path_prefix, switch, text};

const LOG_LEVELS: &[&str] = &["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/// The settings of the service itself; each stage has its own.
#[derive(Clone, Debug)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub log_level: &'static str,
    pub start_seconds: u64,
    pub supervise: bool,
    pub max_connections: usize,
    pub max_body_bytes: usize,
    pub keep_alive_seconds: u64,
    pub forwarded_allow_ips: Networks,
    pub root_path: String,
    pub cors_origins: Vec<String>,
}

impl Settings {
    /// Reads every setting; a problem is recorded, and the default stands in for the value.
    pub fn read(env: &mut Reader<'_>) -> Self {
        Self {
            host: env.get("HOST", text, runtime::HOST.into()),
            port: env.get("PORT", integer(1, 65535), runtime::PORT),
            log_level: env.get("LOG_LEVEL", choice(LOG_LEVELS), "INFO"),
            start_seconds: env.get("START_SECONDS", integer(1, 86400), runtime::START_SECONDS),
            supervise: env.get("SUPERVISE", switch, true),
            max_connections: env.get("MAX_CONNECTIONS", integer(1, 100_000), 500),
            max_body_bytes: env.get("MAX_BODY_BYTES", integer(1, 1 << 30), 1 << 20),
            keep_alive_seconds: env.get("KEEP_ALIVE_SECONDS", integer(1, 3600), 75),
            forwarded_allow_ips: env.get("FORWARDED_ALLOW_IPS", networks, Networks::loopback()),
            root_path: env.get("ROOT_PATH", path_prefix, String::new()),
            cors_origins: env.get("CORS_ORIGINS", origins, Vec::new()),
        }
    }
}
