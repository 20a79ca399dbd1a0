//! `heteronym audit`: its command line.

use std::path::PathBuf;

use super::{heads::LogKey, sample::args as sample};
use crate::wire::tlog::NoteKey;

/// Check the public logs of a service from outside, with no account: every entry, every tile, every rule.
///
/// Exits with 0 when no fault was found, with 1 when there was one, with 2 when something could not be checked.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    /// The service's address, https://…, or a directory with its logs
    #[arg(value_name = "URL|DIR", required = true)]
    target: Option<String>,
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Check one credential: that it is in the log, and signed by a key that counted
    Token(TokenArgs),
    /// Find everything that stands in your own name, with the secret that your account page hands out
    Mine(MineArgs),
    /// As an accredited auditor, have tokens opened that nobody could choose, and check what they say
    #[command(subcommand)]
    Sample(sample::Command),
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Options {
    /// The log's public key as you know it from elsewhere; without it, the keys are taken on trust
    #[arg(long, value_name = "KEY")]
    pub(super) log_key: Vec<LogKey>,
    /// A directory that keeps what was fetched: the next audit goes on from there and sees whether the log was rolled back,
    /// and anybody can check it again
    #[arg(long, value_name = "DIR")]
    pub(super) mirror: Option<PathBuf>,
    /// The key of a witness that should have seen the same logs, name+id+base64
    #[arg(long, value_name = "VKEY")]
    pub(super) witness: Vec<NoteKey>,
    /// How many of the witnesses must have cosigned; without it, all
    #[arg(long, value_name = "K", requires = "witness")]
    pub(super) quorum: Option<usize>,
    /// Populations in place of those in the registry: a table with the columns `code` and `population`, tabs between
    #[arg(long, value_name = "FILE")]
    pub(super) areas: Option<PathBuf>,
    /// Write the verdict as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Further certificate authorities, as PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = TOKEN_EXAMPLES)]
pub(super) struct TokenArgs {
    /// The ID token, or the token response as JSON; `/dev/stdin` reads it from a pipe
    pub(super) file: PathBuf,
    /// The service's address
    #[arg(long, value_name = "URL", required_unless_present = "mirror")]
    pub(super) url: Option<String>,
    /// A directory with its logs
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(super) mirror: Option<PathBuf>,
    /// The service's public keys, where they cannot be fetched
    #[arg(long, value_name = "FILE")]
    pub(super) jwks: Option<PathBuf>,
    /// The log's public key as you know it from elsewhere
    #[arg(long, value_name = "KEY")]
    pub(super) log_key: Vec<LogKey>,
    /// Write the verdict as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Further certificate authorities, as PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = MINE_EXAMPLES)]
pub(super) struct MineArgs {
    /// The file with your secret, from your account page; nothing of it leaves this computer
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
    /// Write the verdict as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the logs are, to be read whole.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Place {
    /// The service's address: its logs are fetched whole, so that it does not learn what you look for
    #[arg(long, value_name = "URL", required_unless_present = "mirror")]
    pub(super) url: Option<String>,
    /// A directory with its logs
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub(super) mirror: Option<PathBuf>,
    /// The log's public key as you know it from elsewhere
    #[arg(long, value_name = "KEY")]
    pub(super) log_key: Vec<LogKey>,
    /// Further certificate authorities, as PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

/// What was asked for.
pub(super) enum Asked {
    Logs(String, Options),
    Token(TokenArgs),
    Mine(MineArgs),
    Sample(sample::Command),
}

impl Args {
    pub(super) fn asked(self) -> Asked {
        match self.command {
            Some(Command::Token(args)) => Asked::Token(args),
            Some(Command::Mine(args)) => Asked::Mine(args),
            Some(Command::Sample(command)) => Asked::Sample(command),
            None => Asked::Logs(self.target.unwrap_or_default(), self.options),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  heteronym audit https://id.example                        check everything once
  heteronym audit https://id.example --mirror id.example    keep what was fetched, and compare with the last time
  heteronym audit id.example                                check what was kept again, offline
  heteronym audit https://id.example --log-key TYU…nA=      believe no other key of the log
  heteronym audit token answer.json --url https://id.example
  heteronym audit mine heteronym-log-secret.json --url https://id.example
  heteronym audit sample --help                             for auditors who have an account of the service

In the mirror, verdict.json is the verdict; give the whole directory to whoever should check it again.";

const TOKEN_EXAMPLES: &str = "\
Examples:
  heteronym audit token answer.json --url https://id.example
  heteronym audit token id_token.txt --mirror id.example";

const MINE_EXAMPLES: &str = "\
Examples:
  heteronym audit mine heteronym-log-secret.json --url https://id.example
  heteronym audit mine heteronym-log-secret.json --mirror id.example";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &[&str]) -> Result<Asked, clap::Error> {
        Line::try_parse_from([&["audit"], line].concat()).map(|line| line.args.asked())
    }

    #[test]
    fn one_word_names_what_to_audit() {
        assert!(matches!(parse(&["https://id.example"]), Ok(Asked::Logs(target, _)) if target == "https://id.example"));
        assert!(matches!(parse(&["./dir", "--json"]), Ok(Asked::Logs(_, Options { json: true, .. }))));
        assert!(matches!(parse(&["token", "a.json", "--url", "https://id.example"]), Ok(Asked::Token(_))));
        assert!(matches!(parse(&["mine", "a.json", "--mirror", "dir"]), Ok(Asked::Mine(_))));
        let samples: [&[&str]; 6] = [
            &["new", "--draws", "3000"],
            &["new", "--draws", "1", "mine.json"],
            &["nonce", "sample.json"],
            &["nonce", "sample.json", "--url", "https://id.example"],
            &["check", "sample.json", "--openings", "o.json", "--mirror", "dir"],
            &["check", "sample.json", "--openings", "o.json", "--url", "https://id.example", "--areas", "a.tsv"],
        ];
        for line in samples {
            assert!(matches!(parse(&[&["sample"], line].concat()), Ok(Asked::Sample(_))), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let wrong: [&[&str]; 15] = [
            &[],
            &["https://id.example", "--quorum", "1"],
            &["https://id.example", "--log-key", "AAAA"],
            &["token", "a.json"],
            &["token", "a.json", "--url", "https://id.example", "--mirror", "dir"],
            &["https://id.example", "another"],
            &["mine", "a.json"],
            &["mine", "a.json", "--url", "https://id.example", "--mirror", "dir"],
            &["sample"],
            &["sample", "new"],
            &["sample", "new", "--draws", "0"],
            &["sample", "new", "--draws", "3001"],
            &["sample", "nonce", "sample.json", "--url", "https://id.example", "--mirror", "dir"],
            &["sample", "check", "sample.json", "--mirror", "dir"],
            &["sample", "check", "sample.json", "--openings", "o.json"],
        ];
        for line in wrong {
            assert!(parse(line).is_err(), "{line:?}");
        }
    }
}
