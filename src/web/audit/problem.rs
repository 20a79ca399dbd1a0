//! What an auditor is told when a step is refused.

use axum::http::StatusCode;

use crate::{
    http::Problem,
    sampling::{BeginError, ConcludeError, RevealError},
    web::store_problem,
};

/// The one place that decides status and text of every refusal to begin.
pub(super) fn of_begin(error: &BeginError) -> Problem {
    let conflict = |name| Problem::new(StatusCode::CONFLICT, name);
    match error {
        BeginError::NotAnAuditor => unnamed(),
        BeginError::Draws => Problem::new(StatusCode::BAD_REQUEST, "audit-draws"),
        BeginError::UnknownLog => Problem::new(StatusCode::BAD_REQUEST, "audit-log"),
        BeginError::Empty => conflict("audit-empty"),
        BeginError::Running => conflict("audit-running"),
        BeginError::Repeated => conflict("audit-repeated"),
        BeginError::Store(error) => store_problem(error),
    }
}

/// The same for a nonce.
pub(super) fn of_reveal(error: &RevealError) -> Problem {
    let conflict = |name| Problem::new(StatusCode::CONFLICT, name);
    match error {
        RevealError::NothingRunning => conflict("audit-nothing"),
        RevealError::Shown => conflict("audit-shown"),
        RevealError::Wrong => Problem::new(StatusCode::BAD_REQUEST, "audit-wrong"),
        RevealError::Lapsed => conflict("audit-lapsed"),
        RevealError::Store(error) => store_problem(error),
    }
}

/// The same for a result.
pub(super) fn of_conclude(error: &ConcludeError) -> Problem {
    match error {
        ConcludeError::NothingOpened => nothing_opened(),
        ConcludeError::Store(error) => store_problem(error),
    }
}

/// There is no file, and nothing to conclude.
pub(super) fn nothing_opened() -> Problem {
    Problem::new(StatusCode::CONFLICT, "audit-not-opened")
}

/// What was pasted is not 32 bytes.
pub(super) fn pasted() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "audit-pasted")
}

/// What was entered is no count.
pub(super) fn faults() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "audit-faults")
}

/// Somebody is signed in who does not audit.
pub(super) fn not_an_auditor() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "audit-not-an-auditor")
}

/// An account that was opened for auditing, and has no name under which the registry could tell of it.
pub(super) fn unnamed() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "audit-unnamed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Lang;

    #[test]
    fn every_refusal_is_explained_in_both_languages() {
        let begin = [
            BeginError::NotAnAuditor,
            BeginError::Draws,
            BeginError::UnknownLog,
            BeginError::Empty,
            BeginError::Running,
            BeginError::Repeated,
        ];
        let reveal = [RevealError::NothingRunning, RevealError::Shown, RevealError::Wrong, RevealError::Lapsed];
        let problems = begin.iter().map(of_begin).chain(reveal.iter().map(of_reveal));
        let others = [nothing_opened(), pasted(), faults(), not_an_auditor(), unnamed()];
        let texts = crate::web::texts().unwrap();
        for problem in problems.chain(others) {
            for part in ["title", "text"] {
                let key = format!("problem-{}-{part}", problem.name());
                assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
            }
        }
    }
}
