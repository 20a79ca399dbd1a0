//! Accounts and what opens them: invites, passkeys, passphrases, paper recovery codes.
//!
//! Whoever activates an account goes to a forum in the same minute. So what its holder does leaves the month in clear, and
//! the day, where somebody is shown it, sealed.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{AccountId, PersonId, RegistrarId},
    secret::TokenHash,
};

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub holder: Holder,
    /// What is typed to sign in with a passphrase: random, says nothing.
    pub login: String,
    pub created_on: Timestamp,
    /// The day.
    pub disabled_at: Option<Timestamp>,
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Citizen(PersonId),
    Officer(RegistrarId),
    Auditor,
    Custodian,
    Administrator,
}

/// What an invite opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Activate,
    Recover,
}

/// A row of `invites`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub account_id: AccountId,
    pub purpose: Purpose,
    pub expires_at: Timestamp,
    /// The month.
    pub used_at: Option<Timestamp>,
    /// The month.
    pub revoked_at: Option<Timestamp>,
}

/// A registered passkey; `sealed` holds the credential, its label and its days under the vault key.
#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    pub credential: Vec<u8>,
    pub account_id: AccountId,
    pub sealed: Vec<u8>,
    pub version: i64,
}

/// Adds an account; [`StoreError::Taken`] when the login or the person has one.
pub async fn insert(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    let (kind, person, registrar) = match account.holder {
        Holder::Citizen(person) => ("citizen", Some(person), None),
        Holder::Officer(registrar) => ("officer", None, Some(registrar)),
        Holder::Auditor => ("auditor", None, None),
        Holder::Custodian => ("custodian", None, None),
        Holder::Administrator => ("administrator", None, None),
    };
    let login = account.login.as_str();
    let values = values![account.id, kind, person, registrar, login, account.created_on, account.disabled_at];
    tx.execute(INSERT, values).await.map(drop)
}

pub async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    tx.optional(FIND, values![id]).await?.map(|row| read(&row)).transpose()
}

/// The account that this login, as somebody typed it, belongs to.
pub async fn find_by_login(tx: &mut Tx, login: &str) -> Result<Option<Account>, StoreError> {
    if login.contains('\0') {
        return Ok(None);
    }
    tx.optional(FIND_BY_LOGIN, values![login]).await?.map(|row| read(&row)).transpose()
}

pub async fn find_by_person(tx: &mut Tx, person: PersonId) -> Result<Option<Account>, StoreError> {
    tx.optional(FIND_BY_PERSON, values![person]).await?.map(|row| read(&row)).transpose()
}

/// All accounts that are not a citizen's.
pub async fn staff(tx: &mut Tx) -> Result<Vec<Account>, StoreError> {
    tx.all(STAFF, vec![]).await?.iter().map(read).collect()
}

/// Disables an account; false when it is unknown or disabled already.
pub async fn disable(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<bool, StoreError> {
    tx.changed(DISABLE, values![id, now.day()]).await
}

/// Lets a disabled account in again.
pub async fn enable(tx: &mut Tx, id: AccountId) -> Result<bool, StoreError> {
    tx.changed(ENABLE, values![id]).await
}

pub async fn insert_invite(
    tx: &mut Tx,
    code: TokenHash,
    account: AccountId,
    purpose: Purpose,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(INSERT_INVITE, values![code, account, purpose.as_str(), now.day(), expires_at]).await.map(drop)
}

pub async fn find_invite(tx: &mut Tx, code: TokenHash) -> Result<Option<Invite>, StoreError> {
    tx.optional(FIND_INVITE, values![code]).await?.map(|row| read_invite(&row)).transpose()
}

/// Spends an invite: the account that it opened and why, once; `None` when it is unknown, spent, revoked or over.
pub async fn use_invite(
    tx: &mut Tx,
    code: TokenHash,
    now: Timestamp,
) -> Result<Option<(AccountId, Purpose)>, StoreError> {
    let row = tx.optional(USE_INVITE, values![code, now, now.month()]).await?;
    row.map(|row| Ok((row.id(0)?, Purpose::read(&row.text(1)?)?))).transpose()
}

/// Revokes every open invite of an account.
pub async fn revoke_invites(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REVOKE_INVITES, values![account, now.month()]).await
}

/// Adds a passkey; [`StoreError::Taken`] when the credential is registered, to whomever.
pub async fn insert_passkey(tx: &mut Tx, passkey: &Passkey) -> Result<(), StoreError> {
    let credential = passkey.credential.as_slice();
    let sealed = passkey.sealed.as_slice();
    let values = values![credential, passkey.account_id, sealed, passkey.version];
    tx.execute(INSERT_PASSKEY, values).await.map(drop)
}

pub async fn find_passkey(tx: &mut Tx, credential: &[u8]) -> Result<Option<Passkey>, StoreError> {
    tx.optional(FIND_PASSKEY, values![credential]).await?.map(|row| read_passkey(&row)).transpose()
}

pub async fn passkeys(tx: &mut Tx, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
    tx.all(PASSKEYS, values![account]).await?.iter().map(read_passkey).collect()
}

/// Replaces the sealed credential after a use, if the row still has this version.
pub async fn update_passkey(tx: &mut Tx, credential: &[u8], sealed: &[u8], version: i64) -> Result<bool, StoreError> {
    tx.changed(UPDATE_PASSKEY, values![credential, sealed, version]).await
}

/// Removes a passkey unless it is the last thing that opens the account.
pub async fn remove_passkey(tx: &mut Tx, account: AccountId, credential: &[u8]) -> Result<bool, StoreError> {
    lock(tx, account).await?;
    tx.changed(REMOVE_PASSKEY, values![account, credential]).await
}

/// Removes every passkey of an account: recovery begins anew.
pub async fn remove_passkeys(tx: &mut Tx, account: AccountId) -> Result<u64, StoreError> {
    tx.execute(REMOVE_PASSKEYS, values![account]).await
}

pub async fn put_passphrase(tx: &mut Tx, account: AccountId, sealed: &[u8], now: Timestamp) -> Result<(), StoreError> {
    tx.execute(PUT_PASSPHRASE, values![account, sealed, now.month()]).await.map(drop)
}

pub async fn find_passphrase(tx: &mut Tx, account: AccountId) -> Result<Option<Vec<u8>>, StoreError> {
    tx.optional(FIND_PASSPHRASE, values![account]).await?.map(|row| row.blob(0)).transpose()
}

/// Removes the passphrase unless it is the last thing that opens the account; in any case when `recovering`.
pub async fn remove_passphrase(tx: &mut Tx, account: AccountId, recovering: bool) -> Result<bool, StoreError> {
    lock(tx, account).await?;
    tx.changed(REMOVE_PASSPHRASE, values![account, i64::from(recovering)]).await
}

pub async fn insert_recovery_code(
    tx: &mut Tx,
    code: TokenHash,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(INSERT_RECOVERY, values![code, account, now.month()]).await.map(drop)
}

/// The account that a recovery code would open, without spending it.
pub async fn find_recovery_code(tx: &mut Tx, code: TokenHash) -> Result<Option<AccountId>, StoreError> {
    tx.optional(FIND_RECOVERY, values![code]).await?.map(|row| row.id(0)).transpose()
}

/// Spends a recovery code: the account that it opened, once.
pub async fn use_recovery_code(tx: &mut Tx, code: TokenHash, now: Timestamp) -> Result<Option<AccountId>, StoreError> {
    tx.optional(USE_RECOVERY, values![code, now.month()]).await?.map(|row| row.id(0)).transpose()
}

pub async fn count_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    tx.one(COUNT_RECOVERY, values![account]).await?.int(0)
}

pub async fn remove_recovery_codes(tx: &mut Tx, account: AccountId) -> Result<u64, StoreError> {
    tx.execute(REMOVE_RECOVERY, values![account]).await
}

/// Keeps the server's half of a WebAuthn ceremony between its two calls.
pub async fn insert_ceremony(
    tx: &mut Tx,
    id: TokenHash,
    sealed: &[u8],
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(INSERT_CEREMONY, values![id, sealed, expires_at]).await.map(drop)
}

/// Looks at a ceremony that was not spent, without spending it.
pub async fn find_ceremony(tx: &mut Tx, id: TokenHash, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
    tx.optional(FIND_CEREMONY, values![id, now]).await?.map(|row| row.blob(0)).transpose()
}

/// Spends a ceremony: its sealed state, once.
pub async fn use_ceremony(tx: &mut Tx, id: TokenHash, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
    tx.optional(USE_CEREMONY, values![id, now]).await?.map(|row| row.blob(0)).transpose()
}

pub async fn remove_old_ceremonies(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REMOVE_CEREMONIES, values![now]).await
}

/// Makes other writers of this account wait until the transaction ends. Begin with it where a rule spans several rows.
pub async fn lock(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    tx.changed(LOCK, values![account]).await
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Recover => "recover",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "activate" => Ok(Self::Activate),
            "recover" => Ok(Self::Recover),
            _ => Err(StoreError::Corrupt("an unknown purpose of an invite")),
        }
    }
}

fn read(row: &Row) -> Result<Account, StoreError> {
    let holder = match (row.text(1)?.as_str(), row.id_or_null(2)?, row.id_or_null(3)?) {
        ("citizen", Some(person), None) => Holder::Citizen(person),
        ("officer", None, Some(registrar)) => Holder::Officer(registrar),
        ("auditor", None, None) => Holder::Auditor,
        ("custodian", None, None) => Holder::Custodian,
        ("administrator", None, None) => Holder::Administrator,
        _ => return Err(StoreError::Corrupt("an unknown kind of account")),
    };
    Ok(Account {
        id: row.id(0)?,
        holder,
        login: row.text(4)?,
        created_on: row.time(5)?,
        disabled_at: row.time_or_null(6)?,
    })
}

fn read_invite(row: &Row) -> Result<Invite, StoreError> {
    Ok(Invite {
        account_id: row.id(0)?,
        purpose: Purpose::read(&row.text(1)?)?,
        expires_at: row.time(2)?,
        used_at: row.time_or_null(3)?,
        revoked_at: row.time_or_null(4)?,
    })
}

fn read_passkey(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey { credential: row.blob(0)?, account_id: row.id(1)?, sealed: row.blob(2)?, version: row.int(3)? })
}

statements! {
    INSERT = "INSERT INTO accounts (id, kind, person_id, registrar_id, login, created_on, disabled_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND = "SELECT id, kind, person_id, registrar_id, login, created_on, disabled_at FROM accounts WHERE id = $1";
    FIND_BY_LOGIN = "SELECT id, kind, person_id, registrar_id, login, created_on, disabled_at FROM accounts WHERE login = $1";
    FIND_BY_PERSON = "SELECT id, kind, person_id, registrar_id, login, created_on, disabled_at FROM accounts WHERE person_id = $1";
    STAFF = "SELECT id, kind, person_id, registrar_id, login, created_on, disabled_at FROM accounts
             WHERE kind <> 'citizen' ORDER BY kind, login";
    DISABLE = "UPDATE accounts SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE accounts SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    INSERT_INVITE = "INSERT INTO invites (code_hash, account_id, purpose, created_on, expires_at) VALUES ($1, $2, $3, $4, $5)";
    FIND_INVITE = "SELECT account_id, purpose, expires_at, used_at, revoked_at FROM invites WHERE code_hash = $1";
    USE_INVITE = "UPDATE invites SET used_at = $3
                  WHERE code_hash = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2
                  RETURNING account_id, purpose";
    REVOKE_INVITES = "UPDATE invites SET revoked_at = $2 WHERE account_id = $1 AND used_at IS NULL AND revoked_at IS NULL";
    INSERT_PASSKEY = "INSERT INTO passkeys (credential, account_id, sealed, version) VALUES ($1, $2, $3, $4)";
    FIND_PASSKEY = "SELECT credential, account_id, sealed, version FROM passkeys WHERE credential = $1";
    PASSKEYS = "SELECT credential, account_id, sealed, version FROM passkeys WHERE account_id = $1 ORDER BY credential";
    UPDATE_PASSKEY = "UPDATE passkeys SET sealed = $2, version = version + 1 WHERE credential = $1 AND version = $3";
    /// Without [`LOCK`] before it, two removals at once on PostgreSQL would each see what the other removes.
    REMOVE_PASSKEY = "DELETE FROM passkeys WHERE account_id = $1 AND credential = $2 AND (
                          EXISTS (SELECT 1 FROM passkeys other WHERE other.account_id = $1 AND other.credential <> $2)
                          OR EXISTS (SELECT 1 FROM passphrases WHERE passphrases.account_id = $1))";
    REMOVE_PASSKEYS = "DELETE FROM passkeys WHERE account_id = $1";
    PUT_PASSPHRASE = "INSERT INTO passphrases (account_id, sealed, changed_on) VALUES ($1, $2, $3)
                      ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, changed_on = excluded.changed_on";
    FIND_PASSPHRASE = "SELECT sealed FROM passphrases WHERE account_id = $1";
    REMOVE_PASSPHRASE = "DELETE FROM passphrases WHERE account_id = $1
                         AND ($2 = 1 OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.account_id = $1))";
    INSERT_RECOVERY = "INSERT INTO recovery_codes (code_hash, account_id, created_on) VALUES ($1, $2, $3)";
    FIND_RECOVERY = "SELECT account_id FROM recovery_codes WHERE code_hash = $1 AND used_at IS NULL";
    USE_RECOVERY = "UPDATE recovery_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL RETURNING account_id";
    COUNT_RECOVERY = "SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL";
    REMOVE_RECOVERY = "DELETE FROM recovery_codes WHERE account_id = $1";
    INSERT_CEREMONY = "INSERT INTO ceremonies (id, sealed, expires_at) VALUES ($1, $2, $3)";
    FIND_CEREMONY = "SELECT sealed FROM ceremonies WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
    USE_CEREMONY = "UPDATE ceremonies SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 RETURNING sealed";
    REMOVE_CEREMONIES = "DELETE FROM ceremonies WHERE expires_at <= $1";
    LOCK = "UPDATE accounts SET login = login WHERE id = $1";
}
