//! The program as somebody runs it: its arguments, what it says, how it ends.

mod auditors;
mod demo;
mod registrars;
mod serve;
mod tls;
mod witness;

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// An installation in a directory of its own.
struct Installation {
    dir: tempfile::TempDir,
}

/// What a command that ended said.
struct Said {
    good: bool,
    out: String,
    error: String,
}

/// A command that goes on until it is told to end.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Installation {
    /// With keys and a database.
    fn new() -> Self {
        let installation = Self { dir: tempfile::tempdir().unwrap() };
        let made = installation.run(&["init"]);
        assert!(made.good, "{}", made.error);
        installation
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A path beside the data.
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = heteronym(arguments);
        command.current_dir(self.dir.path()).env("HETERONYM_DATA", self.data());
        command.env("HETERONYM_SERVER_ISSUER", "https://id.example").env("HETERONYM_LOG", "warn");
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments))
    }
}

fn heteronym(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heteronym"));
    command.args(arguments).stdin(Stdio::null());
    command
}

impl Said {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let [out, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Self { good: output.status.success(), out, error }
    }

    /// The command did what it was asked: what it said.
    fn done(self) -> String {
        assert!(self.good, "{}{}", self.out, self.error);
        self.out
    }

    /// The command refused, and said why on its standard error.
    fn refused(self) -> String {
        assert!(!self.good, "{}", self.out);
        assert!(self.error.starts_with("heteronym: "), "{}", self.error);
        self.error
    }
}

impl Running {
    /// Starts it, with all that it says in a file.
    fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        let child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        Self { child, log: log.to_owned() }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until something is so.
    fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(&self.said()) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "no {what}; {ended:?}: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The body of the first answer to a GET.
    fn get(&mut self, address: SocketAddr, host: &str, path: &str) -> String {
        self.wait_for(path, |_| get(address, host, path))
    }

    /// Asks it to end, as a service manager does.
    fn end(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an answer with status 200, if there is one.
fn get(address: SocketAddr, host: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    Some(body.to_owned())
}

/// Addresses where nobody listens.
fn free<const N: usize>() -> [SocketAddr; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

const PATIENCE: Duration = Duration::from_mins(1);
