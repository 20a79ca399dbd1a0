//! A client of HTTP/1.1 that costs next to nothing: one connection kept open, a request written at once, an answer read
//! up to its stated length. It knows no more of HTTP than the server under test says.

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection that is kept open.
pub(crate) struct Link {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as it lies in the buffer of its connection.
pub(crate) struct Reply<'b> {
    pub(crate) status: u16,
    /// Status line and header lines.
    pub(crate) head: &'b str,
    pub(crate) body: &'b str,
}

impl Link {
    pub(crate) async fn to(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("cannot connect to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &str) -> anyhow::Result<Reply<'_>> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = self.buffer.get(..head).and_then(|head| std::str::from_utf8(head).ok());
        let length = length(text.context("the head of an answer is no text")?)?;
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection in the middle of an answer");
            }
        }
        let (head, body) = self.buffer.split_at(head);
        let (head, body) = (std::str::from_utf8(head)?, std::str::from_utf8(body)?);
        let status = head.get(9..12).and_then(|status| status.parse().ok()).context("no status line")?;
        Ok(Reply { status, head, body })
    }
}

impl<'b> Reply<'b> {
    /// The answer, if it has this status.
    pub(crate) fn expect(self, status: u16, what: &str) -> anyhow::Result<Self> {
        if self.status != status {
            bail!("{what}: {} in place of {status}\n{}{}", self.status, self.head, self.body);
        }
        Ok(self)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&'b str> {
        header(self.head, name)
    }

    /// A member of the JSON that is text without escapes.
    pub(crate) fn member(&self, name: &str) -> Option<&'b str> {
        let (_, rest) = self.body.split_once(&format!("\"{name}\":\""))?;
        Some(rest.split_once('"')?.0)
    }
}

fn length(head: &str) -> anyhow::Result<usize> {
    if header(head, "transfer-encoding").is_some() {
        bail!("an answer in chunks: nothing that is measured has one");
    }
    Ok(header(head, "content-length").map(str::parse).transpose()?.unwrap_or_default())
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
