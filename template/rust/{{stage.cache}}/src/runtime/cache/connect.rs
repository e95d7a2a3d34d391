//! Connects to Redis.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisResult, cmd,
};

use super::address::Address;
use super::lookup::Lookup;

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
