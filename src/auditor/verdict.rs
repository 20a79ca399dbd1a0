//! The verdict in words, and the same as JSON: what was checked, what cannot be seen from outside, what was found.

use std::fmt;

use serde::Serialize;

use super::finding::{Finding, Findings, Severity};

/// What came of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No fault was found.
    Good,
    /// At least one was.
    Faults,
}

/// An audit that came to an end.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// What was audited, as it was named.
    pub audited: String,
    /// The hour of the audit.
    pub hour: String,
    pub outcome: Outcome,
    pub faults: u64,
    pub logs: Vec<LogChecked>,
    /// In words.
    pub checked: Vec<String>,
    pub not_checked: Vec<String>,
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more_findings: u64,
}

/// A log that was read.
#[derive(Clone, Debug, Serialize)]
pub struct LogChecked {
    pub log: String,
    pub origin: String,
    pub leaves: u64,
    pub root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_hour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_hour: Option<String>,
    /// Names of the witnesses, of those that the auditor knows, that have cosigned its head.
    pub witnesses: Vec<String>,
}

impl Verdict {
    pub(super) fn new(audited: String, hour: String, findings: &Findings) -> Self {
        let faults = findings.faults();
        Self {
            audited,
            hour,
            outcome: if faults == 0 { Outcome::Good } else { Outcome::Faults },
            faults,
            logs: Vec::new(),
            checked: Vec::new(),
            not_checked: Vec::new(),
            findings: findings.all().to_vec(),
            more_findings: findings.dropped(),
        }
    }

    /// Adds what was found beyond the logs themselves.
    pub(super) fn add(&mut self, findings: &Findings) {
        self.faults += findings.faults();
        self.findings.extend_from_slice(findings.all());
        self.more_findings += findings.dropped();
        if findings.faults() > 0 {
            self.outcome = Outcome::Faults;
        }
    }

    fn list(&self, f: &mut fmt::Formatter<'_>, severity: Severity, title: &str) -> fmt::Result {
        let mut of = self.findings.iter().filter(|finding| finding.severity == severity).peekable();
        if of.peek().is_some() {
            writeln!(f, "\n{title}")?;
        }
        of.try_for_each(|finding| writeln!(f, "  - {}", indented(&finding.to_string())))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Audit of {}, {}\n\nChecked", self.audited, self.hour)?;
        for log in &self.logs {
            write!(f, "  - log {}: {}", log.log, counted(log.leaves, "leaf", "leaves"))?;
            if let (Some(first), Some(last)) = (&log.first_hour, &log.last_hour) {
                write!(f, " from {first} to {last}")?;
            }
            write!(f, ", root {}", log.root)?;
            let witnesses = if log.witnesses.is_empty() {
                String::new()
            } else {
                format!(", seen by {}", log.witnesses.join(", "))
            };
            writeln!(f, "{witnesses}")?;
        }
        self.checked.iter().try_for_each(|line| writeln!(f, "  - {line}"))?;
        if !self.not_checked.is_empty() {
            writeln!(f, "\nNot checked")?;
            self.not_checked.iter().try_for_each(|line| writeln!(f, "  - {line}"))?;
        }
        self.list(f, Severity::Remark, "Remarks")?;
        self.list(f, Severity::Fault, "Faults")?;
        if self.more_findings > 0 {
            writeln!(f, "  - and {} more like these", self.more_findings)?;
        }
        match self.outcome {
            Outcome::Good => writeln!(f, "\nVerdict: no fault was found."),
            Outcome::Faults => writeln!(f, "\nVerdict: {} found.", counted(self.faults, "fault was", "faults were")),
        }
    }
}

/// A number with its word.
pub(in crate::auditor) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The lines after the first stand under it.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n      ")
}
