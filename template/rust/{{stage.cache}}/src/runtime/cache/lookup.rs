//! Looks up names in threads that nobody waits for: one that hangs delays no stop.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use redis::io::AsyncDNSResolver;
use redis::{ErrorKind, RedisError, RedisFuture, RedisResult};
use tokio::sync::oneshot;

pub struct Lookup;

type Addresses<'a> = Box<dyn Iterator<Item = SocketAddr> + Send + 'a>;

impl AsyncDNSResolver for Lookup {
    fn resolve<'a, 'b: 'a>(&'a self, host: &'b str, port: u16) -> RedisFuture<'a, Addresses<'a>> {
        let host = host.to_owned();
        Box::pin(async move {
            let found = look_up(host, port).await?;
            Ok(Box::new(found.into_iter()) as Addresses<'a>)
        })
    }
}

pub async fn look_up(host: String, port: u16) -> RedisResult<Vec<SocketAddr>> {
    let (tell, told) = oneshot::channel::<io::Result<Vec<SocketAddr>>>();
    let work = move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // Whoever asked may have given up.
        let _ = tell.send(found.map(Iterator::collect));
    };
    let thread = thread::Builder::new().name("cache-lookup".into());
    thread.spawn(work)?;
    match told.await {
        Ok(Ok(found)) if !found.is_empty() => Ok(found),
        _ => Err(RedisError::from((
            ErrorKind::InvalidClientConfig,
            "its name is unknown",
        ))),
    }
}
