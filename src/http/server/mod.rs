//! The accept loop: HTTP/1.1 with every wait bounded.
//!
//! `axum::serve` never closes a silent connection, because hyper's header timeout needs a timer that it does not set,
//! and hyper repairs ambiguous framing where we refuse it. So bytes pass a [`scan::Scanner`] before hyper sees them, and
//! a [`stream::Stream`] watches how long each side waits. HTTP/2 is not offered: what is not there cannot be flooded.
//!
//! [`serve`] is for a proxy that ends TLS in front of us, or for a loopback address; [`serve_tls`] ends it here.

mod body;
mod connection;
mod peer;
mod refusal;
mod scan;
mod stream;
mod tls;

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};

use self::connection::Visit;
pub use self::{
    body::BodyWatch,
    peer::Peer,
    tls::{AltName, Asking, CertificateError, ClientCertificate, Clock, Tls, TlsConfig, TlsError},
};

/// How much and how long a client may take. Every figure is a bound on what one stranger can hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the first byte of a request to the end of its header block; also from connecting to the first byte of HTTP, so
    /// that a TLS handshake falls into it.
    pub head_timeout: Duration,
    /// Between two requests on one connection.
    pub idle_timeout: Duration,
    /// From the end of the header block to the end of the body.
    pub body_timeout: Duration,
    /// For the client to take what has been written.
    pub write_timeout: Duration,
    /// From the handshake of a client with a certificate to the end of its last request: the certificate is looked at once.
    pub certified_timeout: Duration,
    /// Request line and header lines together, in bytes.
    pub head_bytes: usize,
    /// The request target alone, in bytes.
    pub target_bytes: usize,
    /// Header lines.
    pub header_count: usize,
    /// The body, in bytes.
    pub body_bytes: usize,
    /// Connections in all.
    pub connections: usize,
    /// Connections from one IPv4 address or one IPv6 /64; trusted proxies are exempt.
    pub connections_per_address: usize,
    /// How long requests under way may go on after the shutdown signal.
    pub drain: Duration,
    /// The only peers whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            certified_timeout: Duration::from_mins(10),
            head_bytes: 16 * 1024,
            target_bytes: 8_000,
            header_count: 100,
            body_bytes: 64 * 1024,
            connections: 8_192,
            connections_per_address: 512,
            drain: Duration::from_secs(20),
            trusted_proxies: Vec::new(),
        }
    }
}

/// Answers requests until `shutdown` resolves, then lets those under way finish for at most [`Limits::drain`].
///
/// Each request carries a [`Peer`] extension. An error while accepting is waited out, never fatal.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    accept(listener, router, limits, shutdown, connection::drive::<TcpStream>).await;
}

/// The same inside TLS, whose files are looked at again while this runs: see [`Tls`]. Where client certificates are asked
/// for, requests of a client that has one carry it as a [`ClientCertificate`] extension.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Arc<Tls>,
    shutdown: impl Future<Output = ()>,
) {
    let enter = |socket, visit| tls::enter(tls.clone(), socket, visit);
    tokio::select! {
        () = accept(listener, router, limits, shutdown, enter) => {}
        () = tls.keep_fresh() => {}
    }
}

/// Gives each connection that may come in to `enter`, in a task of its own.
async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
    enter: impl Fn(TcpStream, Visit) -> F,
) {
    let limits = Arc::new(limits);
    let census = Arc::new(Census::default());
    let (stop, stopping) = watch::channel(());
    let mut tasks = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = tasks.join_next() => note(ended),
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => {
                    let Some(seat) = census.admit(address.ip(), &limits) else {
                        tracing::warn!(reason = "too many connections", "connection refused");
                        continue;
                    };
                    // Small answers must not wait for the delayed acknowledgement of the one before.
                    let _ = socket.set_nodelay(true);
                    tasks.spawn(enter(socket, Visit {
                        address,
                        since: Instant::now(),
                        router: router.clone(),
                        limits: limits.clone(),
                        stopping: stopping.clone(),
                        certificate: None,
                        _seat: seat,
                    }));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    drop(listener);
    drop(stop);
    let finished = async {
        while let Some(ended) = tasks.join_next().await {
            note(ended);
        }
    };
    if tokio::time::timeout(limits.drain, finished).await.is_err() {
        tracing::warn!("requests still under way after the drain period were cut");
        tasks.shutdown().await;
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("a connection task panicked");
    }
}

/// Waits before accepting again: when file descriptors run out, trying at once would spin.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(kind = ?error.kind(), "cannot accept connections for the moment");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Counts the open connections, in all and per address.
#[derive(Debug, Default)]
struct Census(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Census {
    fn admit(self: &Arc<Self>, address: IpAddr, limits: &Limits) -> Option<Seat> {
        let key = (!limits.trusted_proxies.contains(&address.to_canonical())).then(|| peer::network(address));
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= limits.connections {
            return None;
        }
        if let Some(key) = key {
            let mine = counts.by_address.entry(key).or_default();
            if *mine >= limits.connections_per_address {
                return None;
            }
            *mine += 1;
        }
        counts.all += 1;
        Some(Seat { census: self.clone(), key })
    }
}

/// One admitted connection; gives its place back when dropped.
#[derive(Debug)]
struct Seat {
    census: Arc<Census>,
    key: Option<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.census.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        let Some(key) = self.key else { return };
        if let Some(mine) = counts.by_address.get_mut(&key) {
            *mine -= 1;
            if *mine == 0 {
                counts.by_address.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_the_places_of_all() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let census = Arc::new(Census::default());
        let seats = [census.admit(ip("2001:db8::1"), &limits), census.admit(ip("2001:db8::2"), &limits)];
        assert!(seats.iter().all(Option::is_some));
        assert!(census.admit(ip("2001:db8::3"), &limits).is_none(), "the same /64");
        let other = census.admit(ip("192.0.2.1"), &limits);
        assert!(other.is_some());
        assert!(census.admit(ip("192.0.2.2"), &limits).is_none(), "full");
        drop(seats);
        assert!(census.admit(ip("2001:db8::3"), &limits).is_some());
        assert_eq!(census.0.lock().unwrap().by_address.len(), 1, "nothing is kept of those who left");
    }

    #[test]
    fn a_trusted_proxy_is_exempt_from_the_limit_per_address() {
        let proxy = ip("127.0.0.1");
        let limits = Limits { connections_per_address: 0, trusted_proxies: vec![proxy], ..Limits::default() };
        let census = Arc::new(Census::default());
        assert!(census.admit(proxy, &limits).is_some());
        assert!(census.admit(ip("127.0.0.2"), &limits).is_none());
    }
}
