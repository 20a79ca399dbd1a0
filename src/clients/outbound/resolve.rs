//! Looking a name up: once for a request, by the system, in bounded numbers.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

/// Finds the addresses of a host. Tests decide the answers.
pub trait Resolve: Send + Sync {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The system's own look-up, with `/etc/hosts` and all.
pub(super) struct SystemResolver {
    places: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Resolve for SystemResolver {
    /// The system cannot be told to stop: a look-up that nobody waits for any more goes on in its thread, and keeps its
    /// place. So names that never answer take a bounded part of the threads that hash passphrases and read files.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
            let host = host.to_owned();
            let look_up = tokio::spawn(async move {
                let found = tokio::net::lookup_host((host.as_str(), 0)).await;
                drop(place);
                found.map(|addresses| addresses.map(|address: SocketAddr| address.ip()).collect())
            });
            look_up.await.map_err(io::Error::other)?
        })
    }
}

/// Of the 512 threads that tokio has for such work.
const AT_ONCE: usize = 64;
