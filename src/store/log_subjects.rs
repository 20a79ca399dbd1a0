//! What the registry log says at present of each institution, key and rule, so that it is said again only when it has changed.

use super::{
    StoreError, Tx,
    statement::{statements, values},
};

/// Whether anything was said of the subject.
pub async fn is_known(tx: &mut Tx, subject: &str) -> Result<bool, StoreError> {
    Ok(tx.optional(FIND, values![subject]).await?.is_some())
}

/// Notes what is said of a subject from now on; false when that is what was said before. Of two who say the same at once, one is
/// told that it was new.
pub async fn say(tx: &mut Tx, subject: &str, said: &[u8; 32]) -> Result<bool, StoreError> {
    tx.changed(SAY, values![subject, said]).await
}

/// As [`say`], of a subject that only goes forward: false, too, when the first byte of what was said is greater.
pub async fn say_forward(tx: &mut Tx, subject: &str, said: &[u8; 32]) -> Result<bool, StoreError> {
    tx.changed(SAY_FORWARD, values![subject, said]).await
}

statements! {
    FIND = "SELECT said FROM log_subjects WHERE subject = $1";
    SAY = "INSERT INTO log_subjects (subject, said) VALUES ($1, $2)
           ON CONFLICT (subject) DO UPDATE SET said = excluded.said WHERE log_subjects.said <> excluded.said";
    SAY_FORWARD = "INSERT INTO log_subjects (subject, said) VALUES ($1, $2)
           ON CONFLICT (subject) DO UPDATE SET said = excluded.said
           WHERE log_subjects.said <> excluded.said AND substr(log_subjects.said, 1, 1) <= substr(excluded.said, 1, 1)";
}
