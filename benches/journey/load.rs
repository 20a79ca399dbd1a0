//! Many clients at once, for a while, and what it cost the server.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;

use super::{
    client::Link,
    process::{Server, Usage},
};

/// What one client does again and again.
pub(crate) trait Walk: 'static {
    /// What has to be there before: nobody measures it.
    async fn prepare(&mut self, _: &mut Link) -> anyhow::Result<()> {
        Ok(())
    }

    async fn once(&mut self, link: &mut Link) -> anyhow::Result<()>;
}

/// What was measured of one kind of load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) clients: usize,
    pub(crate) done: u64,
    pub(crate) elapsed: Duration,
    /// Of the server, over the whole window.
    pub(crate) cpu: Duration,
    /// Bytes that the server had the disk write.
    pub(crate) written: u64,
    /// Bytes of memory at the end.
    pub(crate) resident: u64,
    /// Sorted.
    latencies: Vec<Duration>,
}

/// What the clients share.
#[derive(Default)]
struct Tally {
    phase: Cell<Phase>,
    done: Cell<u64>,
    latencies: RefCell<Vec<Duration>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Warming,
    Measuring,
    Over,
}

/// Has a client walk each of these ways for `window`, after a sixth of it unmeasured.
pub(crate) async fn run<W: Walk>(server: &Server, walks: Vec<W>, window: Duration) -> anyhow::Result<Window> {
    let clients = walks.len();
    let tally = Rc::new(Tally::default());
    let mut tasks = begin(server, walks, &tally, u64::MAX).await?;
    patiently(&mut tasks, tokio::time::sleep(window / 6)).await?;
    let (began, before) = (Instant::now(), server.usage()?);
    tally.phase.set(Phase::Measuring);
    patiently(&mut tasks, tokio::time::sleep(window)).await?;
    let (elapsed, after, done) = (began.elapsed(), server.usage()?, tally.done.get());
    tally.phase.set(Phase::Over);
    finish(tasks).await?;
    Ok(Window::of(clients, done, elapsed, &before, &after, &tally))
}

/// Has a client walk each of these ways `times` times, with nothing before.
pub(crate) async fn each<W: Walk>(server: &Server, walks: Vec<W>, times: usize) -> anyhow::Result<Window> {
    let clients = walks.len();
    let tally = Rc::new(Tally { phase: Cell::new(Phase::Measuring), ..Tally::default() });
    let (began, before) = (Instant::now(), server.usage()?);
    finish(begin(server, walks, &tally, times as u64).await?).await?;
    let (elapsed, after) = (began.elapsed(), server.usage()?);
    Ok(Window::of(clients, tally.done.get(), elapsed, &before, &after, &tally))
}

type Tasks = JoinSet<anyhow::Result<()>>;

async fn begin<W: Walk>(server: &Server, walks: Vec<W>, tally: &Rc<Tally>, times: u64) -> anyhow::Result<Tasks> {
    let mut ready = Vec::new();
    for mut walk in walks {
        let mut link = Link::to(server.port).await?;
        walk.prepare(&mut link).await?;
        ready.push((walk, link));
    }
    let mut tasks = Tasks::new();
    for (mut walk, mut link) in ready {
        let tally = Rc::clone(tally);
        tasks.spawn_local(async move {
            for _ in 0..times {
                let began = Instant::now();
                walk.once(&mut link).await?;
                match tally.phase.get() {
                    Phase::Warming => {}
                    Phase::Measuring => tally.count(began.elapsed()),
                    Phase::Over => break,
                }
            }
            Ok(())
        });
    }
    Ok(tasks)
}

/// Waits, unless a client fails meanwhile.
async fn patiently(tasks: &mut Tasks, wait: impl Future<Output = ()>) -> anyhow::Result<()> {
    tokio::select! {
        () = wait => Ok(()),
        Some(ended) = tasks.join_next() => {
            ended??;
            bail!("a client ended before its time")
        }
    }
}

async fn finish(mut tasks: Tasks) -> anyhow::Result<()> {
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(())
    };
    tokio::time::timeout(LONGEST, all).await.context("the clients do not come to an end")?
}

impl Tally {
    fn count(&self, latency: Duration) {
        self.done.set(self.done.get() + 1);
        self.latencies.borrow_mut().push(latency);
    }
}

impl Window {
    fn of(clients: usize, done: u64, elapsed: Duration, before: &Usage, after: &Usage, tally: &Tally) -> Self {
        let mut latencies = tally.latencies.take();
        latencies.sort_unstable();
        Self {
            clients,
            done,
            elapsed,
            cpu: after.cpu.saturating_sub(before.cpu),
            written: after.written.saturating_sub(before.written),
            resident: after.resident,
            latencies,
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }

    /// Microseconds of the server's CPU, for one.
    pub(crate) fn cpu(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.done.max(1) as f64
    }

    /// Thousands of bytes written, for one.
    pub(crate) fn kilobytes(&self) -> f64 {
        self.written as f64 / 1e3 / self.done.max(1) as f64
    }

    /// Milliseconds that `part` of all stayed below.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let place = (self.latencies.len().saturating_sub(1) as f64 * part).round() as usize;
        self.latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// More than this after the end of a window, something is stuck.
const LONGEST: Duration = Duration::from_mins(1);
