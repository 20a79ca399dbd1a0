//! The built program as the operator runs it: `heteronym serve` in a process of its own, over real sockets.

mod killed;
mod operations;
mod revoked;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::Service;

/// Where one provider answers the world, and where its operator.
#[derive(Clone, Copy)]
struct Addresses {
    public: SocketAddr,
    operations: SocketAddr,
}

/// A running `heteronym serve`. It ends when it is dropped.
struct Served {
    child: Child,
}

/// An answer that came whole.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Addresses {
    /// Two ports that nobody listens on.
    fn free() -> Self {
        let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [public, operations] = held.map(|listener| listener.local_addr().unwrap());
        Self { public, operations }
    }

    /// At `localhost`: passkeys take no address in numbers.
    fn issuer(&self) -> String {
        format!("http://{}", host(self.public))
    }

    /// A data directory to serve from these addresses.
    async fn prepare(&self) -> Service {
        let configuration = format!("listen = \"{}\"\noperations_listen = \"{}\"", self.public, self.operations);
        Service::start_today(&self.issuer(), &configuration).await
    }
}

impl Served {
    /// Starts on a prepared directory, and waits until it is ready.
    fn start(directory: &Path, at: Addresses) -> Self {
        let mut served = Self { child: spawn(directory) };
        let patience = Instant::now() + Duration::from_secs(30);
        while get(at.operations, "/readyz").is_none_or(|answer| answer.status != 200) {
            let ended = served.child.try_wait().unwrap();
            let log = std::fs::read_to_string(directory.join("serve.log")).unwrap();
            assert!(ended.is_none() && Instant::now() < patience, "{ended:?}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        served
    }

    /// Asks it to end, as a service manager does.
    fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `heteronym serve`, with its log in `serve.log`.
fn spawn(directory: &Path) -> Child {
    let log = File::options().create(true).append(true).open(directory.join("serve.log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_heteronym"))
        .args(["serve", "--data"])
        .arg(directory)
        .arg("--config")
        .arg(directory.join("config.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn get(address: SocketAddr, path: &str) -> Option<Answer> {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host(address)))
}

fn host(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}

/// Sends a request on a connection of its own; `None` when no whole answer came back.
fn exchange(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).ok()?;
    answer(&mut stream)
}

fn answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().unwrap();
    let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    // What was cut off acknowledges nothing.
    let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
    (length.is_none_or(|length| length == answer.body.len())).then_some(answer)
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
