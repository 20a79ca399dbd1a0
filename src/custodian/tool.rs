//! `heteronym custodian`: the ceremony step by step, in one directory per custodian.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use rand::CryptoRng;

use super::{
    ceremony::{CeremonyError, Participant, Plan, Transcript},
    files::{
        FileError, Passphrase, SecretKind, create, create_or_same, destroy, make_directory, read_json, read_key,
        read_secret, read_share, write_secret, write_share,
    },
    message::{Round1, Round2},
};
use crate::wire::sealed::Fingerprint;

/// Make the custodians' key together, and look after a share of it.
///
/// The n custodians make one key of which each holds a share; any k of them can later open one name in one case, fewer
/// cannot. Nobody ever holds the key itself. Each custodian runs three steps, in a directory of his or her own:
///
///   1. `begin` writes round1-I.json: give it to all the others, and put theirs into your directory.
///   2. `exchange` shows a fingerprint: read it to one another on the telephone. When all have the same, run it again with
///      `--agreed` and the fingerprint; it writes round2-I.json: give it to all the others, and put theirs beside it.
///   3. `finish` writes custodians.json, the same for all and public, and share.secret, which never leaves you.
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub enum Command {
    /// Step 1: make your secrets and your first message
    #[command(after_help = "Example:\n  heteronym custodian begin --dir ceremony --ceremony \"Isère 2026\" \
        --threshold 3 --custodians 5 --index 2 --name \"Court of Appeal\" --passphrase-file pass.txt")]
    Begin(BeginArgs),
    /// Step 2: compare the fingerprint with the others, then make your second message
    #[command(after_help = "Examples:\n  heteronym custodian exchange --dir ceremony\n  \
        heteronym custodian exchange --dir ceremony --agreed \"3f2a 91c0 …all sixteen groups\"")]
    Exchange(ExchangeArgs),
    /// Step 3: make the public key and your share
    #[command(after_help = "Example:\n  heteronym custodian finish --dir ceremony")]
    Finish(Place),
    /// Check that your share opens and belongs to custodians.json
    #[command(after_help = "Example:\n  heteronym custodian check --dir ceremony --passphrase-file pass.txt")]
    Check(Place),
    /// Destroy what is left of the ceremony's secrets, once your share is checked and copied
    #[command(after_help = "Example:\n  heteronym custodian forget --dir ceremony")]
    Forget(Place),
    /// Show who the custodians of a key are, and its fingerprint
    #[command(after_help = "Example:\n  heteronym custodian show custodians.json")]
    Show {
        /// The public key file
        key: PathBuf,
    },
}

/// Where a custodian keeps the ceremony.
#[derive(Debug, Args)]
pub struct Place {
    /// Your own directory for this ceremony
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A file whose first line is the passphrase of your secret files; `/dev/stdin` reads it from a pipe
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BeginArgs {
    #[command(flatten)]
    place: Place,
    /// A text that tells this ceremony from others; the same for all custodians
    #[arg(long, value_name = "TEXT")]
    ceremony: String,
    /// How many custodians must agree to open a name
    #[arg(long, value_name = "K")]
    threshold: u16,
    /// How many custodians there are
    #[arg(long, value_name = "N")]
    custodians: u16,
    /// Your number, from 1 to N
    #[arg(long, value_name = "I")]
    index: u16,
    /// Your name or office, as it will be shown in public
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
pub struct ExchangeArgs {
    #[command(flatten)]
    place: Place,
    /// The fingerprint that all custodians have read to one another
    #[arg(long, value_name = "FINGERPRINT")]
    agreed: Option<String>,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0} exists already: this directory holds a ceremony that has begun")]
    Begun(PathBuf),
    #[error("still missing in {dir}: {}", missing.join(", "))]
    Missing { dir: PathBuf, missing: Vec<String> },
    #[error(
        "the fingerprint given with --agreed is not that of your files, which is\n  {0}\nDo not go on before all agree"
    )]
    NotAgreed(Fingerprint),
    #[error("run `exchange` first, and compare the fingerprint with the other custodians")]
    NotExchanged,
    #[error("the first messages have changed since you agreed to their fingerprint: begin anew")]
    Changed,
    #[error("the answer could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs one step; what it has to say goes to `out`.
pub fn run(command: &Command, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<(), ToolError> {
    match command {
        Command::Begin(args) => begin(args, rng, out),
        Command::Exchange(args) => exchange(args, rng, out),
        Command::Finish(place) => finish(place, rng, out),
        Command::Check(place) => check(place, out),
        Command::Forget(place) => forget(place, out),
        Command::Show { key } => show(key, out),
    }
}

fn begin(args: &BeginArgs, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<(), ToolError> {
    let place = &args.place;
    let passphrase = place.passphrase()?;
    let plan = Plan { ceremony: args.ceremony.clone(), threshold: args.threshold, custodians: args.custodians };
    let participant = Participant::begin(&plan, args.index, &args.name, rng)?;
    make_directory(&place.dir)?;
    if place.share().exists() {
        return Err(ToolError::Begun(place.share()));
    }
    write_secret(&place.secret(), SecretKind::Ceremony, &participant.save()?, passphrase.as_ref(), rng)?;
    let message = place.round(1, args.index);
    create(&message, &json(participant.round1()), 0o644)?;
    writeln!(out, "Your first message: {}", message.display())?;
    writeln!(out, "Give it to all the other custodians and put theirs into {}.", place.dir.display())?;
    writeln!(out, "Then: heteronym custodian exchange --dir {}", place.dir.display())?;
    if passphrase.is_none() {
        writeln!(out, "Your secrets have no passphrase: whoever gets {} has them.", place.secret().display())?;
    }
    Ok(())
}

fn exchange(args: &ExchangeArgs, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<(), ToolError> {
    let place = &args.place;
    let participant = place.participant()?;
    let transcript = place.transcript(&participant)?;
    let fingerprint = transcript.fingerprint();
    let Some(agreed) = &args.agreed else {
        writeln!(out, "The custodians of “{}”:", participant.round1().ceremony)?;
        for message in transcript.messages() {
            writeln!(out, "  {} {}", message.index, message.name)?;
        }
        writeln!(out, "Fingerprint:\n  {fingerprint}")?;
        writeln!(out, "Read it to one another, on a line where you know each other's voice. When all have the same:")?;
        writeln!(out, "  heteronym custodian exchange --dir {} --agreed \"{fingerprint}\"", place.dir.display())?;
        return Ok(());
    };
    if !same(agreed, &fingerprint) {
        return Err(ToolError::NotAgreed(fingerprint));
    }
    // Pinned before a share leaves: other first messages later on would have them written to other letter boxes.
    create_or_same(&place.agreed(), format!("{fingerprint}\n").as_bytes()).map_err(|error| match error {
        FileError::Differs(_) => ToolError::Changed,
        other => ToolError::File(other),
    })?;
    let path = place.round(2, participant.round1().index);
    if path.exists() {
        writeln!(out, "Your second message was made already: {}", path.display())?;
    } else {
        create(&path, &json(&participant.exchange(&transcript, rng)?), 0o644)?;
        writeln!(out, "Your second message: {}", path.display())?;
    }
    writeln!(out, "Give it to all the other custodians and put theirs into {}.", place.dir.display())?;
    writeln!(out, "Then: heteronym custodian finish --dir {}", place.dir.display())?;
    Ok(())
}

fn finish(place: &Place, rng: &mut impl CryptoRng, out: &mut impl Write) -> Result<(), ToolError> {
    let participant = place.participant()?;
    let transcript = place.transcript(&participant)?;
    let agreed = fs::read_to_string(place.agreed()).map_err(|_| ToolError::NotExchanged)?;
    if !same(&agreed, &transcript.fingerprint()) {
        return Err(ToolError::Changed);
    }
    let messages: Vec<Round2> = place.messages(2, &participant)?;
    let (key, share) = participant.finish(&transcript, &messages)?;
    let passphrase = place.passphrase()?;
    match write_share(&place.share(), &share, passphrase.as_ref(), rng) {
        // After a crash between the two files: the share there must be this one.
        Err(FileError::Exists(path)) => drop(read_share(&path, &key, passphrase.as_ref())?),
        other => other?,
    }
    create_or_same(&place.key(), &json(&key))?;
    writeln!(out, "The public key, the same for all custodians: {}", place.key().display())?;
    writeln!(out, "Your share, which never leaves you: {}", place.share().display())?;
    writeln!(out, "Fingerprint of the key, to be compared once more:\n  {}", key.fingerprint())?;
    writeln!(out, "When all have the same, keep a copy of your share in a safe place, and then:")?;
    writeln!(out, "  heteronym custodian forget --dir {}", place.dir.display())?;
    Ok(())
}

fn check(place: &Place, out: &mut impl Write) -> Result<(), ToolError> {
    let key = read_key(&place.key())?;
    let share = read_share(&place.share(), &key, place.passphrase()?.as_ref())?;
    writeln!(out, "Good: this is the share of custodian {} under the key", share.index())?;
    writeln!(out, "  {}", key.fingerprint())?;
    Ok(())
}

fn forget(place: &Place, out: &mut impl Write) -> Result<(), ToolError> {
    check(place, out)?;
    destroy(&place.secret())?;
    writeln!(out, "Destroyed: {}", place.secret().display())?;
    Ok(())
}

fn show(path: &Path, out: &mut impl Write) -> Result<(), ToolError> {
    let key = read_key(path)?;
    writeln!(out, "{} of {} custodians open a name. Epoch {}.", key.threshold(), key.custodians().len(), key.epoch())?;
    for custodian in key.custodians() {
        writeln!(out, "  {} {}", custodian.index, custodian.name)?;
    }
    writeln!(out, "Key id: {}\nFingerprint:\n  {}", key.id(), key.fingerprint())?;
    Ok(())
}

impl Place {
    fn secret(&self) -> PathBuf {
        self.dir.join("ceremony.secret")
    }

    fn share(&self) -> PathBuf {
        self.dir.join("share.secret")
    }

    fn key(&self) -> PathBuf {
        self.dir.join("custodians.json")
    }

    fn agreed(&self) -> PathBuf {
        self.dir.join("agreed.txt")
    }

    fn round(&self, round: u8, index: u16) -> PathBuf {
        self.dir.join(round_name(round, index))
    }

    fn passphrase(&self) -> Result<Option<Passphrase>, FileError> {
        self.passphrase_file.as_deref().map(Passphrase::read).transpose()
    }

    fn participant(&self) -> Result<Participant, ToolError> {
        let passphrase = self.passphrase()?;
        let text = read_secret(&self.secret(), SecretKind::Ceremony, passphrase.as_ref())?;
        Ok(Participant::restore(&text)?)
    }

    fn transcript(&self, participant: &Participant) -> Result<Transcript, ToolError> {
        Ok(Transcript::new(self.messages::<Round1>(1, participant)?)?)
    }

    /// Everybody's messages of a round, one file for each number.
    fn messages<T: serde::de::DeserializeOwned>(&self, round: u8, who: &Participant) -> Result<Vec<T>, ToolError> {
        let indices = 1..=who.round1().custodians;
        let missing: Vec<String> = indices
            .clone()
            .filter(|index| !self.round(round, *index).exists())
            .map(|index| round_name(round, index))
            .collect();
        if !missing.is_empty() {
            return Err(ToolError::Missing { dir: self.dir.clone(), missing });
        }
        Ok(indices.map(|index| read_json(&self.round(round, index))).collect::<Result<_, _>>()?)
    }
}

fn round_name(round: u8, index: u16) -> String {
    format!("round{round}-{index}.json")
}

/// Compares what was typed, whatever its spaces and case, with the whole fingerprint.
fn same(typed: &str, fingerprint: &Fingerprint) -> bool {
    let typed: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    typed.to_lowercase() == HEXLOWER.encode(fingerprint.as_bytes())
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rand::{SeedableRng, rngs::StdRng};
    use tempfile::{TempDir, tempdir};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    /// Three custodians, a directory each.
    struct Ceremony {
        dir: TempDir,
        rng: StdRng,
    }

    impl Ceremony {
        fn new(seed: u64) -> Self {
            Self { dir: tempdir().unwrap(), rng: StdRng::seed_from_u64(seed) }
        }

        fn path(&self, who: u16) -> PathBuf {
            self.dir.path().join(who.to_string())
        }

        fn step(&mut self, who: u16, step: &str, more: &[&str]) -> Result<String, String> {
            let dir = self.path(who);
            let line = ["custodian", step, "--dir", dir.to_str().unwrap()].into_iter().chain(more.iter().copied());
            let command = Cli::try_parse_from(line).unwrap().command;
            let mut out = Vec::new();
            run(&command, &mut self.rng, &mut out).map_err(|error| error.to_string())?;
            Ok(String::from_utf8(out).unwrap())
        }

        fn begin(&mut self, who: u16) -> Result<String, String> {
            let (who_text, name) = (who.to_string(), format!("Office {who}"));
            let plan = ["--ceremony", "Isère 2026", "--threshold", "2", "--custodians", "3"];
            self.step(who, "begin", &[&plan[..], &["--index", &who_text, "--name", &name]].concat())
        }

        /// Gives everybody everybody's messages of a round.
        fn distribute(&self, round: u8) {
            for (from, to) in (1..=3).flat_map(|from| (1..=3).map(move |to| (from, to))) {
                let name = round_name(round, from);
                if from != to {
                    fs::copy(self.path(from).join(&name), self.path(to).join(&name)).unwrap();
                }
            }
        }

        fn fingerprint(&mut self, who: u16) -> String {
            let said = self.step(who, "exchange", &[]).unwrap();
            said.lines().skip_while(|line| *line != "Fingerprint:").nth(1).unwrap().trim().to_owned()
        }

        fn until_exchanged(&mut self) {
            (1..=3).for_each(|who| drop(self.begin(who).unwrap()));
            self.distribute(1);
            let fingerprint = self.fingerprint(1);
            (1..=3).for_each(|who| drop(self.step(who, "exchange", &["--agreed", &fingerprint]).unwrap()));
            self.distribute(2);
        }
    }

    #[test]
    fn three_custodians_make_one_key_by_files_and_keep_only_their_shares() {
        let mut ceremony = Ceremony::new(1);
        ceremony.until_exchanged();
        for who in 1..=3 {
            let said = ceremony.step(who, "finish", &[]).unwrap();
            assert!(said.contains("Your share, which never leaves you"), "{said}");
        }
        let keys = [1, 2, 3].map(|who| fs::read_to_string(ceremony.path(who).join("custodians.json")).unwrap());
        assert!(keys[0] == keys[1] && keys[1] == keys[2]);
        for who in 1..=3 {
            let said = ceremony.step(who, "forget", &[]).unwrap();
            assert!(said.starts_with(&format!("Good: this is the share of custodian {who}")), "{said}");
            assert!(!ceremony.path(who).join("ceremony.secret").exists());
            assert!(ceremony.step(who, "check", &[]).is_ok());
        }
        let shown = ceremony.path(1).join("custodians.json");
        let mut out = Vec::new();
        run(&Command::Show { key: shown }, &mut ceremony.rng, &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("2 of 3 custodians open a name. Epoch 0.\n  1 Office 1\n"), "{said}");
    }

    #[test]
    fn steps_out_of_order_say_what_is_missing() {
        let mut ceremony = Ceremony::new(2);
        (1..=3).for_each(|who| drop(ceremony.begin(who).unwrap()));
        let said = ceremony.step(1, "exchange", &[]).unwrap_err();
        assert!(said.contains("still missing") && said.ends_with(": round1-2.json, round1-3.json"), "{said}");
        ceremony.distribute(1);
        let said = ceremony.step(1, "finish", &[]).unwrap_err();
        assert!(said.starts_with("run `exchange` first"), "{said}");
        assert!(!ceremony.path(1).join("round2-1.json").exists(), "no share leaves before the fingerprint is agreed");
        let fingerprint = ceremony.fingerprint(1);
        ceremony.step(1, "exchange", &["--agreed", &fingerprint.to_uppercase()]).unwrap();
        let said = ceremony.step(1, "finish", &[]).unwrap_err();
        assert!(said.ends_with(": round2-2.json, round2-3.json"), "{said}");
    }

    #[test]
    fn no_share_leaves_on_another_fingerprint_or_after_the_messages_changed() {
        let mut ceremony = Ceremony::new(3);
        (1..=3).for_each(|who| drop(ceremony.begin(who).unwrap()));
        ceremony.distribute(1);
        let said = ceremony.step(1, "exchange", &["--agreed", "3f2a"]).unwrap_err();
        assert!(said.contains("Do not go on"), "{said}");
        assert!(!ceremony.path(1).join("round2-1.json").exists());

        let fingerprint = ceremony.fingerprint(1);
        ceremony.step(1, "exchange", &["--agreed", &fingerprint]).unwrap();
        let before = fs::read(ceremony.path(1).join("round2-1.json")).unwrap();
        let said = ceremony.step(1, "exchange", &["--agreed", &fingerprint]).unwrap();
        assert!(said.starts_with("Your second message was made already"), "{said}");
        assert_eq!(fs::read(ceremony.path(1).join("round2-1.json")).unwrap(), before);

        let mut other = Ceremony::new(4);
        other.begin(2).unwrap();
        let replaced = ceremony.path(1).join("round1-2.json");
        fs::copy(other.path(2).join("round1-2.json"), replaced).unwrap();
        fs::remove_file(ceremony.path(1).join("round2-1.json")).unwrap();
        let fingerprint = ceremony.fingerprint(1);
        let said = ceremony.step(1, "exchange", &["--agreed", &fingerprint]).unwrap_err();
        assert!(said.starts_with("the first messages have changed"), "{said}");
    }

    #[test]
    fn beginning_twice_or_finishing_twice_loses_nothing() {
        let mut ceremony = Ceremony::new(5);
        ceremony.until_exchanged();
        let secret = fs::read(ceremony.path(1).join("ceremony.secret")).unwrap();
        assert!(ceremony.begin(1).unwrap_err().contains("exists already"));
        assert_eq!(fs::read(ceremony.path(1).join("ceremony.secret")).unwrap(), secret);
        ceremony.step(1, "finish", &[]).unwrap();
        let share = fs::read(ceremony.path(1).join("share.secret")).unwrap();
        fs::remove_file(ceremony.path(1).join("custodians.json")).unwrap();
        ceremony.step(1, "finish", &[]).unwrap();
        assert_eq!(fs::read(ceremony.path(1).join("share.secret")).unwrap(), share);
        ceremony.step(1, "forget", &[]).unwrap();
        assert!(ceremony.begin(1).unwrap_err().contains("exists already"));
    }

    #[test]
    fn with_a_passphrase_nothing_secret_is_on_the_medium() {
        let mut ceremony = Ceremony::new(6);
        let passphrase = ceremony.dir.path().join("pass");
        fs::write(&passphrase, "correct horse battery\n").unwrap();
        let passphrase = passphrase.to_str().unwrap().to_owned();
        let begin = "--ceremony C --threshold 2 --custodians 2 --index 1 --name A --passphrase-file";
        let begin: Vec<&str> = begin.split(' ').chain([passphrase.as_str()]).collect();
        let said = ceremony.step(1, "begin", &begin).unwrap();
        assert!(!said.contains("no passphrase"), "{said}");
        let file = fs::read_to_string(ceremony.path(1).join("ceremony.secret")).unwrap();
        assert!(file.contains("argon2id"));
        let said = ceremony.step(1, "exchange", &[]).unwrap_err();
        assert!(said.contains("give its passphrase"), "{said}");
        let said = ceremony.step(1, "exchange", &["--passphrase-file", &passphrase]).unwrap_err();
        assert!(said.contains("still missing"), "{said}");
    }

    #[test]
    fn the_command_line_is_consistent_and_shows_examples() {
        use clap::CommandFactory;
        let mut command = Cli::command();
        command.clone().debug_assert();
        let begin = command.find_subcommand_mut("begin").unwrap();
        assert!(begin.render_long_help().to_string().contains("Example:\n  heteronym custodian begin --dir"));
    }
}
