//! `heteronym audit sample`: an auditor has tokens opened that nobody could choose, and checks what they say (`specs/log.md` §13).
//!
//! The auditor's side, from the logs and the file of openings alone: a number that is kept ([`mod@file`]), the audit that stands in the registry and
//! what it draws from ([`begun`]), what was opened ([`opened`]), and what may be said of it ([`report`]).

pub(super) mod args;
mod begun;
mod bracket;
mod file;
mod logs;
mod opened;
mod report;

use std::{
    fs::File,
    io::{Read as _, Write},
    path::Path,
};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use self::{
    args::{CheckArgs, Command, NewArgs, NonceArgs},
    begun::{Begun, head_of},
    file::{Sample, base64, create},
    logs::Logs,
    opened::Checker,
    report::{Drawing, Report, table},
};
use super::{
    areas::{self, Parents},
    args::Place,
    audit::{Brought, Plan, blocking, bring},
    error::AuditError,
    finding::{At, Check, Findings},
    heads::Trust,
    judge::{CONTENT, Judge, read_registry},
    mirror::Mirror,
    replay::{audits::Audit, institutions::Institutions},
    verdict::{Outcome, Verdict, counted},
};
use crate::wire::tlog::{
    Hash,
    leaf::REGISTRY,
    sample::{Drawn, MAX_OPENINGS, Openings},
};

pub(super) async fn run(
    command: &Command,
    now: i64,
    rng: &mut impl CryptoRng,
    out: &mut impl Write,
) -> Result<Outcome, AuditError> {
    match command {
        Command::New(args) => draw(args, rng, out),
        Command::Nonce(args) => show(args, now, rng, out).await,
        Command::Check(args) => check(args, now, rng, out).await,
    }
}

/// Draws the auditor's number.
fn draw(args: &NewArgs, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<Outcome, AuditError> {
    let sample = Sample::new(args.draws, rng);
    sample.create(&args.file)?;
    let (file, draws, hash) = (args.file.display(), args.draws, base64(sample.nonce_hash()));
    writeln!(
        out,
        "{file} has your number. Show it to nobody before the audit stands in the registry, and do not lose it."
    )?;
    writeln!(out, "\n1. Enter on the service's page for auditors")?;
    writeln!(out, "     draws    {draws}\n     SHA-256  {hash}")?;
    writeln!(out, "2. When the audit stands in the registry, let this say so, and enter the number that it shows")?;
    writeln!(out, "     heteronym audit sample nonce {file} --url https://…")?;
    writeln!(out, "3. When the service has opened what is drawn, check it")?;
    writeln!(out, "     heteronym audit sample check {file} --openings FILE --url https://… --report report.json")?;
    writeln!(out, "\nThe odds of {} among a million tokens", counted(draws.into(), "draw", "draws"))?;
    for chance in table(1_000_000, draws.into()) {
        writeln!(out, "  - {chance}")?;
    }
    Ok(Outcome::Good)
}

/// Shows the number, once it is sure what it draws from.
async fn show(
    args: &NonceArgs,
    now: i64,
    rng: &mut impl CryptoRng,
    out: &mut impl Write,
) -> Result<Outcome, AuditError> {
    let mut sample = Sample::read(&args.file)?;
    if let Some(place) = args.place() {
        let nonce_hash = sample.nonce_hash();
        let judged = judge(&place, now, rng, move |mirror, institutions, report| {
            let (logs, mut findings) = (Logs::of(mirror)?, Findings::default());
            let begun = Begun::find(&sample, mirror, institutions, &logs, &mut findings)?;
            report.sample = begun.map(|begun| Drawing::new(&begun.audit.commit, begun.population.count()));
            report.verdict.add(&findings);
            Ok((sample, head_of(mirror)?))
        });
        let (report, (read, head)) = judged.await?;
        let Some(drawing) = report.sample.filter(|_| report.verdict.outcome == Outcome::Good) else {
            write!(out, "{}", report.verdict)?;
            writeln!(
                out,
                "\nThe number stays hidden: whoever begins the audit anew in another history of the log could choose what is drawn."
            )?;
            writeln!(out, "To show it in spite of what was found, leave out --url and --mirror.")?;
            return Ok(Outcome::Faults);
        };
        sample = Sample { registry: head, ..read };
        sample.update(&args.file)?;
        writeln!(
            out,
            "Audit {} by {} stands in the registry, with {}.",
            drawing.audit,
            drawing.auditor,
            base64(nonce_hash)
        )?;
        writeln!(out, "It draws {} of {}.", drawing.drawn, drawing.of())?;
    } else {
        writeln!(
            out,
            "Not checked: that the audit stands in the registry. Name the service with --url, or be sure of it."
        )?;
    }
    writeln!(
        out,
        "\nEnter on the service's page for auditors\n     number  {}",
        BASE64URL_NOPAD.encode(&sample.nonce)
    )?;
    Ok(Outcome::Good)
}

/// Checks what was opened.
async fn check(
    args: &CheckArgs,
    now: i64,
    rng: &mut impl CryptoRng,
    out: &mut impl Write,
) -> Result<Outcome, AuditError> {
    // Before the work, not after it.
    if let Some(file) = args.report.as_deref().filter(|file| file.exists()) {
        return Err(AuditError::Arguments(format!("{}: it is there already", file.display())));
    }
    let sample = Sample::read(&args.file)?;
    let openings = Opening::read(&args.openings)?;
    let areas = args.areas.as_deref().map(areas::parents).transpose()?;
    let judged = judge(&args.place, now, rng, move |mirror, institutions, report| {
        look(&sample, &openings, areas.as_ref(), mirror, institutions, report)
    });
    let (report, ()) = judged.await?;
    let mut bytes = serde_json::to_vec_pretty(&report).map_err(std::io::Error::from)?;
    bytes.push(b'\n');
    if let Some(file) = &args.report {
        create(file, &bytes)?;
    }
    if args.json {
        out.write_all(&bytes)?;
    } else {
        write!(out, "{report}")?;
        enter(&report, args.report.as_deref(), &bytes, out)?;
    }
    Ok(report.verdict.outcome)
}

/// What to enter on the service's page.
fn enter(report: &Report, file: Option<&Path>, bytes: &[u8], out: &mut impl Write) -> Result<(), AuditError> {
    let Some(sample) = &report.sample else { return Ok(()) };
    let Some(file) = file else {
        writeln!(
            out,
            "\nTo end the audit, write the report with --report FILE: its SHA-256 is entered on the service's page."
        )?;
        return Ok(());
    };
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    writeln!(out, "\nEnter on the service's page for auditors, to end the audit")?;
    writeln!(
        out,
        "     opened   {}\n     withheld {}\n     faults   {}",
        sample.opened, sample.withheld, sample.faults
    )?;
    writeln!(out, "     SHA-256  {}", base64(Hash::from_bytes(hash)))?;
    writeln!(out, "It is that of {}, in hexadecimal {}.", file.display(), HEXLOWER.encode(&hash))?;
    writeln!(out, "Delete the openings now: they are about people.")?;
    Ok(())
}

/// A file of openings, with the hash that the registry should have.
struct Opening {
    hash: Hash,
    openings: Openings,
}

impl Opening {
    fn read(path: &Path) -> Result<Self, AuditError> {
        let wrong = |what: String| AuditError::Arguments(format!("{}: {what}", path.display()));
        let limit = u64::try_from(MAX_OPENINGS).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        read.map_err(|error| wrong(error.to_string()))?;
        let openings = Openings::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { hash: Hash::from_bytes(Sha256::digest(&bytes).into()), openings })
    }
}

/// Brings the logs, judges them, and then looks at the sample.
async fn judge<T: Send + 'static>(
    place: &Place,
    now: i64,
    rng: &mut impl CryptoRng,
    look: impl FnOnce(&Mirror, &Institutions, &mut Report) -> Result<T, AuditError> + Send + 'static,
) -> Result<(Report, T), AuditError> {
    let Brought { target, issuer, mirror, findings } = bring(place, now, rng).await?;
    let trust = Trust { log_keys: place.log_key.clone(), ..Trust::default() };
    let plan = Plan { target, issuer, trust, areas: None, keeps: false, now };
    blocking(move || {
        let verdict: Verdict = Judge::new(&mirror, &plan, findings).verdict()?;
        let institutions = read_registry(&mirror, now, &mut Findings::default())?;
        let institutions = institutions.ok_or(AuditError::Nothing("there is no registry/checkpoint".to_owned()))?;
        let mut report = Report { verdict, sample: None };
        let looked = look(&mirror, &institutions, &mut report)?;
        Ok((report, looked))
    })
    .await
}

/// Adds to the verdict on the logs what came of the sample.
fn look(
    sample: &Sample,
    opening: &Opening,
    areas: Option<&Parents>,
    mirror: &Mirror,
    institutions: &Institutions,
    report: &mut Report,
) -> Result<(), AuditError> {
    let (logs, mut findings) = (Logs::of(mirror)?, Findings::default());
    let unchecked = &mut report.verdict.not_checked;
    unchecked.retain(|line| line != CONTENT);
    unchecked.push(ENROLMENTS.to_owned());
    if sample.registry.is_none() {
        unchecked.push(ANEW.to_owned());
    }
    let begun = Begun::find(sample, mirror, institutions, &logs, &mut findings)?;
    match begun {
        Some(begun) if opening.openings.audit == begun.audit.commit.audit => {
            answered(begun.audit, sample, opening, &mut findings);
            let mut checker = Checker::new(&logs, institutions, areas, &opening.openings)?;
            let drawing = begun.check(sample, &opening.openings, &logs, &mut checker, &mut findings)?;
            report.verdict.checked.push(format!(
                "{} of audit {}, each with the enrolment that it names",
                counted(drawing.opened, "opened token", "opened tokens"),
                drawing.audit
            ));
            if checker.areas_unknown > 0 {
                let tokens = counted(checker.areas_unknown, "token", "tokens");
                let what =
                    format!("of {tokens}, whether the area holds that of the enrolment: bring a table with --areas");
                report.verdict.not_checked.push(what);
            }
            report.sample = Some(drawing);
        }
        Some(begun) => {
            let at = At::leaf(REGISTRY, begun.audit.begun);
            findings.fault(Check::SampleSequence, at, "the openings of this audit", "those of another");
            report.verdict.not_checked.push(NOTHING_OPENED.to_owned());
        }
        None => report.verdict.not_checked.push(NOTHING_OPENED.to_owned()),
    }
    report.verdict.add(&findings);
    Ok(())
}

/// The registry has the number, and the hash of the file.
fn answered(audit: &Audit, sample: &Sample, opening: &Opening, findings: &mut Findings) {
    let at = At::leaf(REGISTRY, audit.begun);
    let mut fault = |expected: &str, found: &str| findings.fault(Check::SampleSequence, at, expected, found);
    match audit.nonce {
        Some(nonce) if nonce == sample.nonce => {}
        Some(_) => fault("a leaf `audit.draw` with the auditor's number", "one with another"),
        None => fault("a leaf `audit.draw` with the auditor's number", "none"),
    }
    let Some(said) = &audit.openings else {
        fault("a leaf `audit.openings` with the hash of the file", "none");
        return;
    };
    if said.openings != opening.hash {
        fault("the file of openings whose hash is in the registry", "another, or one that was changed");
    }
    let withheld = opening.openings.drawn.iter().filter(|Drawn { opened, .. }| opened.is_none()).count() as u64;
    let opened = opening.openings.drawn.len() as u64 - withheld;
    if (opened, withheld) != (said.opened.into(), said.withheld.into()) {
        let expected = format!("{} opened and {} withheld, as in the registry", said.opened, said.withheld);
        fault(&expected, &format!("{opened} opened and {withheld} withheld"));
    }
}

const ENROLMENTS: &str = "whether what an enrolment says is true: a sample shows that token and enrolment say the same, the office saw the papers";
const ANEW: &str = "whether the audit is still the one that stood there before the number was shown: it is not noted in your file, since \
                    `sample nonce` was not run with --url or --mirror";
const NOTHING_OPENED: &str = "what was opened: it is not known what was to be drawn";
