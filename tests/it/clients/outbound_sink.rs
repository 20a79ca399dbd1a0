//! A server that a test holds against the guard: it counts who comes, keeps what they ask, and answers as it is told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use heteronym::{clients::Outbound, config, domain::issuer::Issuer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// How the sink answers.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// These bytes, and the end.
    Say(Vec<u8>),
    /// A head, then pieces without an end.
    Endless(&'static str, Vec<u8>),
    /// A head, then a byte at a time without an end.
    Drip(&'static str),
    /// Nothing, while the connection stays open.
    Silence,
    /// Nothing until the gate opens, then these bytes.
    Held(watch::Receiver<bool>, Vec<u8>),
}

impl Script {
    pub(super) fn body(body: &str) -> Self {
        Self::status("200 OK", body)
    }

    pub(super) fn status(status: &str, body: &str) -> Self {
        Self::Say(Self::bytes(status, "", body.as_bytes()))
    }

    /// With header lines that each end in CRLF.
    pub(super) fn bytes(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }
}

pub(super) struct Sink {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    connections: watch::Receiver<usize>,
    requests: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Sink {
    pub(super) async fn start(script: Script) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    pub(super) async fn start_at(address: SocketAddr, script: Script) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(script));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (count, connections) = watch::channel(0);
        let (scripts, asked) = (Arc::clone(&script), Arc::clone(&requests));
        let serving = tokio::spawn(async move {
            let mut answers = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.send_modify(|count| *count += 1);
                let script = scripts.lock().unwrap().clone();
                answers.spawn(answer(stream, script, Arc::clone(&asked)));
            }
        });
        Self { address, script, connections, requests, serving }
    }

    /// From now on it answers so.
    pub(super) fn now_answers(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// Waits until somebody has come.
    pub(super) async fn visited(&self) {
        self.connections.clone().wait_for(|count| *count > 0).await.unwrap();
    }

    /// What was asked, in the order of the answers.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A guard to which this sink is allowed.
    pub(super) fn guard(&self) -> Outbound {
        guard(&[&self.authority()])
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A guard of the issuer `https://id.example`, with `outbound.allow`.
pub(super) fn guard(allow: &[&str]) -> Outbound {
    let allow = allow.iter().map(ToString::to_string).collect();
    Outbound::new(&config::Outbound { allow, extra_ca: "".into() }, &issuer()).unwrap()
}

pub(super) fn issuer() -> Issuer {
    Issuer::try_from("https://id.example".to_owned()).unwrap()
}

async fn answer(mut stream: TcpStream, script: Script, requests: Arc<Mutex<Vec<String>>>) {
    let asked = request(&mut stream).await;
    requests.lock().unwrap().push(asked);
    // The guard hangs up when it has had enough: then there is nobody to answer any more.
    let _ = match script {
        Script::Say(bytes) => stream.write_all(&bytes).await,
        Script::Endless(head, piece) => endless(&mut stream, head, &piece, Duration::ZERO).await,
        Script::Drip(head) => endless(&mut stream, head, b" ", Duration::from_millis(10)).await,
        Script::Silence => std::future::pending().await,
        Script::Held(mut gate, bytes) => {
            gate.wait_for(|open| *open).await.unwrap();
            stream.write_all(&bytes).await
        }
    };
}

async fn endless(stream: &mut TcpStream, head: &str, piece: &[u8], pause: Duration) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(piece).await?;
        tokio::time::sleep(pause).await;
    }
}

/// Head and body, as far as the other side sends them.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return text,
        }
    }
}
