//! An audit of whole logs: fetch what is missing, then judge what is there.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use rand::CryptoRng;

use super::{
    areas,
    args::{Options, Place},
    error::AuditError,
    fetch::Site,
    finding::Findings,
    heads::Trust,
    judge::{Judge, read_registry},
    mirror::Mirror,
    replay::totals::Areas,
    source::{Source, is_year},
    sync::{Sync, Synced, head},
    verdict::Verdict,
};
use crate::wire::tlog::{Algorithm, SignedCheckpoint, leaf::REGISTRY};

/// What the auditor brings along.
#[derive(Debug)]
pub(super) struct Plan {
    /// As it was named.
    pub(super) target: String,
    /// Where a service was named, as it names itself.
    pub(super) issuer: Option<String>,
    pub(super) trust: Trust,
    pub(super) areas: Option<Areas>,
    /// Whether the mirror remembers what was found good.
    pub(super) keeps: bool,
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

pub(super) async fn run(
    target: &str,
    options: &Options,
    now: i64,
    rng: &mut impl CryptoRng,
) -> Result<Verdict, AuditError> {
    let source = source(target, options.ca.as_deref())?;
    let plan = Plan {
        target: target.to_owned(),
        issuer: if let Source::Site(site) = &source { Some(site.issuer().to_owned()) } else { None },
        trust: trust(options)?,
        areas: options.areas.as_deref().map(areas::populations).transpose()?,
        keeps: options.mirror.is_some(),
        now,
    };
    let mut findings = Findings::default();
    let mirror = match (&options.mirror, source) {
        (None, Source::Directory(directory)) => Arc::new(directory),
        (kept, source) => {
            let mirror = match kept {
                Some(kept) => Mirror::kept(kept)?,
                None => Mirror::temporary(rng)?,
            };
            let mirror = Arc::new(mirror);
            follow(&source, &mirror, now, &mut findings).await?;
            mirror
        }
    };
    let place = Arc::clone(&mirror);
    let keeps = plan.keeps;
    let judged = blocking(move || Judge::new(&place, &plan, findings).verdict()).await?;
    if keeps {
        let json = serde_json::to_vec_pretty(&judged).map_err(io::Error::from)?;
        mirror.write("verdict.json", &json)?;
    }
    Ok(judged)
}

/// Where what is named has its logs.
pub(super) fn source(target: &str, authorities: Option<&Path>) -> Result<Source, AuditError> {
    if target.starts_with("https://") || target.starts_with("http://") {
        return Ok(Source::Site(Site::new(target, authorities)?));
    }
    let directory = Path::new(target);
    if !directory.is_dir() {
        return Err(AuditError::Arguments(format!("{target} is neither a directory nor an address with https://")));
    }
    Ok(Source::Directory(Mirror::existing(directory)))
}

/// Logs that can be judged.
pub(super) struct Brought {
    /// As they were named.
    pub(super) target: String,
    /// Where a service was named, as it names itself.
    pub(super) issuer: Option<String>,
    pub(super) mirror: Arc<Mirror>,
    /// What was found while fetching.
    pub(super) findings: Findings,
}

/// Brings the logs here whole, so that the service does not learn what is looked for in them.
pub(super) async fn bring(place: &Place, now: i64, rng: &mut impl CryptoRng) -> Result<Brought, AuditError> {
    let mut findings = Findings::default();
    let (target, source) = match (&place.url, &place.mirror) {
        (Some(url), _) => (url.clone(), source(url, place.ca.as_deref())?),
        (None, Some(mirror)) => (mirror.display().to_string(), Source::Directory(Mirror::existing(mirror))),
        (None, None) => return Err(AuditError::Arguments("name the service with --url or --mirror".to_owned())),
    };
    let issuer = if let Source::Site(site) = &source { Some(site.issuer().to_owned()) } else { None };
    let mirror = match source {
        Source::Directory(directory) => Arc::new(directory),
        site @ Source::Site(_) => {
            let mirror = Arc::new(Mirror::temporary(rng)?);
            follow(&site, &mirror, now, &mut findings).await?;
            mirror
        }
    };
    Ok(Brought { target, issuer, mirror, findings })
}

fn trust(options: &Options) -> Result<Trust, AuditError> {
    let (witnesses, wrong) = (options.witness.clone(), |text: &str| Err(AuditError::Arguments(text.to_owned())));
    if witnesses.iter().any(|key| key.algorithm() != Algorithm::Cosignature) {
        return wrong(
            "--witness takes the key of a witness, which signs with a time (its base64 begins with BA or BB)",
        );
    }
    let quorum = options.quorum.unwrap_or(witnesses.len());
    if quorum > witnesses.len() {
        return wrong("--quorum is more than there are witnesses");
    }
    Ok(Trust { log_keys: options.log_key.clone(), witnesses, quorum })
}

/// Brings a mirror up to date, until the registry in it is younger than the other logs and anchors nothing beyond them.
pub(super) async fn follow(
    source: &Source,
    mirror: &Arc<Mirror>,
    now: i64,
    findings: &mut Findings,
) -> Result<(), AuditError> {
    let discovery = source.discovery(mirror, findings).await?;
    let bar = fetching();
    let sync = Sync { source, mirror, now, bar: &bar };
    let mut refused = BTreeSet::new();
    match sync.log(REGISTRY, findings).await? {
        Synced::Absent => return Err(AuditError::Nothing("there is no log named registry".to_owned())),
        Synced::Refused => drop(refused.insert(REGISTRY.to_owned())),
        Synced::Fresh => {}
    }
    for _ in 0..ROUNDS {
        let mut names: BTreeSet<_> = anchors(mirror, now).await?.into_iter().map(|(log, _)| log).collect();
        names.extend(discovery.as_ref().and_then(|discovery| discovery.year()).map(str::to_owned));
        if let Source::Directory(directory) = source {
            names.extend(directory.directories()?.into_iter().filter(|name| is_year(name)));
        }
        for log in names.iter().map(String::as_str).chain([REGISTRY]) {
            if !refused.contains(log) && sync.log(log, findings).await? == Synced::Refused {
                refused.insert(log.to_owned());
            }
        }
        let behind = |(log, size): (String, u64)| {
            let known = head(mirror, &log).ok().flatten().and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
            !refused.contains(&log) && known.is_some_and(|head| head.checkpoint().size() < size)
        };
        if !anchors(mirror, now).await?.into_iter().any(behind) {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The logs that the registry in the mirror anchors, and at which sizes.
async fn anchors(mirror: &Arc<Mirror>, now: i64) -> Result<Vec<(String, u64)>, AuditError> {
    let mirror = Arc::clone(mirror);
    let anchors = move || {
        let institutions = read_registry(&mirror, now, &mut Findings::default())?;
        let anchors = institutions.into_iter().flat_map(|institutions| institutions.anchors);
        Ok(anchors.map(|(_, anchor)| (anchor.log.to_string(), anchor.size)).collect())
    };
    blocking(anchors).await
}

/// Work that takes its time, away from the threads that wait for the network.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, AuditError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(cause) => std::panic::resume_unwind(cause),
        Err(_) => Err(AuditError::Nothing("the program is ending".to_owned())),
    })
}

/// A bar that shows on a terminal how much is fetched.
fn fetching() -> ProgressBar {
    bar("fetching {wide_bar} {pos}/{len} tiles, {eta}", 0)
}

/// A bar that shows on a terminal how much is read.
pub(super) fn reading(leaves: u64) -> ProgressBar {
    bar("checking {wide_bar} {pos}/{len} leaves, {eta}", leaves)
}

fn bar(template: &str, length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

const ROUNDS: usize = 4;
