//! The officer behind the counter: an extractor for handlers, and the values that leave sealed for this officer alone.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use zeroize::Zeroizing;

use super::{entry::fields_of, problem};
use crate::{
    accounts::{Accounts, Error, SignedIn},
    http::{Page, Problem},
    proofing::{Attempt, By, Case, ChangeError, Closed, Proofing, Registrar, Typed, Unsigned, UnsignedRenewal},
    web::{
        shared::{self, Member},
        store_problem,
    },
};

/// An officer at work in an office that is open. Read anew from the database for every request, so that whoever was
/// closed a moment ago does nothing more. Guests are sent to sign in; others are told that this is not for them.
pub(super) struct Counter {
    pub(super) page: Page,
    pub(super) by: By,
    pub(super) office: Registrar,
    pub(super) accounts: Accounts,
    pub(super) signed_in: SignedIn,
}

impl FromRequestParts<Proofing> for Counter {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, proofing: &Proofing) -> Result<Self, Response> {
        let refused = |problem: Problem| problem.into_response();
        let accounts = Accounts::from_request_parts(parts, proofing).await.map_err(refused)?;
        let Member { page, signed_in } = Member::from_request_parts(parts, proofing).await?;
        let by = By::signed_in(&signed_in).ok_or_else(|| refused(problem::not_an_officer()))?;
        let office = proofing.open_office(by.office).await.map_err(|error| refused(store_problem(error)))?;
        let office = office.ok_or_else(|| refused(problem::closed(&Closed::Office)))?;
        Ok(Self { page, by, office, accounts, signed_in })
    }
}

impl Counter {
    /// An enrolment on its way: sealed for this officer in this browser.
    pub(super) fn seal_attempt(&self, attempt: &Attempt) -> String {
        self.accounts.seal_value(ATTEMPT, &self.bound(), attempt)
    }

    pub(super) fn open_attempt(&self, text: &str) -> Option<Attempt> {
        self.accounts.open_value(ATTEMPT, &self.bound(), text)
    }

    /// The same after a second look, which was at *this* entry: with another it does not open.
    pub(super) fn seal_confirmed(&self, attempt: &Attempt, typed: &Typed) -> String {
        self.accounts.seal_value(CONFIRMED, &self.bound_to(typed), attempt)
    }

    pub(super) fn open_confirmed(&self, text: &str, typed: &Typed) -> Option<Attempt> {
        self.accounts.open_value(CONFIRMED, &self.bound_to(typed), text)
    }

    /// An enrolment that waits for the signature of the office, with the code of the sheet to come.
    pub(super) fn seal_unsigned(&self, unsigned: &Unsigned) -> String {
        self.accounts.seal_value(UNSIGNED, &self.bound(), unsigned)
    }

    pub(super) fn open_unsigned(&self, text: &str) -> Option<Unsigned> {
        self.accounts.open_value(UNSIGNED, &self.bound(), text)
    }

    /// A renewal that waits for the signature of the office.
    pub(super) fn seal_renewal(&self, unsigned: &UnsignedRenewal) -> String {
        self.accounts.seal_value(RENEWAL, &self.bound(), unsigned)
    }

    pub(super) fn open_renewal(&self, text: &str) -> Option<UnsignedRenewal> {
        self.accounts.open_value(RENEWAL, &self.bound(), text)
    }

    /// The right to act upon one person, which an officer cannot hand to another.
    pub(super) fn seal_case(&self, case: &Case) -> String {
        self.accounts.seal_value(CASE, &self.bound(), case)
    }

    pub(super) fn open_case(&self, text: &str) -> Result<Case, Problem> {
        let case = self.accounts.open_value(CASE, &self.bound(), text);
        case.ok_or_else(|| problem::of_change(&ChangeError::Expired))
    }

    /// Whether the officer proved to be one before the form was opened, which may take its time to fill in: what changes
    /// an enrolled person is not done with a session that somebody found open.
    pub(super) fn check_sign_in(&self) -> Result<(), Problem> {
        let span = self.accounts.policy().fresh_sign_in.saturating_add(FILLING_IN);
        let fresh = self.signed_in.is_within(span, self.accounts.now());
        fresh.then_some(()).ok_or_else(|| shared::problem(Error::Stale))
    }

    /// Browser and officer; both have one length.
    fn bound(&self) -> Vec<u8> {
        [self.page.browser().as_bytes(), self.signed_in.account.as_bytes()].concat()
    }

    /// Browser, officer and every field of an entry.
    fn bound_to(&self, typed: &Typed) -> Zeroizing<Vec<u8>> {
        let bound = self.bound();
        let fields = fields_of(typed);
        let length = bound.len() + fields.iter().map(|(_, text)| 8 + text.len()).sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend_from_slice(&bound);
        for (_, text) in fields {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

const ATTEMPT: &str = "registrar/attempt";
const CONFIRMED: &str = "registrar/confirmed";
const UNSIGNED: &str = "registrar/unsigned";
const RENEWAL: &str = "registrar/unsigned-renewal";
const CASE: &str = "registrar/case";
/// How long the entry of a document may take.
const FILLING_IN: Duration = Duration::from_mins(15);
