//! What can go wrong below the repositories.

/// A failure of the database. It never carries a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A UNIQUE index or a key refused the row: somebody else was first.
    #[error("already taken")]
    Taken,
    /// A FOREIGN KEY or CHECK refused the row.
    #[error("refused by a constraint of the schema")]
    Refused,
    /// The engine asks for the transaction to be run again (SQLSTATE 40001, 40P01; `SQLITE_BUSY`).
    #[error("busy: the transaction has to be run again")]
    Busy,
    /// The disk is full, the database is away or shutting down: answer 503 and try again later.
    #[error("the database is not available: {0}")]
    Unavailable(&'static str),
    /// A statement of this transaction failed before, and nothing more can be done in it: return that error instead.
    #[error("a statement of this transaction failed before")]
    Aborted,
    /// Work that only reads tried to write.
    #[error("a read cannot write")]
    ReadOnly,
    /// A row holds what the service never wrote.
    #[error("the database holds an unexpected value: {0}")]
    Corrupt(&'static str),
    /// Anything else; the text is the engine's message, for the log only.
    #[error("database error: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether trying again later can help. Anything else has to be mended.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => from_database(database.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection became free in time"),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Unavailable("shutting down"),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unavailable("connection lost"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Corrupt("a column has another type than the statement expects")
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    use sqlx::error::ErrorKind;
    match error.kind() {
        ErrorKind::UniqueViolation => return StoreError::Taken,
        ErrorKind::ForeignKeyViolation | ErrorKind::CheckViolation | ErrorKind::NotNullViolation => {
            return StoreError::Refused;
        }
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    let known = if code.len() == 5 { from_sqlstate(&code) } else { code.parse().ok().and_then(from_sqlite) };
    // The message of a constraint or type error can quote a value: only the code is kept.
    known.unwrap_or_else(|| StoreError::Other(format!("engine code {code}")))
}

/// PostgreSQL, by the class of the code (PostgreSQL documentation, appendix A).
fn from_sqlstate(code: &str) -> Option<StoreError> {
    Some(match (code, code.get(..2)?) {
        ("40001" | "40P01", _) => StoreError::Busy,
        ("57014" | "55P03", _) => StoreError::Unavailable("the server took too long"),
        ("25006", _) => StoreError::Unavailable("the server is read-only"),
        (_, "08") | ("25P03", _) => StoreError::Unavailable("connection lost"),
        // Resources, operator's intervention, errors of the system.
        (_, "53" | "57" | "58") => StoreError::Unavailable("the server refuses work"),
        ("XX001" | "XX002", _) => StoreError::Corrupt("the database files are damaged"),
        _ => return None,
    })
}

/// SQLite, by the low byte of the extended code, which is the primary one (sqlite.org/rescode.html).
fn from_sqlite(code: u32) -> Option<StoreError> {
    Some(match code & 0xff {
        5 | 6 => StoreError::Busy,
        7 => StoreError::Unavailable("out of memory"),
        8 => StoreError::Unavailable("the file is read-only"),
        10 => StoreError::Unavailable("the disk does not answer"),
        11 | 26 => StoreError::Corrupt("the database file is damaged"),
        13 => StoreError::Unavailable("the disk is full"),
        14 => StoreError::Unavailable("the file cannot be opened"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_cannot_work_now_is_unavailable() {
        for code in ["08006", "25006", "25P03", "53100", "53300", "55P03", "57014", "57P01", "58030"] {
            assert!(matches!(from_sqlstate(code), Some(StoreError::Unavailable(_))), "{code}");
        }
        // FULL, IOERR_WRITE, IOERR_FSYNC, READONLY_DBMOVED, CANTOPEN, NOMEM
        for code in [13, 778, 1034, 1032, 14, 7] {
            assert!(matches!(from_sqlite(code), Some(StoreError::Unavailable(_))), "{code}");
        }
    }

    #[test]
    fn a_conflict_is_busy_and_a_damaged_file_is_corrupt() {
        // BUSY, BUSY_RECOVERY, BUSY_SNAPSHOT, BUSY_TIMEOUT, LOCKED, LOCKED_SHAREDCACHE
        for code in [5, 261, 517, 773, 6, 262] {
            assert!(matches!(from_sqlite(code), Some(StoreError::Busy)), "{code}");
        }
        assert!(matches!(from_sqlstate("40001"), Some(StoreError::Busy)));
        assert!(matches!(from_sqlstate("40P01"), Some(StoreError::Busy)));
        assert!(matches!(from_sqlstate("XX001"), Some(StoreError::Corrupt(_))));
        assert!(matches!(from_sqlite(523), Some(StoreError::Corrupt(_))));
        assert!(from_sqlstate("42601").is_none() && from_sqlite(1).is_none());
    }
}
