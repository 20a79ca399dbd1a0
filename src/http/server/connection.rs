//! One connection from its first byte to its last.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, timeout_at},
};
use tower::ServiceExt;

use super::{ClientCertificate, Limits, Peer, Seat, body, body::BodyWatch, stream::Stream};

/// What a connection knows besides its bytes.
pub(super) struct Visit {
    pub(super) address: SocketAddr,
    /// When the client connected.
    pub(super) since: Instant,
    pub(super) router: Router,
    pub(super) limits: Arc<Limits>,
    /// Closed when the server shuts down: the request under way is then finished, and no other begun.
    pub(super) stopping: watch::Receiver<()>,
    pub(super) certificate: Option<Certified>,
    /// Given back when the connection ends.
    pub(super) _seat: Seat,
}

/// A connection whose client proved to hold the key of a certificate.
pub(super) struct Certified {
    pub(super) certificate: ClientCertificate,
    /// The proof and the chain are looked at once a connection, so it ends at this time: a certificate that expired or an
    /// authority that was withdrawn is not believed for as long as somebody keeps a connection busy.
    pub(super) until: Instant,
}

/// Serves a connection until either side ends it.
pub(super) async fn drive<S: AsyncRead + AsyncWrite + Unpin>(socket: S, mut visit: Visit) {
    let busy = Arc::new(AtomicBool::new(false));
    let limits = &visit.limits;
    let stream = Stream::new(socket, visit.since, limits.clone(), busy.clone());
    let certificate = visit.certificate.as_ref().map(|certified| &certified.certificate);
    let service =
        service_fn(|request| answer(request, &visit.router, visit.address, limits, certificate, busy.clone()));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The stream keeps its own, finer clocks.
        .header_read_timeout(None)
        .max_headers(limits.header_count + 1)
        .max_buf_size((limits.head_bytes * 2).max(16 * 1024))
        .serve_connection(TokioIo::new(stream), service);
    let until = visit.certificate.as_ref().map(|certified| certified.until);
    let ended = tokio::select! {
        ended = poll_fn(|cx| Pin::new(&mut connection).poll(cx)) => ended,
        () = told_to_end(&mut visit.stopping, until) => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| Pin::new(&mut connection).poll(cx)).await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "connection ended early");
    }
    connection.into_parts().io.into_inner().close().await;
}

/// Resolves when no other request may begin.
async fn told_to_end(stopping: &mut watch::Receiver<()>, until: Option<Instant>) {
    match until {
        // Waiting to the end of time costs no timer.
        None => drop(stopping.changed().await),
        Some(until) => drop(timeout_at(until, stopping.changed()).await),
    }
}

async fn answer(
    request: Request<Incoming>,
    router: &Router,
    address: SocketAddr,
    limits: &Limits,
    certificate: Option<&ClientCertificate>,
    busy: Arc<AtomicBool>,
) -> Result<Response<Body>, Infallible> {
    let _busy = Busy::begin(busy);
    let (mut parts, incoming) = request.into_parts();
    parts.extensions.insert(Peer::of(address, &parts.headers, limits));
    if let Some(certificate) = certificate {
        parts.extensions.insert(certificate.clone());
    }
    // RFC 9112 §6.3: after a chunked body the end of the message is somebody's interpretation, so it is the last one.
    let last = parts.headers.contains_key(header::TRANSFER_ENCODING);
    let body = if hyper::body::Body::is_end_stream(&incoming) {
        Body::empty()
    } else {
        let watch = BodyWatch::default();
        let body = body::bounded(incoming, limits, &watch);
        parts.extensions.insert(watch);
        body
    };
    let mut response = router.clone().oneshot(Request::from_parts(parts, body)).await?;
    if last {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Marks the connection as waiting for us, also when the request is abandoned half-way.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn begin(flag: Arc<AtomicBool>) -> Self {
        flag.store(true, Ordering::Release);
        Self(flag)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
