//! `heteronym registrars import`: many people from a file, and their activation codes into another.
//!
//! The codes are on the medium before the people are in the database: after a cut at any moment, whoever is enrolled has a code in the
//! file, or nobody is enrolled and the file opens nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use zeroize::Zeroizing;

use super::{Services, keys};
use crate::proofing::{Batch, By, Finding, ImportError};

/// Enrol the people of a file: all of them, or nobody.
///
/// The file is CSV in UTF-8, with , or ; between the values. Its first line names the columns, in any order: family_name,
/// given_names, birth_date, commune, document_kind, document_number, and if wished married_name, sex, agent_until, elected_until,
/// animator_until. They are filled in as at the counter. Everything that is wrong is said at once, by line, and nobody is enrolled.
/// Remove the file when its people are enrolled: it holds what the service does not keep.
///
/// The office signs for each of them. Whoever runs this has the office's private key at hand for that time, and could sign for anybody:
/// let the office bring it, on a medium of its own, and take it away again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::doc_markdown, reason = "these comments are read at a terminal")]
pub(super) struct Args {
    /// The people, at most 5,000.
    file: PathBuf,
    /// The name of the office that has seen their documents.
    #[arg(long, value_name = "NAME")]
    office: String,
    /// Where the activation codes go, as CSV: a file that does not exist yet, readable by its owner alone.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    codes: Option<PathBuf>,
    /// The private key of the office, as `registrars new-key` made it: one that the operator has accredited.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    key: Option<PathBuf>,
    /// Say what is wrong, and enrol nobody.
    #[arg(long)]
    dry_run: bool,
    /// The lines in doubt whose documents were looked at a second time, such as 12,40.
    #[arg(long, value_name = "LINES", value_delimiter = ',')]
    confirmed: Vec<u64>,
}

const EXAMPLES: &str = "\
Examples:
  heteronym registrars import people.csv --office 'Mairie de Voiron' --dry-run
  heteronym registrars import people.csv --office 'Mairie de Voiron' --codes codes.csv --key voiron.key
  heteronym registrars import people.csv --office 'Mairie de Voiron' --codes codes.csv --key voiron.key \
    --confirmed 12,40";

pub(super) async fn run(services: &Services, args: Args, out: &mut impl Write) -> anyhow::Result<()> {
    let proofing = &services.proofing;
    let office = proofing.office_named(&args.office).await?;
    let codes = args.codes.filter(|_| !args.dry_run);
    if let Some(codes) = &codes {
        refuse_existing(codes)?;
    }
    let key = args.key.filter(|_| !args.dry_run).map(|file| keys::read(&file)).transpose()?;
    let (source, progress) = open(&args.file)?;
    let read =
        proofing.read_batch(By::operator(office.id), progress.wrap_read(source), args.confirmed.into_iter().collect());
    let read = read.await;
    progress.finish_and_clear();
    let batch = match read {
        Ok(batch) => batch,
        Err(ImportError::Lines(findings)) => return refuse(&findings, out),
        Err(error) => return Err(error).with_context(|| args.file.display().to_string()),
    };
    let people = batch.sheets().len();
    let Some((codes, key)) = codes.zip(key) else {
        writeln!(out, "Nothing is wrong: {people} people can be enrolled.")?;
        return Ok(());
    };
    let codes = Codes::write(codes, services, &batch)?;
    let working = working("writing to the database");
    let enrolled = proofing.enrol_batch(&batch, &key).await;
    working.finish_and_clear();
    match enrolled {
        Ok(()) => {}
        Err(ImportError::Lines(findings)) => {
            codes.remove()?;
            return refuse(&findings, out);
        }
        Err(error @ ImportError::Unsure) => {
            let file = codes.0.display();
            return Err(error).with_context(|| format!(
                "do not remove {file} yet. Try again with --dry-run: if it calls all lines already enrolled, the codes in {file} \
                 are good; if it finds nothing wrong, nobody is enrolled: remove {file} and import again"
            ));
        }
        Err(error) => {
            codes.remove()?;
            return Err(error).context("nobody was enrolled");
        }
    }
    writeln!(out, "{people} people are enrolled. Their activation codes are in {}.", codes.0.display())?;
    writeln!(out, "Hand each their own, then remove {} and {}.", codes.0.display(), args.file.display())?;
    Ok(())
}

/// Says all that is wrong, a line each.
fn refuse(findings: &[Finding], out: &mut impl Write) -> anyhow::Result<()> {
    for Finding { line, fault } in findings {
        writeln!(out, "line {line}: {fault}")?;
    }
    let mut doubtful: Vec<_> = findings.iter().map(|finding| finding.line.to_string()).collect();
    doubtful.dedup();
    if findings.iter().all(|finding| finding.fault.is_doubt()) {
        writeln!(
            out,
            "\nLook at these people's documents again. For those who are right: --confirmed {}",
            doubtful.join(",")
        )?;
    }
    let lines = doubtful.len();
    bail!("nobody was enrolled: {lines} {} to mend or to confirm", if lines == 1 { "line is" } else { "lines are" })
}

fn refuse_existing(codes: &Path) -> anyhow::Result<()> {
    if codes.symlink_metadata().is_ok() {
        bail!(
            "{} exists already and is never overwritten: give another name with --codes. If it is of an import that was cut short, \
             try that with --dry-run: if all lines are already enrolled, the codes in it are good; otherwise remove it",
            codes.display()
        );
    }
    Ok(())
}

/// The file, and a bar that shows on a terminal how much of it is read.
fn open(path: &Path) -> anyhow::Result<(File, ProgressBar)> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    if metadata.is_dir() {
        bail!("{} is a directory: name the file with the people in it", path.display());
    }
    let progress = if io::stderr().is_terminal() { ProgressBar::new(metadata.len()) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("checking and sealing {wide_bar} {percent} %")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    Ok((file, progress.with_style(style)))
}

/// A sign of life on a terminal while something takes its time.
fn working(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// The file of activation codes.
struct Codes(PathBuf);

impl Codes {
    /// Writes it, and returns when it is on the medium.
    fn write(path: PathBuf, services: &Services, batch: &Batch) -> anyhow::Result<Self> {
        let text = table(services, batch)?;
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut file = created.with_context(|| format!("cannot write {}: nobody was enrolled", path.display()))?;
        let codes = Self(path);
        if let Err(error) = file.write_all(&text).and_then(|()| file.sync_all()).and_then(|()| codes.sync_directory()) {
            codes.remove()?;
            return Err(error).with_context(|| format!("cannot write {}: nobody was enrolled", codes.0.display()));
        }
        Ok(codes)
    }

    /// Removes what opens nothing.
    fn remove(&self) -> anyhow::Result<()> {
        let removed = fs::remove_file(&self.0).and_then(|()| self.sync_directory());
        removed.with_context(|| {
            format!("nobody was enrolled; {} could not be removed, and opens nothing", self.0.display())
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        let parent = self.0.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    }
}

fn table(services: &Services, batch: &Batch) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it: what is moved while it grows is not wiped.
    let room = Zeroizing::new(Vec::with_capacity(
        (batch.sheets().len() + 1) * (200 + services.config.server.issuer.as_str().len()),
    ));
    let mut table = csv::Writer::from_writer(Wiped(room));
    table.write_record(["line", "sign_in_name", "activation_code", "url", "until"])?;
    for sheet in batch.sheets() {
        table.write_record([
            sheet.line.to_string(),
            sheet.login.grouped(),
            sheet.code.grouped(),
            services.activation_url(sheet.code),
            sheet.until.to_string(),
        ])?;
    }
    let table = table.into_inner().map_err(|error| anyhow::Error::msg(error.to_string()))?;
    Ok(table.0)
}

/// Bytes that are wiped, as something to write to.
struct Wiped(Zeroizing<Vec<u8>>);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
