//! What makes the logs read-only: something was compared with something, and they differ. Each message says what, and what to do.

use std::path::PathBuf;

use crate::{domain::log::LogName, store::StoreError};

/// The database holds other logs than the ones that this service signed. Nothing may be appended: two heads that do not go
/// together would be the proof, for everybody to see, that the logs lie.
#[derive(Debug, thiserror::Error)]
pub enum Divergence {
    #[error(
        "log {log}: the database holds {database} leaves, {file} remembers a signed head of {remembered}: the database is \
         older than what was published. {RESTORE}"
    )]
    Shrunk { log: LogName, database: u64, remembered: u64, file: PathBuf },
    #[error(
        "log {log}: the database holds {database} leaves, and this process has signed a head of {signed}. {RESTORE}"
    )]
    ShrunkUnderWay { log: LogName, database: u64, signed: u64 },
    #[error(
        "log {log}: the first {remembered} leaves in the database are others than those whose head {file} remembers: the \
         database went on from an older copy. {RESTORE}"
    )]
    Forked { log: LogName, remembered: u64, file: PathBuf },
    #[error(
        "log {log}: the leaves and tiles in the database do not give the head beside them: rows were changed. {RESTORE}"
    )]
    Edited { log: LogName },
    #[error(
        "log {log}: the signed head in the database says something else than its row, is of another issuer, or a signature of a \
         key of this installation does not hold: rows were changed. {RESTORE}"
    )]
    Misstated { log: LogName },
    #[error(
        "{file} does not read as signed heads of the logs: {reason}. Restore it from a backup that is not older than the \
         database's last hour"
    )]
    Unreadable { file: PathBuf, reason: String },
    #[error(
        "log {log}: the database holds {database} leaves, and the witness {witness} has cosigned {cosigned}: the database is \
         older than what was published. {RESTORE}. If it is the witness that errs, remove it from log.witnesses"
    )]
    Outgrown { log: LogName, database: u64, cosigned: u64, witness: String },
    #[error(
        "log {log}: the witness {witness} has cosigned another tree of {size} leaves than the one in the database, which went \
         on from an older copy. {RESTORE}. If it is the witness that errs, remove it from log.witnesses"
    )]
    Cosigned { log: LogName, size: u64, witness: String },
    #[error(
        "log {log}: the database holds {database} leaves, and the copy at {mirror} shows a head of {published} that is signed by \
         this installation: the database is older than what was published. {RESTORE}"
    )]
    Published { log: LogName, database: u64, published: u64, mirror: String },
    #[error(
        "log {log}: the copy at {mirror} shows another tree of {size} leaves, signed by this installation, than the one in the \
         database, which went on from an older copy. {RESTORE}"
    )]
    PublishedOther { log: LogName, size: u64, mirror: String },
}

/// Why the sequencer cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Divergence(#[from] Divergence),
}

const RESTORE: &str = "Restore the newest database, or begin new logs under another issuer (server.issuer): these cannot \
                       go on from here";
