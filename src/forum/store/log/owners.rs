//! In whose name a member's leaves stand: the same key at every sign-in, and a number that rises by one.
//!
//! Kept are hashes alone. Whoever had the key would find in the public log the hour of each of the member's sign-ins; whoever
//! had the number could look for the pseudonym of the provider that has come as far.

use sqlx::{FromRow, Sqlite, Transaction};

use super::{super::digest, Store, StoreError};
use crate::{
    forum::log::{Logged, Unlogged},
    wire::tlog::owner::OwnerKey,
};

/// What is kept of a member's owner.
#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Owner {
    /// Hash of the key.
    pub(in crate::forum) key: Vec<u8>,
    /// Hash of the key and the last number.
    pub(in crate::forum) last: Vec<u8>,
}

/// How a number goes with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So many numbers were left out.
    On(u64),
    /// It is one of those that were left out: two sign-ins at once may come in either order.
    Late,
    /// It is the same.
    Same,
}

impl Store {
    pub(in crate::forum) async fn owner(&self, member: i64) -> Result<Option<Owner>, StoreError> {
        Ok(sqlx::query_as(OWNER).bind(member).fetch_optional(&self.readers).await?)
    }
}

/// Holds a member to the owner of the first sign-in, and counts the numbers that did not come.
pub(in crate::forum::store) async fn take_owner(
    tx: &mut Transaction<'static, Sqlite>,
    member: i64,
    logged: &Logged,
) -> Result<Result<(), Unlogged>, StoreError> {
    let (key, last) = (hash_of(&logged.owner), hash_of_number(&logged.owner, logged.number));
    let first = sqlx::query(FIRST).bind(member).bind(&key).bind(&last).execute(&mut **tx).await?;
    if first.rows_affected() == 1 {
        return Ok(Ok(()));
    }
    let known: Owner = sqlx::query_as(OWNER).bind(member).fetch_one(&mut **tx).await?;
    if known.key != key {
        return Ok(Err(Unlogged::Owner));
    }
    let (missing, newest) = match step(&known.last, logged) {
        Step::Same => return Ok(Err(Unlogged::Number)),
        Step::On(left_out) => (i64::try_from(left_out).unwrap_or(i64::MAX), last),
        Step::Late => (-1, known.last),
    };
    sqlx::query(LAST).bind(member).bind(&newest).execute(&mut **tx).await?;
    sqlx::query(MISSING).bind(missing).execute(&mut **tx).await?;
    Ok(Ok(()))
}

fn step(last: &[u8], logged: &Logged) -> Step {
    let is_last = |number: Option<u64>| number.is_some_and(|number| hash_of_number(&logged.owner, number) == last);
    if is_last(Some(logged.number)) {
        return Step::Same;
    }
    let before = (1..=LOOK).find(|back| is_last(logged.number.checked_sub(*back)));
    let after = || (1..=LOOK).find(|ahead| is_last(logged.number.checked_add(*ahead)));
    match before {
        Some(back) => Step::On(back - 1),
        None if after().is_some() => Step::Late,
        None => Step::On(LOOK),
    }
}

fn hash_of(key: &OwnerKey) -> Vec<u8> {
    digest("log owner", &[key.expose().as_slice()])
}

fn hash_of_number(key: &OwnerKey, number: u64) -> Vec<u8> {
    digest("log number", &[key.expose().as_slice(), &number.to_be_bytes()])
}

/// How many numbers are tried: more than this are not told apart.
const LOOK: u64 = 1_000;

const OWNER: &str = "SELECT key, last FROM owners WHERE member = $1";
const FIRST: &str = "INSERT INTO owners (member, key, last) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const LAST: &str = "UPDATE owners SET last = $2 WHERE member = $1";
const MISSING: &str = "UPDATE log_state SET missing = max(0, missing + $1)";
