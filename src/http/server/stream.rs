//! The socket, plain or inside TLS, with the scanner on its way in and a clock on each side.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{Limits, refusal::Refusal, scan::Scanner};

pub(super) struct Stream<S> {
    socket: S,
    scanner: Scanner,
    limits: Arc<Limits>,
    /// A request is with the router: silence is then ours, not the client's.
    busy: Arc<AtomicBool>,
    /// Bytes of an answer are on their way and not all taken.
    writing_since: Option<Instant>,
    /// When the wait for the present header block, or for the next request, began.
    waiting_since: Instant,
    served: bool,
    /// Bytes of an answer left since hyper last found its buffer empty.
    wrote: bool,
    refusal: Option<Refusal>,
    alarm: Pin<Box<Sleep>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// `since` is when the client connected: what TLS took of its time is gone.
    pub(super) fn new(socket: S, since: Instant, limits: Arc<Limits>, busy: Arc<AtomicBool>) -> Self {
        let alarm = Box::pin(sleep_until(since + limits.head_timeout));
        let scanner = Scanner::new(&limits);
        Self {
            socket,
            scanner,
            limits,
            busy,
            writing_since: None,
            waiting_since: since,
            served: false,
            wrote: false,
            refusal: None,
            alarm,
        }
    }

    /// Ends the connection: says why if the client can still understand it, and lets it read what it was told.
    pub(super) async fn close(mut self) {
        let deadline = Instant::now() + FAREWELL;
        let _ = tokio::time::timeout_at(deadline, async {
            if let Some(refusal) = self.refusal {
                tracing::debug!(%refusal, "connection refused");
                if self.writing_since.is_none() && !self.is_busy() {
                    self.socket.write_all(refusal.answer().as_bytes()).await?;
                    self.socket.flush().await?;
                }
            }
            self.socket.shutdown().await?;
            if self.refusal.is_some() || self.scanner.within_body() {
                self.drain().await?;
            }
            io::Result::Ok(())
        })
        .await;
    }

    /// Reads on for a moment: closing with unread bytes would reset the connection and take back the answer.
    async fn drain(&mut self) -> io::Result<()> {
        let mut sink = [0; 4096];
        for _ in 0..512 {
            if self.socket.read(&mut sink).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    fn took(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let began = !self.scanner.within_head();
        self.scanner.feed(bytes)?;
        if began && self.scanner.within_head() {
            self.waiting_since = Instant::now();
        }
        self.served |= !self.scanner.within_head();
        Ok(())
    }

    /// When the client will have kept us waiting for too long; `None` while it is not its turn.
    fn deadline(&self) -> Option<Instant> {
        if self.is_busy() || self.scanner.within_body() {
            return None;
        }
        let patience = if self.scanner.within_head() || !self.served {
            self.limits.head_timeout
        } else {
            self.limits.idle_timeout
        };
        Some(self.waiting_since + patience)
    }

    /// Resolves when the client has kept us waiting for too long. The timer is not moved for each request, only looked
    /// at again when it rings.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let shortest = self.limits.head_timeout.min(self.limits.idle_timeout);
        if self.scanner.within_head() && self.alarm.deadline() > self.waiting_since + self.limits.head_timeout {
            self.alarm.as_mut().reset(self.waiting_since + self.limits.head_timeout);
        }
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            match self.deadline() {
                Some(deadline) if deadline <= now => return Poll::Ready(()),
                Some(deadline) => self.alarm.as_mut().reset(deadline),
                None => self.alarm.as_mut().reset(now + shortest),
            }
        }
    }

    /// Resolves when the client has not taken the answer in time. Dribbling does not help: only taking all of it does.
    fn poll_write_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.writing_since.get_or_insert_with(Instant::now);
        let deadline = since + self.limits.write_timeout;
        if self.alarm.deadline() != deadline {
            self.alarm.as_mut().reset(deadline);
        }
        self.alarm.as_mut().poll(cx)
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
        asked: usize,
    ) -> Poll<io::Result<usize>> {
        self.wrote = true;
        match outcome {
            Poll::Ready(Ok(written)) if written < asked => {
                self.writing_since.get_or_insert_with(Instant::now);
            }
            Poll::Pending if self.poll_write_patience(cx).is_ready() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            _ => {}
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.refusal.is_some() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.socket).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().get(before..).unwrap_or_default();
                if let Err(refusal) = this.took(read) {
                    this.refusal = Some(refusal);
                    buffer.set_filled(before);
                    return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                ready!(this.poll_patience(cx));
                if this.scanner.within_head() {
                    this.refusal = Some(Refusal::Timeout);
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.wrote(cx, outcome, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.wrote(cx, outcome, pieces.iter().map(|piece| piece.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// hyper calls this once its own buffer is empty, and again at every turn. TLS may hold records back still, which the
    /// client has not taken.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.socket).poll_flush(cx) {
            Poll::Ready(Ok(())) => self.writing_since = None,
            Poll::Pending if self.poll_write_patience(cx).is_ready() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            unfinished => return unfinished,
        }
        if std::mem::take(&mut self.wrote) && !self.scanner.within_head() {
            self.waiting_since = Instant::now();
        }
        Poll::Ready(Ok(()))
    }

    /// Left to [`Stream::close`], which may still have something to say.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// How long a closing connection may linger.
const FAREWELL: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// Takes bytes as TLS does, into a buffer of its own, and never gets them out.
    struct Stuck;

    impl AsyncRead for Stuck {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Stuck {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn what_tls_holds_back_for_a_client_that_does_not_read_is_given_up_in_time() {
        let limits = Limits { write_timeout: Duration::from_millis(50), ..Limits::default() };
        let mut stream = Stream::new(Stuck, Instant::now(), Arc::new(limits), Arc::default());
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let flushed = timeout(Duration::from_secs(5), stream.flush()).await.expect("it is given up");
        assert_eq!(flushed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
