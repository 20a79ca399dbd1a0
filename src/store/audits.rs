//! Sampled audits (`specs/log.md` §13): who may have leaves opened, what is drawn from which tree, how far an audit has come,
//! and, until it ends, what was opened. Each step is one guarded statement: of two who take it at once one does.

use super::{
    Row, StoreError, Tx,
    statement::{statements, values},
};
use crate::{
    domain::{ambient::Timestamp, ids::AccountId, log::LogName},
    wire::tlog::{Hash, leaf::AuditId},
};

/// Somebody outside who may have leaves opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auditor {
    pub account: AccountId,
    /// As it stands in the registry. Unique.
    pub name: String,
    /// What is typed beside a passphrase.
    pub login: String,
    pub is_open: bool,
}

/// One audit, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    pub id: AuditId,
    pub account: AccountId,
    /// The tree that is drawn from.
    pub log: LogName,
    pub size: u64,
    pub root: Hash,
    pub draws: u32,
    pub nonce_hash: Hash,
    /// The hour.
    pub begun_on: Timestamp,
    pub nonce: Option<[u8; 32]>,
    pub openings: Option<Opened>,
    pub result: Option<Concluded>,
    /// The hour.
    pub ended_on: Option<Timestamp>,
}

/// What the auditor gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// SHA-256 of the file.
    pub hash: Hash,
    pub opened: u32,
    pub withheld: u32,
    /// The hour.
    pub on: Timestamp,
}

/// What the auditor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concluded {
    pub faults: u32,
    /// SHA-256 of the report.
    pub report: Hash,
}

/// One leaf that was drawn, done with. `sealed` is absent where it could not be opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    pub place: u32,
    /// Its index in the log.
    pub leaf: u64,
    pub sealed: Option<Vec<u8>>,
}

/// Gives the holder of an account a name; [`StoreError::Taken`] when another has it.
pub async fn insert_auditor(tx: &mut Tx, account: AccountId, name: &str) -> Result<(), StoreError> {
    tx.execute(INSERT_AUDITOR, values![account, name]).await.map(drop)
}

/// An auditor by account.
pub async fn find_auditor(tx: &mut Tx, account: AccountId) -> Result<Option<Auditor>, StoreError> {
    tx.optional(FIND_AUDITOR, values![account]).await?.map(|row| read_auditor(&row)).transpose()
}

/// All auditors by name.
pub async fn auditors(tx: &mut Tx) -> Result<Vec<Auditor>, StoreError> {
    tx.all(AUDITORS, vec![]).await?.iter().map(read_auditor).collect()
}

/// Begins an audit that has nothing but its commitment. False when there was one with this hash of a nonce;
/// [`StoreError::Taken`] when one of this auditor has not ended.
pub async fn insert(tx: &mut Tx, audit: &Audit) -> Result<bool, StoreError> {
    let values = values![
        audit.id.as_bytes(),
        audit.account,
        audit.log.to_string().as_str(),
        number(audit.size)?,
        audit.root.as_bytes(),
        i64::from(audit.draws),
        audit.nonce_hash.as_bytes(),
        audit.begun_on.hour()
    ];
    tx.changed(INSERT, values).await
}

pub async fn find(tx: &mut Tx, id: AuditId) -> Result<Option<Audit>, StoreError> {
    tx.optional(FIND, values![id.as_bytes()]).await?.map(|row| read(&row)).transpose()
}

/// The audit of an auditor that has not ended.
pub async fn running(tx: &mut Tx, account: AccountId) -> Result<Option<Audit>, StoreError> {
    tx.optional(RUNNING, values![account]).await?.map(|row| read(&row)).transpose()
}

/// All audits of an auditor, the newest first.
pub async fn of(tx: &mut Tx, account: AccountId) -> Result<Vec<Audit>, StoreError> {
    tx.all(OF, values![account]).await?.iter().map(read).collect()
}

/// Those whose nonce is known, and whose leaves are not all opened yet.
pub async fn to_open(tx: &mut Tx) -> Result<Vec<Audit>, StoreError> {
    tx.all(TO_OPEN, vec![]).await?.iter().map(read).collect()
}

/// Shows the nonce with this hash for the auditor's running audit, if that began in this hour or later; once.
pub async fn reveal(
    tx: &mut Tx,
    account: AccountId,
    (nonce, hash): (&[u8; 32], Hash),
    since: Timestamp,
) -> Result<Option<AuditId>, StoreError> {
    let row = tx.optional(REVEAL, values![account, hash.as_bytes(), nonce, since.hour()]).await?;
    row.map(|row| id(&row, 0)).transpose()
}

/// All that was drawn is opened. Once.
pub async fn open(tx: &mut Tx, id: AuditId, opened: &Opened) -> Result<bool, StoreError> {
    let (shown, withheld) = (i64::from(opened.opened), i64::from(opened.withheld));
    let values = values![id.as_bytes(), opened.hash.as_bytes(), shown, withheld, opened.on.hour()];
    tx.changed(OPEN, values).await
}

/// The auditor's running audit ends with what it found, once; what there was opened.
pub async fn conclude(
    tx: &mut Tx,
    account: AccountId,
    concluded: &Concluded,
    now: Timestamp,
) -> Result<Option<(AuditId, u32, u32)>, StoreError> {
    let values = values![account, i64::from(concluded.faults), concluded.report.as_bytes(), now.hour()];
    let row = tx.optional(CONCLUDE, values).await?;
    row.map(|row| Ok((id(&row, 0)?, small(row.int(1)?)?, small(row.int(2)?)?))).transpose()
}

/// Ends audits that began before this hour and whose nonce nobody has shown.
pub async fn end_unshown(tx: &mut Tx, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(END_UNSHOWN, values![before.hour(), now.hour()]).await
}

/// Ends audits whose openings came before this hour and of which their auditors have said nothing.
pub async fn end_unconcluded(tx: &mut Tx, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(END_UNCONCLUDED, values![before.hour(), now.hour()]).await
}

/// Keeps what was opened of a leaf; false when somebody else did before.
pub async fn insert_opening(tx: &mut Tx, audit: AuditId, opening: &Opening) -> Result<bool, StoreError> {
    let sealed = opening.sealed.as_deref();
    let values = values![audit.as_bytes(), i64::from(opening.place), number(opening.leaf)?, sealed];
    tx.changed(INSERT_OPENING, values).await
}

/// All that was opened so far, in the order in which it was drawn.
pub async fn openings(tx: &mut Tx, audit: AuditId) -> Result<Vec<Opening>, StoreError> {
    tx.all(OPENINGS, values![audit.as_bytes()]).await?.iter().map(read_opening).collect()
}

/// Which leaves are done with, by place.
pub async fn places(tx: &mut Tx, audit: AuditId) -> Result<Vec<u32>, StoreError> {
    tx.all(PLACES, values![audit.as_bytes()]).await?.iter().map(|row| small(row.int(0)?)).collect()
}

/// Removes the openings of audits that have ended.
pub async fn remove_openings(tx: &mut Tx) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OPENINGS, vec![]).await
}

fn read_auditor(row: &Row) -> Result<Auditor, StoreError> {
    let is_open = row.time_or_null(3)?.is_none();
    Ok(Auditor { account: row.id(0)?, name: row.text(1)?, login: row.text(2)?, is_open })
}

fn read(row: &Row) -> Result<Audit, StoreError> {
    let nonce = row.blob_or_null(8)?.map(|nonce| nonce.try_into().map_err(|_| CORRUPT)).transpose()?;
    let openings = row.blob_or_null(9)?.map(|hash| -> Result<_, StoreError> {
        let (opened, withheld) = (small(row.int(10)?)?, small(row.int(11)?)?);
        Ok(Opened { hash: read_hash(hash)?, opened, withheld, on: row.time(12)? })
    });
    let result = row.blob_or_null(14)?.map(|report| -> Result<_, StoreError> {
        Ok(Concluded { faults: small(row.int(13)?)?, report: read_hash(report)? })
    });
    Ok(Audit {
        id: id(row, 0)?,
        account: row.id(1)?,
        log: row.parsed(2)?,
        size: large(row.int(3)?)?,
        root: read_hash(row.blob(4)?)?,
        draws: small(row.int(5)?)?,
        nonce_hash: read_hash(row.blob(6)?)?,
        begun_on: row.time(7)?,
        nonce,
        openings: openings.transpose()?,
        result: result.transpose()?,
        ended_on: row.time_or_null(15)?,
    })
}

fn read_opening(row: &Row) -> Result<Opening, StoreError> {
    Ok(Opening { place: small(row.int(0)?)?, leaf: large(row.int(1)?)?, sealed: row.blob_or_null(2)? })
}

fn id(row: &Row, index: usize) -> Result<AuditId, StoreError> {
    row.blob(index)?.try_into().map(AuditId::from_bytes).map_err(|_| CORRUPT)
}

fn read_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map(Hash::from_bytes).map_err(|_| CORRUPT)
}

fn small(number: i64) -> Result<u32, StoreError> {
    number.try_into().map_err(|_| CORRUPT)
}

fn large(number: i64) -> Result<u64, StoreError> {
    number.try_into().map_err(|_| CORRUPT)
}

fn number(number: u64) -> Result<i64, StoreError> {
    number.try_into().map_err(|_| StoreError::Refused)
}

const CORRUPT: StoreError = StoreError::Corrupt("a number, hash or count of a sampled audit");

statements! {
    INSERT_AUDITOR = "INSERT INTO auditors (account_id, name) VALUES ($1, $2)";
    FIND_AUDITOR = "SELECT account_id, name, login, disabled_at FROM auditors JOIN accounts ON accounts.id = account_id
                    WHERE account_id = $1";
    AUDITORS = "SELECT account_id, name, login, disabled_at FROM auditors JOIN accounts ON accounts.id = account_id ORDER BY name";
    INSERT = "INSERT INTO audits (id, account_id, log, size, root, draws, nonce_hash, begun_on)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (nonce_hash) DO NOTHING";
    FIND = "SELECT id, account_id, log, size, root, draws, nonce_hash, begun_on, nonce, openings, opened, withheld, opened_on, faults,
            report, ended_on FROM audits WHERE id = $1";
    RUNNING = "SELECT id, account_id, log, size, root, draws, nonce_hash, begun_on, nonce, openings, opened, withheld, opened_on, faults,
               report, ended_on FROM audits WHERE account_id = $1 AND ended_on IS NULL";
    OF = "SELECT id, account_id, log, size, root, draws, nonce_hash, begun_on, nonce, openings, opened, withheld, opened_on, faults,
          report, ended_on FROM audits WHERE account_id = $1 ORDER BY begun_on DESC, id";
    TO_OPEN = "SELECT id, account_id, log, size, root, draws, nonce_hash, begun_on, nonce, openings, opened, withheld, opened_on, faults,
               report, ended_on FROM audits WHERE nonce IS NOT NULL AND openings IS NULL AND ended_on IS NULL ORDER BY begun_on, id";
    REVEAL = "UPDATE audits SET nonce = $3
              WHERE account_id = $1 AND nonce_hash = $2 AND nonce IS NULL AND ended_on IS NULL AND begun_on >= $4 RETURNING id";
    OPEN = "UPDATE audits SET openings = $2, opened = $3, withheld = $4, opened_on = $5
            WHERE id = $1 AND nonce IS NOT NULL AND openings IS NULL AND ended_on IS NULL";
    CONCLUDE = "UPDATE audits SET faults = $2, report = $3, ended_on = $4
                WHERE account_id = $1 AND openings IS NOT NULL AND ended_on IS NULL RETURNING id, opened, withheld";
    END_UNSHOWN = "UPDATE audits SET ended_on = $2 WHERE nonce IS NULL AND ended_on IS NULL AND begun_on < $1";
    END_UNCONCLUDED = "UPDATE audits SET ended_on = $2 WHERE openings IS NOT NULL AND ended_on IS NULL AND opened_on < $1";
    INSERT_OPENING = "INSERT INTO audit_openings (audit_id, place, leaf, sealed) VALUES ($1, $2, $3, $4)
                      ON CONFLICT (audit_id, place) DO NOTHING";
    OPENINGS = "SELECT place, leaf, sealed FROM audit_openings WHERE audit_id = $1 ORDER BY place";
    PLACES = "SELECT place FROM audit_openings WHERE audit_id = $1 ORDER BY place";
    REMOVE_OPENINGS = "DELETE FROM audit_openings
                       WHERE audit_id IN (SELECT id FROM audits WHERE ended_on IS NOT NULL)";
}
