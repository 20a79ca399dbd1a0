//! `cargo bench`: the journey of a signed-in citizen, measured against what this machine can do at all.
//!
//! The server is the program itself, `heteronym serve`, in a process of its own, so that its CPU time, memory and disk
//! writes are its alone; the load comes from this process. Where `taskset` is there and the machine has two cores, the
//! server has the one and the load the other. What a sign-in costs says little without what the same machine needs for
//! an empty answer, a signature and a durable commit: those are measured first, in the same run.
//!
//! `cargo bench` takes about two minutes, `cargo bench -- --quick` a quarter of one, with figures to match; with
//! `--program PATH` another build is measured, to compare. The table goes to standard output, the progress to standard
//! error; `--leaves` measures the public logs alone, `--postgres URL` these on that server as well. `specs/figures.md` keeps a run and says what it means.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people to read: three digits of them matter"
)]

mod client;
mod leaves;
mod limits;
mod load;
mod process;
mod report;
mod town;
mod walks;

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    sync::OnceLock,
    time::Duration,
};

use anyhow::Context as _;

use self::{
    limits::Limits,
    load::Window,
    process::{Cores, Server},
    report::Report,
    town::{Signature, Town},
    walks::{Fetch, Journey, Refresh, UserInfo},
};

/// How long and how much.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Of each measurement; a sixth of it goes before, unmeasured.
    pub(crate) window: Duration,
    pub(crate) people: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self::FULL
    }
}

impl Plan {
    const FULL: Self = Self { window: Duration::from_secs(6), people: 1_000 };
    const QUICK: Self = Self { window: Duration::from_millis(400), people: 200 };
}

/// Clients at once.
const CROWD: usize = 32;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| args.iter().any(|arg| arg == name);
    if given(process::HELLO) {
        return outcome(process::say_hello());
    }
    if !given("--bench") && !given("--quick") {
        // `cargo test --all-targets` comes by here, with a program that is not optimised.
        eprintln!("measuring is for `cargo bench`, or `cargo bench -- --quick`");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = runtime.context("no runtime").and_then(|runtime| {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, measure(if given("--quick") { Plan::QUICK } else { Plan::FULL }))
    });
    outcome(measured)
}

fn outcome(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("journey: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(plan: Plan) -> anyhow::Result<()> {
    // On the disk that holds the build, not in a temporary directory that may be memory: durable is what is measured.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("no directory to work in")?;
    let in_all = std::thread::available_parallelism().map_or(1, usize::from);
    let start = process::start_up(directory.path())?;
    let cores = Cores::divide(in_all);
    let limits = limits::measure(plan, cores, directory.path()).await?;
    let leaves = leaves::measure(plan, directory.path(), argument("--postgres")).await?;
    if std::env::args().any(|arg| arg == "--leaves") {
        print!("{}", Report { plan, limits, leaves, ..Report::default() }.leaves_alone());
        return Ok(());
    }
    let place = directory.path().join("town");
    step(&format!("enrolling {} people, each in {} forums", plan.people, Signature::ALL.len() + 1));
    let town = Rc::new(town::found(&place, plan.people).await?);
    let server = Server::serve(&place, town.port, cores)?;
    let cores_said = format!("{in_all} core(s), {cores}");
    let mut report = Report { plan, cores: cores_said, limits, start, leaves, ..Report::default() };
    report.idle = server.usage()?.resident;
    server.agrees_with(&town).await?;
    journeys(plan, &server, &town, &mut report).await?;
    others(plan, &server, &town, &mut report).await?;
    report.peak = server.usage()?.peak;
    server.stop()?;
    print!("{report}");
    Ok(())
}

/// The journey with each signature at one, eight and 32 clients.
async fn journeys(plan: Plan, server: &Server, town: &Rc<Town>, report: &mut Report) -> anyhow::Result<()> {
    let next = Rc::new(Cell::new(0));
    let walks = |signature, clients| -> Vec<Journey> {
        (0..clients).map(|number| Journey::new(town, signature, number, &next)).collect()
    };
    // Sessions were begun two minutes ago: the first visit of each person in a minute also writes that they were there.
    step("the first visit in a minute, 8 clients");
    let each = plan.people / 8;
    report.first_visits = Some(load::each(server, walks(Signature::EdDsa, 8), each).await?);
    for signature in Signature::ALL {
        for clients in [1, 8, CROWD] {
            step(&format!("journeys with {signature}, clients at once: {clients}"));
            let window = load::run(server, walks(signature, clients), plan.window).await?;
            if clients == CROWD {
                report.busy = report.busy.max(window.resident);
            }
            report.journeys.push((signature, window));
        }
    }
    Ok(())
}

/// Parts of the journey, and what strangers fetch.
async fn others(plan: Plan, server: &Server, town: &Rc<Town>, report: &mut Report) -> anyhow::Result<()> {
    for (what, path) in [("discovery", "/.well-known/openid-configuration"), ("JWKS", "/jwks.json")] {
        step(what);
        let walks = (0..CROWD).map(|_| Fetch::new(town, path)).collect();
        report.others.push((what, load::run(server, walks, plan.window).await?));
    }
    step("UserInfo alone");
    let walks = (0..CROWD).map(|number| UserInfo::new(town, number)).collect();
    report.others.push(("UserInfo", load::run(server, walks, plan.window).await?));
    step("refresh with ID token");
    let walks = (0..CROWD).map(|number| Refresh::new(town, number)).collect();
    report.others.push(("refresh", load::run(server, walks, plan.window).await?));
    Ok(())
}

/// Tells whoever waits what is going on.
pub(crate) fn step(what: &str) {
    eprintln!("· {what}");
}

/// What follows this word on the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

/// Where the program under test stands: the one just built, or another that was kept to compare with.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        argument("--program").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_heteronym")), PathBuf::from)
    })
}

impl Limits {
    /// What a journey cannot do without: three small answers, one signature, its share of a commit. In microseconds of CPU.
    pub(crate) fn floor(&self, signature: Signature) -> f64 {
        let sign = match signature {
            Signature::EdDsa => self.ed25519.cpu,
            Signature::Rs256 => self.rsa.cpu,
        };
        3.0 * self.hello.cpu() + sign + self.shared_commit.cpu
    }
}

impl Window {
    /// Times a second that one core does it.
    pub(crate) fn on_one_core(&self) -> f64 {
        1e6 / self.cpu()
    }
}
