//! A request body that ends at its limits of size and time.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::Limited;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// Tells, after the handler has given up on a body, that it was because the body came too slowly. A request extension.
#[derive(Clone, Debug, Default)]
pub struct BodyWatch(Arc<AtomicBool>);

impl BodyWatch {
    pub fn timed_out(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The body for the router: at most [`Limits::body_bytes`] within [`Limits::body_timeout`] from now.
pub(super) fn bounded(body: Incoming, limits: &Limits, watch: &BodyWatch) -> Body {
    let deadline = Instant::now() + limits.body_timeout;
    Body::new(Limited::new(Timed { body, deadline, alarm: None, watch: watch.clone() }, limits.body_bytes))
}

struct Timed {
    body: Incoming,
    deadline: Instant,
    /// Made at the first wait: most bodies arrive together with their head.
    alarm: Option<Pin<Box<Sleep>>>,
    watch: BodyWatch,
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let deadline = this.deadline;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        alarm.as_mut().poll(cx).map(|()| {
            this.watch.0.store(true, Ordering::Release);
            Some(Err(io::ErrorKind::TimedOut.into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
