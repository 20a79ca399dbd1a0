//! Why something could not be checked: neither good nor bad is known of it.

use super::{fetch::FetchError, mirror::MirrorError};

/// The audit did not come to a verdict.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("cannot be checked: {0}")]
    Fetch(#[from] FetchError),
    #[error("cannot be checked: {0}")]
    Mirror(#[from] MirrorError),
    #[error("cannot be checked: {0}")]
    Nothing(String),
    #[error("{0}")]
    Arguments(String),
    #[error("the verdict could not be written: {0}")]
    Output(#[from] std::io::Error),
}
