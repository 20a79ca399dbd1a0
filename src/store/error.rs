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
    /// A row holds what the service never wrote.
    #[error("the database holds an unexpected value: {0}")]
    Corrupt(&'static str),
    /// Anything else; the text is the engine's message, for the log only.
    #[error("database error: {0}")]
    Other(String),
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
    match error.code().as_deref() {
        // PostgreSQL: serialization failure, deadlock. SQLite: BUSY, LOCKED and their extended forms.
        Some("40001" | "40P01" | "5" | "6" | "261" | "262" | "517") => StoreError::Busy,
        // PostgreSQL: disk full, out of memory, too many connections, read-only, shutdown classes. SQLite: FULL, IOERR, READONLY.
        Some("53100" | "53200" | "53300" | "25006" | "57P01" | "57P02" | "57P03") => {
            StoreError::Unavailable("the server refuses work")
        }
        Some("13") => StoreError::Unavailable("the disk is full"),
        Some("8") => StoreError::Unavailable("the file is read-only"),
        Some(code) if code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == 10) => {
            StoreError::Unavailable("the disk does not answer")
        }
        Some("11" | "26") => StoreError::Corrupt("the database file is damaged"),
        // The message of a constraint or type error can quote a value: only the code is kept.
        code => StoreError::Other(format!("engine code {}", code.unwrap_or("none"))),
    }
}
