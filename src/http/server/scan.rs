//! Reads along with hyper and refuses every message whose end two readers could see in different places.
//!
//! Bytes: RFC 9112 §2 (message format), §5 (fields), §6 (body length). Stricter than the standard allows itself to be:
//! a line ends in CRLF, never in a bare LF (§2.2); no folded lines (§5.2); at most one `Content-Length`, digits only, and
//! never beside `Transfer-Encoding` (§6.3); the only transfer coding is `chunked`, after which the connection ends.
//! Does not look into chunks: hyper bounds them, and nothing is read after them.

use axum::http::{Uri, Version};

use super::{Limits, refusal::Refusal};

/// Where in the conversation the next byte falls.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
    head: Head,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    head_bytes: usize,
    target_bytes: usize,
    header_count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Body(u64),
    /// A chunked body, the last thing on its connection.
    Chunks,
}

/// What is known of the header block being read.
#[derive(Debug, Default)]
struct Head {
    bytes: usize,
    headers: usize,
    /// Known once the request line has been read.
    version: Option<Version>,
    host: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Scanner {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            place: Place::Head,
            head: Head::default(),
            carry: Vec::new(),
            head_bytes: limits.head_bytes,
            target_bytes: limits.target_bytes,
            header_count: limits.header_count,
        }
    }

    /// Takes the next bytes of the connection, in whatever pieces they come.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            match self.place {
                Place::Head => bytes = self.feed_head(bytes)?,
                Place::Chunks => return Ok(()),
                Place::Body(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.split_at(taken).1;
                    self.place = match left - taken as u64 {
                        0 => Place::Head,
                        left => Place::Body(left),
                    };
                }
            }
        }
        Ok(())
    }

    /// A header block has begun and not ended.
    pub(super) fn within_head(&self) -> bool {
        self.place == Place::Head && self.head.bytes > 0
    }

    /// More of the body was announced than has come.
    pub(super) fn within_body(&self) -> bool {
        self.place != Place::Head
    }

    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Refusal> {
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        let (piece, rest) = bytes.split_at(end);
        self.head.bytes += piece.len();
        if self.head.bytes > self.head_bytes {
            return Err(if self.head.version.is_some() { Refusal::HeadTooLarge } else { Refusal::TargetTooLong });
        }
        if piece.last() != Some(&b'\n') {
            self.carry.extend_from_slice(piece);
        } else if self.carry.is_empty() {
            self.line(piece)?;
        } else {
            let mut line = std::mem::take(&mut self.carry);
            line.extend_from_slice(piece);
            self.line(&line)?;
            line.clear();
            self.carry = line;
        }
        Ok(rest)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        let line = line.strip_suffix(b"\r\n").ok_or(Refusal::Framing)?;
        match (self.head.version.is_some(), line.is_empty()) {
            // §2.2: an empty line before the request line is passed over.
            (false, true) => Ok(()),
            (false, false) => self.head.request_line(line, self.target_bytes),
            (true, false) if self.head.headers >= self.header_count => Err(Refusal::HeadTooLarge),
            (true, false) => self.head.field(line),
            (true, true) => {
                self.place = std::mem::take(&mut self.head).end()?;
                Ok(())
            }
        }
    }
}

impl Head {
    fn request_line(&mut self, line: &[u8], target_bytes: usize) -> Result<(), Refusal> {
        let mut parts = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        if target.len() > target_bytes {
            return Err(Refusal::TargetTooLong);
        }
        let version = match version {
            b"HTTP/1.1" => Version::HTTP_11,
            b"HTTP/1.0" => Version::HTTP_10,
            other if other.starts_with(b"HTTP/") => return Err(Refusal::Version),
            _ => return Err(Refusal::Malformed),
        };
        if method.len() > 32 || !is_token(method) || Uri::try_from(target).is_err() {
            return Err(Refusal::Malformed);
        }
        self.version = Some(version);
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.headers += 1;
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Refusal::Malformed)?;
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
        // §5.1 and §5.2: white space before the colon or at the start of the line is refused by `is_token`.
        if !is_token(name) || !value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..)) {
            return Err(Refusal::Malformed);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            return self.content_length(value);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || self.version == Some(Version::HTTP_10) || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::Framing);
            }
            self.chunked = true;
        }
        if name.eq_ignore_ascii_case(b"host") && std::mem::replace(&mut self.host, true) {
            return Err(Refusal::Host);
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
        if !digits || self.length.is_some() {
            return Err(Refusal::Framing);
        }
        self.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        Ok(())
    }

    fn end(self) -> Result<Place, Refusal> {
        match (self.chunked, self.length) {
            _ if !self.host && self.version != Some(Version::HTTP_10) => Err(Refusal::Host),
            (true, Some(_)) => Err(Refusal::Framing),
            (true, None) => Ok(Place::Chunks),
            (false, None | Some(0)) => Ok(Place::Head),
            (false, Some(length)) => Ok(Place::Body(length)),
        }
    }
}

/// RFC 9110 §5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    let is_char = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_char)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &str) -> Result<Scanner, Refusal> {
        let mut scanner = Scanner::new(&Limits::default());
        scanner.feed(text.as_bytes()).map(|()| scanner)
    }

    fn refused(head: &str) -> Refusal {
        scan(&format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n")).unwrap_err()
    }

    #[test]
    fn two_requests_in_a_row_are_followed_to_the_byte() {
        let scanner =
            scan("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
                .unwrap();
        assert!(!scanner.within_head() && !scanner.within_body());
    }

    #[test]
    fn ambiguous_lengths_are_refused() {
        assert_eq!(refused("Content-Length: 1\r\nTransfer-Encoding: chunked"), Refusal::Framing);
        assert_eq!(refused("Transfer-Encoding: chunked\r\nContent-Length: 1"), Refusal::Framing);
        assert_eq!(refused("Content-Length: 1\r\ncontent-length: 1"), Refusal::Framing);
        assert_eq!(refused("Content-Length: 1, 1"), Refusal::Framing);
        assert_eq!(refused("Content-Length: +1"), Refusal::Framing);
        assert_eq!(refused("Content-Length: -1"), Refusal::Framing);
        assert_eq!(refused("Content-Length:"), Refusal::Framing);
        assert_eq!(refused("Content-Length: 99999999999999999999"), Refusal::Framing);
        assert_eq!(refused("Transfer-Encoding: xchunked"), Refusal::Framing);
        assert_eq!(refused("Transfer-Encoding: gzip, chunked"), Refusal::Framing);
        assert_eq!(refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Refusal::Framing);
        assert_eq!(scan("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap_err(), Refusal::Framing);
    }

    #[test]
    fn malformed_lines_are_refused() {
        assert_eq!(refused("Transfer-Encoding : chunked"), Refusal::Malformed);
        assert_eq!(refused("A: b\r\n folded"), Refusal::Malformed);
        assert_eq!(refused("A: b\r\n: empty"), Refusal::Malformed);
        assert_eq!(refused("A: b\u{0}"), Refusal::Malformed);
        assert_eq!(refused("A: b\rC: d"), Refusal::Malformed);
        assert_eq!(refused("no colon"), Refusal::Malformed);
        assert_eq!(scan("GET / HTTP/1.1\nHost: a\n\n").unwrap_err(), Refusal::Framing, "bare LF");
        assert_eq!(scan("GET  / HTTP/1.1\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(scan("GET /\r\n").unwrap_err(), Refusal::Malformed, "HTTP/0.9");
        assert_eq!(scan("\u{16}\u{3}\u{1} a b\r\n").unwrap_err(), Refusal::Malformed);
        assert_eq!(scan("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap_err(), Refusal::Version);
    }

    #[test]
    fn a_request_names_one_host() {
        assert_eq!(refused("Host: b"), Refusal::Host);
        assert_eq!(scan("GET / HTTP/1.1\r\n\r\n").unwrap_err(), Refusal::Host);
        assert!(scan("GET / HTTP/1.0\r\n\r\n").is_ok());
    }

    #[test]
    fn the_header_block_ends_at_its_limit_to_the_byte() {
        let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        let head = |size: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(size - frame));
        assert!(scan(&head(16 * 1024)).is_ok());
        assert_eq!(scan(&head(16 * 1024 + 1)).unwrap_err(), Refusal::HeadTooLarge);
        assert_eq!(refused(&"A: b\r\n".repeat(100)), Refusal::HeadTooLarge, "101 lines with Host");
        assert_eq!(scan(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(8_000))).unwrap_err(), Refusal::TargetTooLong);
        assert_eq!(scan(&"x".repeat(20_000)).unwrap_err(), Refusal::TargetTooLong);
    }

    #[test]
    fn nothing_is_read_after_a_chunked_body() {
        let scanner =
            scan("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\nnonsense").unwrap();
        assert_eq!(scanner.place, Place::Chunks);
    }

    proptest! {
        #[test]
        fn the_verdict_does_not_depend_on_how_the_bytes_are_cut(
            text in "(GET|PO ST) /[a-z]{0,3} HTTP/1\\.[01]\r\n(Host: a\r\n)?(Content-Length: [0-9]{0,2}\r\n)?(A: b\r?\n)?\r\n[ab]{0,12}",
            cuts in proptest::collection::vec(1_usize..20, 1..20),
        ) {
            let mut pieces = Scanner::new(&Limits::default());
            let mut rest = text.as_bytes();
            let mut verdict = Ok(());
            for cut in cuts.iter().cycle() {
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                verdict = verdict.and_then(|()| pieces.feed(piece));
                rest = tail;
                if rest.is_empty() { break }
            }
            let whole = scan(&text);
            prop_assert_eq!(whole.as_ref().err(), verdict.as_ref().err());
            if let Ok(whole) = whole {
                prop_assert_eq!(whole.place, pieces.place);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Scanner::new(&Limits::default()).feed(&bytes);
        }
    }
}
