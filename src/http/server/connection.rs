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
use tokio::{net::TcpStream, sync::watch};
use tower::ServiceExt;

use super::{Limits, Peer, Seat, body, body::BodyWatch, stream::Stream};

/// Serves a connection until either side ends it. `stopping` is closed when the server shuts down: the request under way
/// is then finished, and no other begun.
pub(super) async fn drive(
    socket: TcpStream,
    address: SocketAddr,
    router: Router,
    limits: Arc<Limits>,
    mut stopping: watch::Receiver<()>,
    _seat: Seat,
) {
    let busy = Arc::new(AtomicBool::new(false));
    let stream = Stream::new(socket, limits.clone(), busy.clone());
    let service = service_fn(|request| answer(request, address, router.clone(), &limits, busy.clone()));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The stream keeps its own, finer clocks.
        .header_read_timeout(None)
        .max_headers(limits.header_count + 1)
        .max_buf_size((limits.head_bytes * 2).max(16 * 1024))
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| Pin::new(&mut connection).poll(cx)) => ended,
        _ = stopping.changed() => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| Pin::new(&mut connection).poll(cx)).await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "connection ended early");
    }
    connection.into_parts().io.into_inner().close().await;
}

async fn answer(
    request: Request<Incoming>,
    address: SocketAddr,
    router: Router,
    limits: &Limits,
    busy: Arc<AtomicBool>,
) -> Result<Response<Body>, Infallible> {
    let _busy = Busy::begin(busy);
    let (mut parts, incoming) = request.into_parts();
    parts.extensions.insert(Peer::of(address, &parts.headers, limits));
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
    let mut response = router.oneshot(Request::from_parts(parts, body)).await?;
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
