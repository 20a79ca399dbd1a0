//! The table: what was measured, beside what the machine can do and what we want to reach.

use std::{fmt, time::Duration};

use super::{
    CROWD, Plan,
    leaves::Leaves,
    limits::{Cost, Limits},
    load::Window,
    process::StartUp,
    program,
    town::Signature,
};

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) cores: String,
    pub(crate) limits: Limits,
    pub(crate) start: StartUp,
    pub(crate) first_visits: Option<Window>,
    pub(crate) journeys: Vec<(Signature, Window)>,
    pub(crate) others: Vec<(&'static str, Window)>,
    pub(crate) leaves: Vec<Leaves>,
    /// Bytes of memory: at the start, with 32 clients, at the most.
    pub(crate) idle: u64,
    pub(crate) busy: u64,
    pub(crate) peak: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nHeteronym {}: journeys of {} people on SQLite", env!("CARGO_PKG_VERSION"), self.plan.people)?;
        writeln!(f, "{}; {:?} a measurement\n", self.cores, self.plan.window)?;
        self.machine(f)?;
        self.journeys(f)?;
        self.others(f)?;
        self.leaves(f)?;
        self.memory(f)?;
        self.targets(f)
    }
}

impl Report {
    fn machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = &self.limits;
        writeln!(f, "{:<44} {:>10} {:>10} {:>10}", "WHAT THE MACHINE CAN DO", "/s", "CPU µs", "wall µs")?;
        let hello = Cost { cpu: limits.hello.cpu(), wall: 1e6 / limits.hello.per_second() };
        for (what, cost) in [
            ("axum hello world, 32 connections", hello),
            ("Ed25519 signature of 500 bytes", limits.ed25519),
            ("P-256 signature", limits.p256),
            ("RSA-2048 signature", limits.rsa),
            ("SQLite, one insert a commit", limits.commit),
            ("SQLite, 32 inserts a commit, each", limits.shared_commit),
            ("Argon2id, 19 MiB, t=2", limits.argon2),
        ] {
            let Cost { cpu, wall } = cost;
            writeln!(f, "{what:<44} {:>10.0} {cpu:>10.1} {wall:>10.1}", 1e6 / wall)?;
        }
        let fsync = limits.fsync;
        let what = "fsync of 4 KiB appended: median, p99";
        writeln!(f, "{what:<44} {:>10.0} {:>10.0} {:>10.0}\n", 1e6 / fsync.median, fsync.median, fsync.p99)
    }

    fn journeys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}",
            "JOURNEYS", "clients", "/s", "CPU µs", "× floor", "p50 ms", "p99 ms", "KB written"
        )?;
        let mut line = |what: &str, signature, window: &Window| {
            let floors = window.cpu() / self.limits.floor(signature);
            let (clients, rate, cpu) = (window.clients, window.per_second(), window.cpu());
            let (p50, p99) = (window.quantile(0.5), window.quantile(0.99));
            let written = window.kilobytes();
            writeln!(
                f,
                "{what:<24} {clients:>7} {rate:>8.0} {cpu:>8.0} {floors:>8.1} {p50:>8.2} {p99:>8.2} {written:>9.1}"
            )
        };
        for (signature, window) in &self.journeys {
            line(&signature.to_string(), *signature, window)?;
        }
        if let Some(window) = &self.first_visits {
            line("EdDSA, first in a minute", Signature::EdDsa, window)?;
        }
        let floor = |signature| self.limits.floor(signature);
        let (eddsa, rs256) = (floor(Signature::EdDsa), floor(Signature::Rs256));
        writeln!(f, "The floor: three hello worlds, a signature, 1/32 of a commit: {eddsa:.0} and {rs256:.0} µs.\n")
    }

    fn others(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>7} {:>8} {:>8} {:>12} {:>8} {:>8} {:>10}",
            "OTHER OPERATIONS", "clients", "/s", "CPU µs", "/s on a core", "p50 ms", "p99 ms", "% of hello"
        )?;
        for (what, window) in &self.others {
            writeln!(
                f,
                "{what:<24} {:>7} {:>8.0} {:>8.1} {:>12.0} {:>8.2} {:>8.2} {:>10.0}",
                window.clients,
                window.per_second(),
                window.cpu(),
                window.on_one_core(),
                window.quantile(0.5),
                window.quantile(0.99),
                self.of_hello(window)
            )?;
        }
        writeln!(f)
    }

    /// What was measured with `--leaves`.
    pub(crate) fn leaves_alone(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            self.machine(f)?;
            self.leaves(f)
        })
    }

    fn leaves(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>7} {:>8} {:>8} {:>8} {:>18}",
            "LOGGED LEAVES", "clients", "/s", "p50 ms", "p99 ms", "p50 in commits"
        )?;
        for Leaves { engine, clients, per_second, median, p99 } in &self.leaves {
            let commits = median * 1e3 / self.limits.commit.wall;
            writeln!(f, "{engine:<24} {clients:>7} {per_second:>8.0} {median:>8.2} {p99:>8.2} {commits:>18.1}")?;
        }
        writeln!(f, "A commit is that of one insert on SQLite, above.\n")
    }

    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = &self.start;
        writeln!(f, "START AND MEMORY")?;
        writeln!(f, "{:<44} {:>8.0} ms", "first answer, existing directory", millis(start.existing))?;
        writeln!(f, "{:<44} {:>8.0} ms", "first answer, new directory (init, serve)", millis(start.fresh))?;
        writeln!(f, "{:<44} {:>8.0} ms", "first answer, new demonstration", millis(start.demo))?;
        writeln!(f, "{:<44} {:>8.1} MiB", "resident, idle", mebi(self.idle))?;
        writeln!(f, "{:<44} {:>8.1} MiB", "resident, 32 clients", mebi(self.busy))?;
        writeln!(f, "{:<44} {:>8.1} MiB", "resident, at the most", mebi(self.peak))?;
        writeln!(f, "{:<44} {:>8.1} MiB", "resident, demonstration after 5 s", mebi(start.demo_resident))?;
        writeln!(f, "{:<44} {:>8.1} MB\n", "the program", binary())
    }

    fn targets(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<44} {:>10} {:>10}", "TARGETS", "target", "measured")?;
        let of = |signature, clients| {
            let mut all = self.journeys.iter();
            all.find(|(own, window)| *own == signature && window.clients == clients).map(|(_, window)| window.clone())
        };
        let (eddsa, alone) = (of(Signature::EdDsa, CROWD), of(Signature::EdDsa, 1));
        let (eddsa, alone) = (eddsa.unwrap_or_default(), alone.unwrap_or_default());
        let rs256 = of(Signature::Rs256, CROWD).unwrap_or_default();
        let commit = self.limits.commit.wall / 1e3;
        let mut rows = vec![
            at_most("EdDSA journey, server CPU µs", 350.0, eddsa.cpu()),
            at_most("EdDSA journey, 32 clients, p50 ms", 12.0, eddsa.quantile(0.5)),
            at_most("EdDSA journey, 32 clients, p99 ms", 30.0, eddsa.quantile(0.99)),
            at_most("EdDSA journey, one client, p50 ms", 0.8 + commit, alone.quantile(0.5)),
            at_most("RS256 journey, server CPU µs", 700.0, rs256.cpu()),
            at_most("KB written per journey", 14.0, eddsa.kilobytes()),
            at_most("first answer, existing directory, ms", 100.0, millis(self.start.existing)),
            at_most("first answer, new directory, ms", 1_000.0, millis(self.start.fresh)),
            at_most("first answer, demonstration, ms", 1_000.0, millis(self.start.demo)),
            at_most("resident idle, MiB", 30.0, mebi(self.idle)),
            at_most("resident with 32 clients, MiB", 64.0, mebi(self.busy)),
            at_most("resident, demonstration, MiB", 64.0, mebi(self.start.demo_resident)),
            at_most("the program, MB", 30.0, binary()),
        ];
        let crowded = self.leaves.iter().filter(|leaves| leaves.clients == 256);
        rows.extend(crowded.map(|leaves| {
            at_least(&format!("leaves /s with 256 clients, {}", leaves.engine), 5_000.0, leaves.per_second)
        }));
        for (what, window) in &self.others {
            rows.push(match *what {
                "refresh" => at_least("refreshes /s on a core", 4_000.0, window.on_one_core()),
                "UserInfo" => at_least("UserInfo /s on a core", 20_000.0, window.on_one_core()),
                other => at_least(&format!("{other}, % of hello world"), 75.0, self.of_hello(window)),
            });
        }
        for (what, target, measured, met) in rows {
            let verdict = if met { "met" } else { "MISSED" };
            writeln!(f, "{what:<44} {target:>10} {measured:>10.1} {verdict}")?;
        }
        Ok(())
    }

    /// How many of it a core does for a hundred hello worlds.
    fn of_hello(&self, window: &Window) -> f64 {
        100.0 * self.limits.hello.cpu() / window.cpu()
    }
}

type Row = (String, String, f64, bool);

fn at_most(what: &str, target: f64, measured: f64) -> Row {
    (what.to_owned(), format!("≤ {target:.1}"), measured, measured <= target)
}

fn at_least(what: &str, target: f64, measured: f64) -> Row {
    (what.to_owned(), format!("≥ {target:.0}"), measured, measured >= target)
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Megabytes of the program as it is delivered.
fn binary() -> f64 {
    std::fs::metadata(program()).map_or(0.0, |file| file.len() as f64 / 1e6)
}
