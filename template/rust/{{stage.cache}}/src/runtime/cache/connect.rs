//! Connects to Redis.

use std::time::Duration;

use actix_web::rt::net::TcpStream;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisResult, cmd,
};
use tokio::time::timeout;

use super::address::Address;
use super::lookup::{Lookup, look_up};

/// Tells whether a server that was to be asked with TLS answers without it.
pub async fn answers_without_tls(address: &Address, limit: Duration) -> bool {
    let ConnectionAddr::TcpTls { host, port, .. } = &address.place else {
        return false;
    };
    let asked = async {
        let found = look_up(host.clone(), *port).await.ok()?;
        let stream = TcpStream::connect(&*found).await.ok()?;
        stream.writable().await.ok()?;
        stream.try_write(b"PING\r\n").ok()?;
        stream.readable().await.ok()?;
        let mut first = [0];
        stream.try_read(&mut first).ok()?;
        Some(b"+-".contains(&first[0]))
    };
    timeout(limit, asked).await == Ok(Some(true))
}

/// Connects and logs in, by commands of its own: the client's do not say what the server answers.
pub async fn connect(address: &Address, limit: Duration) -> RedisResult<MultiplexedConnection> {
    if matches!(address.place, ConnectionAddr::TcpTls { .. }) {
        // It fails where there is one already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let place = address.place.clone().into_connection_info()?;
    let plain = RedisConnectionInfo::default().set_skip_set_lib_name();
    let client = Client::open(place.set_redis_settings(plain))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit))
        .set_dns_resolver(Lookup);
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    if !address.password.is_empty() {
        let user = (!address.user.is_empty()).then_some(&address.user);
        let mut auth = cmd("AUTH");
        auth.arg(user).arg(&address.password);
        auth.exec_async(&mut connection).await?;
    }
    if address.database > 0 {
        let mut select = cmd("SELECT");
        select.arg(address.database);
        select.exec_async(&mut connection).await?;
    }
    Ok(connection)
}
