//! What an officer is told when the counter refuses.

use std::time::Duration;

use axum::http::StatusCode;

use crate::{
    http::Problem,
    proofing::{ChangeError, Closed, EnrolError, KeyError},
    web::store_problem,
};

/// The one place that decides status and text of every refusal of an enrolment.
pub(super) fn of_enrolment(error: &EnrolError) -> Problem {
    match error {
        EnrolError::Faults(_) => faults(),
        EnrolError::AlreadyEnrolled => Problem::new(StatusCode::CONFLICT, "counter-enrolled"),
        EnrolError::SecondLook(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "counter-second-look"),
        EnrolError::TooFast(wait) => too_many("counter-too-fast", *wait),
        EnrolError::Quota(wait) => too_many("counter-quota", *wait),
        EnrolError::Expired => Problem::new(StatusCode::CONFLICT, "counter-form-old"),
        EnrolError::Closed(closed) => self::closed(closed),
        EnrolError::Key => Problem::new(StatusCode::FORBIDDEN, "counter-key"),
        EnrolError::Signature => Problem::new(StatusCode::BAD_REQUEST, "counter-signature"),
        EnrolError::Sealing => Problem::internal("an identity could not be sealed"),
        EnrolError::Store(error) => store_problem(error),
    }
}

/// The same for the key of a workstation.
pub(super) fn of_key(error: &KeyError) -> Problem {
    match error {
        KeyError::Known => Problem::new(StatusCode::CONFLICT, "counter-key-known"),
        KeyError::TooMany => Problem::new(StatusCode::CONFLICT, "counter-key-many"),
        KeyError::Closed => closed(&Closed::Office),
        KeyError::Unknown => Problem::internal("a key that was just taken is unknown"),
        KeyError::Store(error) => store_problem(error),
    }
}

/// Nothing that anybody in this office signs would count.
pub(super) fn no_key() -> Problem {
    Problem::new(StatusCode::CONFLICT, "counter-no-key")
}

/// The same for what is done for somebody who is enrolled.
pub(super) fn of_change(error: &ChangeError) -> Problem {
    let conflict = |name| Problem::new(StatusCode::CONFLICT, name);
    match error {
        ChangeError::Faults(_) => faults(),
        ChangeError::NotFound => Problem::new(StatusCode::NOT_FOUND, "counter-nobody"),
        ChangeError::Ambiguous => conflict("counter-several"),
        ChangeError::Expired => conflict("counter-case-old"),
        ChangeError::Conflict => conflict("counter-changed"),
        ChangeError::OtherDocument => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "counter-other-document"),
        ChangeError::Departed => conflict("counter-departed"),
        ChangeError::Quota(wait) => too_many("counter-quota", *wait),
        ChangeError::Closed(closed) => self::closed(closed),
        ChangeError::Key => Problem::new(StatusCode::FORBIDDEN, "counter-key"),
        ChangeError::Signature => Problem::new(StatusCode::BAD_REQUEST, "counter-signature"),
        ChangeError::Unsigned => conflict("counter-move"),
        ChangeError::Sealing => Problem::internal("an identity could not be sealed"),
        ChangeError::Store(error) => store_problem(error),
    }
}

/// Why nothing is done at this counter.
pub(super) fn closed(closed: &Closed) -> Problem {
    match closed {
        Closed::Office => Problem::new(StatusCode::FORBIDDEN, "counter-office-closed"),
        Closed::Officer => Problem::new(StatusCode::FORBIDDEN, "counter-officer-closed"),
        // Not an outage, of which somebody would be alarmed: it stays so until the custodians have met.
        Closed::Custodians => Problem::new(StatusCode::CONFLICT, "counter-no-custodians"),
    }
}

/// Somebody is signed in who is no officer.
pub(super) fn not_an_officer() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "counter-not-an-officer")
}

fn faults() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "counter-faults")
}

fn too_many(name: &'static str, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::new(StatusCode::TOO_MANY_REQUESTS, name).arg("seconds", seconds).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::Lang,
        proofing::{Column, Doubt, Faults, Reason},
        vault::{DocumentKind, Fault},
    };

    fn assert_texts(keys: impl IntoIterator<Item = String>) {
        let texts = crate::web::texts().unwrap();
        for key in keys {
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
        }
    }

    #[test]
    fn every_refusal_is_explained_in_both_languages() {
        let enrolment = [
            EnrolError::Faults(Faults::default()),
            EnrolError::AlreadyEnrolled,
            EnrolError::SecondLook(Vec::new()),
            EnrolError::TooFast(Duration::ZERO),
            EnrolError::Quota(Duration::ZERO),
            EnrolError::Expired,
            EnrolError::Key,
            EnrolError::Signature,
            EnrolError::Sealing,
        ];
        let change = [
            ChangeError::Faults(Faults::default()),
            ChangeError::NotFound,
            ChangeError::Ambiguous,
            ChangeError::Expired,
            ChangeError::Conflict,
            ChangeError::OtherDocument,
            ChangeError::Departed,
            ChangeError::Key,
            ChangeError::Signature,
            ChangeError::Quota(Duration::ZERO),
            ChangeError::Sealing,
        ];
        let closed = [Closed::Office, Closed::Officer, Closed::Custodians].map(|cause| closed(&cause));
        let problems = enrolment.iter().map(of_enrolment).chain(change.iter().map(of_change));
        let keys = [KeyError::Known, KeyError::TooMany, KeyError::Closed].map(|error| of_key(&error));
        let problems = problems.chain(closed).chain(keys).chain([not_an_officer(), no_key()]);
        assert_texts(
            problems.flat_map(|problem| ["title", "text"].map(|part| format!("problem-{}-{part}", problem.name()))),
        );
    }

    #[test]
    fn every_field_fault_doubt_and_document_has_its_words_in_both_languages() {
        let identity = [
            Fault::Empty,
            Fault::TooLong,
            Fault::Sign,
            Fault::Shape,
            Fault::NotADate,
            Fault::Future,
            Fault::TooOld,
            Fault::DocumentNumber,
        ];
        let others = [
            Reason::Sex,
            Reason::DocumentKind,
            Reason::CommuneMissing,
            Reason::CommuneUnknown,
            Reason::CommuneAmbiguous,
            Reason::CommuneElsewhere,
            Reason::RoleDate,
            Reason::RolePast,
            Reason::RoleFar,
        ];
        let reasons = identity.map(Reason::Identity).into_iter().chain(others);
        assert_texts(reasons.map(|reason| format!("counter-fault-{}", reason.key())));
        assert_texts(Column::ALL.map(|column| format!("counter-{}", column.as_str().replace('_', "-"))));
        assert_texts(DocumentKind::ALL.map(|kind| format!("counter-document-{}", kind.as_str().replace('_', "-"))));
        let doubts = [Doubt::Alike, Doubt::UnlikelyAge, Doubt::IncompleteBirthDate];
        assert_texts(doubts.map(|doubt| format!("counter-doubt-{}", doubt.key())));
    }
}
