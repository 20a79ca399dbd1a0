//! The trail of what was done at counters: one line of the log an act, under the target `audit`.
//!
//! People and officers stand in it under keyed tags ([`crate::keyring::VaultKey::trace`]): on one day equal ones are the
//! same person, and only the holder of the vault key can tell which row that is. What somebody does with an account has its
//! lines from `accounts`, an officer's under the same tag.

use super::{By, Proofing};
use crate::domain::ids::PersonId;

impl Proofing {
    /// Notes an act. `outcome` is a fixed word; nothing that was typed goes in.
    pub(super) fn audit(&self, act: &'static str, by: By, person: Option<PersonId>, outcome: &'static str) {
        let office = by.office.encode();
        let officer = by.officer.map_or_else(|| "operator".to_owned(), |officer| self.trace(officer.as_bytes()));
        let person = person.map_or_else(|| "-".to_owned(), |person| self.trace(person.as_bytes()));
        tracing::info!(target: "audit", act, office, officer, person, outcome);
    }

    /// The same for many people at once: who they are stands in their rows.
    pub(super) fn audit_batch(&self, act: &'static str, by: By, people: usize) {
        let office = by.office.encode();
        let officer = by.officer.map_or_else(|| "operator".to_owned(), |officer| self.trace(officer.as_bytes()));
        tracing::info!(target: "audit", act, office, officer, people, outcome = "done");
    }

    /// The same for what somebody should look into.
    pub(super) fn alarm(&self, act: &'static str, by: By, outcome: &'static str) {
        let office = by.office.encode();
        let officer = by.officer.map_or_else(|| "operator".to_owned(), |officer| self.trace(officer.as_bytes()));
        tracing::warn!(target: "audit", act, office, officer, person = "-", outcome);
    }

    fn trace(&self, id: &[u8]) -> String {
        self.0.keyring.vault().trace(id, self.now())
    }
}
