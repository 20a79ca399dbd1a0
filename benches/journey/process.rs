//! Servers in processes of their own: started, looked into through `/proc`, and ended again, whatever happens.

use std::{
    fmt, fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use heteronym::wire::jose::{Algorithm, JwkSet, KeySet, Typ, Verifier};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    client::Link,
    program, step,
    town::{self, Signature, Town},
    walks,
};

/// A server process. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

/// What a process has used so far, as `/proc` tells it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Bytes that went to a disk.
    pub(crate) written: u64,
    /// Bytes of memory, now and at the most.
    pub(crate) resident: u64,
    pub(crate) peak: u64,
}

/// Who computes where.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cores {
    /// Server on core 0, load on core 1.
    Apart,
    Shared,
}

/// How long from the start of the program to its first answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StartUp {
    /// `init` and `serve` together: every key is made, RSA too.
    pub(crate) fresh: Duration,
    pub(crate) existing: Duration,
    pub(crate) demo: Duration,
    /// Of the demonstration, five seconds later.
    pub(crate) demo_resident: u64,
}

/// The argument by which this program is the server that says hello, and the port that follows it.
pub(crate) const HELLO: &str = "--say-hello";

impl Cores {
    /// Gives the load its own core, if the machine has two and `taskset`.
    pub(crate) fn divide(in_all: usize) -> Self {
        let own = std::process::id().to_string();
        let pinned = Command::new("taskset").args(["-a", "-c", "-p", "1", &own]).stdout(Stdio::null()).status();
        if in_all >= 2 && pinned.is_ok_and(|status| status.success()) { Self::Apart } else { Self::Shared }
    }

    fn command(self, program: &Path) -> Command {
        match self {
            Self::Shared => Command::new(program),
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["-c", "0"]).arg(program);
                command
            }
        }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apart => "the server on one core, the load on another",
            Self::Shared => "server and load share the cores",
        })
    }
}

impl Server {
    /// `heteronym serve` on this directory, up and answering.
    pub(crate) fn serve(directory: &Path, port: u16, cores: Cores) -> anyhow::Result<Self> {
        let mut command = cores.command(program());
        command.arg("serve").arg("--data").arg(directory).arg("--config").arg(town::config_file(directory));
        let server = Self::spawn(command, port, &directory.with_extension("log"))?;
        server.wait(DISCOVERY)?;
        Ok(server)
    }

    /// The least that a server of the same framework can do.
    pub(crate) fn hello(directory: &Path, cores: Cores) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = cores.command(&std::env::current_exe()?);
        command.args([HELLO, &port.to_string()]);
        let server = Self::spawn(command, port, &directory.join("hello.log"))?;
        server.wait("/")?;
        Ok(server)
    }

    fn spawn(mut command: Command, port: u16, log: &Path) -> anyhow::Result<Self> {
        let file = fs::File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().context("the server does not start")?;
        Ok(Self { child, port, log: log.to_owned() })
    }

    /// Waits for the first good answer.
    fn wait(&self, path: &str) -> anyhow::Result<()> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if answers(self.port, path) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        bail!("no answer in time:\n{}", fs::read_to_string(&self.log).unwrap_or_default())
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(&self.child.id().to_string())
    }

    /// What is measured is the real thing: an ID token of each kind verifies with the published keys.
    pub(crate) async fn agrees_with(&self, town: &Rc<Town>) -> anyhow::Result<()> {
        let mut link = Link::to(self.port).await?;
        let jwks = link.ask(&walks::get(town, "/jwks.json")).await?.expect(200, "JWKS")?.body.to_owned();
        let keys = KeySet::new(&JwkSet::parse(jwks.as_bytes())?);
        for signature in Signature::ALL {
            let forum = town.forum(signature);
            let token = walks::id_token(&mut link, town, signature).await?;
            let algorithms = [Algorithm::from(signature)];
            let verifier = Verifier::new(Typ::Jwt, &town.issuer, &forum.id).algorithms(&algorithms);
            let now = heteronym::domain::ambient::Ambient::system().now().seconds();
            verifier.verify::<serde_json::Map<String, serde_json::Value>>(&token, &keys, now)?;
        }
        Ok(())
    }

    /// Asks the process to end, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let id = Pid::from_raw(self.child.id().cast_signed()).context("a process has an id")?;
        kill_process(id, Signal::TERM)?;
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { Err(self.complaint(&status.to_string())) };
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(self.complaint("it does not end when asked"))
    }

    fn complaint(&self, what: &str) -> anyhow::Error {
        anyhow::anyhow!("the server: {what}\n{}", fs::read_to_string(&self.log).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Usage {
    /// Of a process by its number, or of `self`.
    pub(crate) fn of(process: &str) -> anyhow::Result<Self> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).with_context(|| file.to_owned());
        let stat = read("stat")?;
        // The name of the program may hold anything, also spaces and brackets: what counts stands after the last one.
        let (_, fields) = stat.rsplit_once(") ").context("stat")?;
        // proc_pid_stat(5): user and system time are fields 14 and 15 of all, in hundredths of a second.
        let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        let (io, status) = (read("io")?, read("status")?);
        Ok(Self {
            cpu: Duration::from_millis(ticks * 10),
            written: number(&io, "write_bytes:"),
            resident: number(&status, "VmRSS:") * 1024,
            peak: number(&status, "VmHWM:") * 1024,
        })
    }
}

fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Measures how long the program needs to be there, before anything else takes its time.
pub(crate) fn start_up(directory: &Path) -> anyhow::Result<StartUp> {
    let place = directory.join("start");
    fs::create_dir(&place)?;
    let port = free_port()?;
    town::write_config(&place, port)?;
    step("start on a new directory");
    let began = Instant::now();
    let mut init = Command::new(program());
    init.arg("init").arg("--data").arg(&place).arg("--config").arg(town::config_file(&place));
    let made = init.stdout(Stdio::null()).status()?;
    if !made.success() {
        bail!("init fails");
    }
    let server = Server::serve(&place, port, Cores::Shared)?;
    let fresh = began.elapsed();
    server.stop()?;
    step("start on an existing directory");
    let mut starts = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let server = Server::serve(&place, port, Cores::Shared)?;
        starts.push(began.elapsed());
        server.stop()?;
    }
    starts.sort_unstable();
    let existing = starts.get(2).copied().unwrap_or_default();
    let (demo, demo_resident) = demo(directory)?;
    Ok(StartUp { fresh, existing, demo, demo_resident })
}

/// The demonstration, which makes everything: keys, custodians, forums and people.
fn demo(directory: &Path) -> anyhow::Result<(Duration, u64)> {
    step("start of the demonstration");
    let ports = [free_port()?, free_port()?, free_port()?];
    let mut command = Command::new(program());
    command.arg("demo").arg("--data").arg(directory.join("demo"));
    for (name, port) in ["--listen", "--forum", "--second-forum"].into_iter().zip(ports) {
        command.arg(name).arg(SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string());
    }
    let began = Instant::now();
    let [port, ..] = ports;
    let server = Server::spawn(command, port, &directory.join("demo.log"))?;
    server.wait(DISCOVERY)?;
    let took = began.elapsed();
    thread::sleep(Duration::from_secs(5));
    let resident = server.usage()?.resident;
    server.stop()?;
    Ok((took, resident))
}

/// A port that nobody has at this moment.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(&status == b"HTTP/1.1 200")
    };
    ask().unwrap_or_default()
}

/// The server that says hello: until it is asked to end.
pub(crate) fn say_hello() -> anyhow::Result<()> {
    let port: u16 = std::env::args().skip_while(|arg| arg != HELLO).nth(1).context("which port?")?.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let router = axum::Router::new().route("/", axum::routing::get(async || "Hello, world!"));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
        let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            served = axum::serve(listener, router).into_future() => served?,
            _ = asked.recv() => {}
        }
        Ok(())
    })
}

const DISCOVERY: &str = "/.well-known/openid-configuration";
