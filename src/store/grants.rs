//! Redeemed codes, refresh token families and their revocation.
//!
//! An authorization code is a sealed value; inserting its id here is the redemption, and the one statement checks in the
//! same breath that everything it rests on still stands.
//!
//! A forum knows to the minute when its member came, so the exact times are in what is sealed. In clear is the month: when a
//! row may go, and that it was revoked.

use super::{
    Row, StoreError, Tx, sessions,
    statement::{statements, values},
};
use crate::domain::{
    ambient::Timestamp,
    ids::{AccountId, ClientId, ConsentId, FamilyId, GrantId, PersonId},
    secret::TokenHash,
};

/// What a redemption writes.
#[derive(Clone)]
pub struct Redemption {
    pub id: GrantId,
    pub consent_id: ConsentId,
    pub client_id: ClientId,
    pub account_id: AccountId,
    /// Keyed tag of the session that authorized it: ending the session finds its grants.
    pub session_tag: [u8; 32],
    /// The session itself. It is not kept: it has to be there at this moment.
    pub session: TokenHash,
    pub sealed: Vec<u8>,
    pub remove_after: Timestamp,
}

/// A redeemed grant as the protected resources see it.
#[derive(Clone)]
pub struct Grant {
    pub consent_id: ConsentId,
    pub client_id: ClientId,
    pub sealed: Vec<u8>,
    /// Revoked itself, or by its consent, its client or its account.
    pub dead: bool,
}

/// A refresh token family.
#[derive(Clone)]
pub struct Family {
    pub id: FamilyId,
    pub grant_id: GrantId,
    pub client_id: ClientId,
    /// With its exact end.
    pub sealed: Vec<u8>,
    /// Not before its end.
    pub remove_after: Timestamp,
}

/// The state of a presented refresh token.
#[derive(Clone)]
pub struct RefreshToken {
    pub family: Family,
    /// When it was spent, sealed.
    pub used: Option<Vec<u8>>,
    /// The family, its grant, consent, client or account is dead.
    pub dead: bool,
}

/// Redeems a code. True for the first, if session, consent, client, account and registrar's decision still stand;
/// [`StoreError::Taken`] for every further attempt; false when something it rests on is gone.
pub async fn redeem(tx: &mut Tx, redemption: &Redemption) -> Result<bool, StoreError> {
    // The end of a session revokes its grants by name, so it must not pass by one that is being written.
    if !sessions::hold(tx, redemption.session).await? {
        return Ok(false);
    }
    let values = values![
        redemption.id,
        redemption.consent_id,
        &redemption.client_id,
        &redemption.session_tag,
        redemption.sealed.as_slice(),
        redemption.remove_after,
        redemption.account_id
    ];
    tx.changed(REDEEM, values).await
}

pub async fn find(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>, StoreError> {
    let row = tx.optional(FIND, values![id]).await?;
    row.map(|row| {
        Ok(Grant { consent_id: row.id(0)?, client_id: row.parsed(1)?, sealed: row.blob(2)?, dead: row.int(3)? != 0 })
    })
    .transpose()
}

/// Revokes a grant with all that came from it.
pub async fn revoke(tx: &mut Tx, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    tx.execute(REVOKE_FAMILIES, values![id, now.month()]).await?;
    tx.changed(REVOKE, values![id, now.month()]).await
}

/// Revokes every grant that rests on a consent.
pub async fn revoke_by_consent(tx: &mut Tx, consent: ConsentId, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REVOKE_FAMILIES_BY_CONSENT, values![consent, now.month()]).await?;
    tx.execute(REVOKE_BY_CONSENT, values![consent, now.month()]).await
}

/// Revokes every grant of a person.
pub async fn revoke_by_person(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REVOKE_FAMILIES_BY_PERSON, values![person, now.month()]).await?;
    tx.execute(REVOKE_BY_PERSON, values![person, now.month()]).await
}

/// Revokes what a session authorized, but for grants that may go on without it (`offline_access`).
pub async fn revoke_by_session(tx: &mut Tx, session_tag: &[u8; 32], now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(REVOKE_BY_SESSION, values![session_tag, now.month()]).await
}

/// The grants of one consent, for the citizen's page.
pub async fn by_consent(tx: &mut Tx, consent: ConsentId) -> Result<Vec<(GrantId, Vec<u8>)>, StoreError> {
    let rows = tx.all(BY_CONSENT, values![consent]).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.blob(1)?))).collect()
}

pub async fn insert_family(tx: &mut Tx, family: &Family) -> Result<(), StoreError> {
    let values = values![family.id, family.grant_id, &family.client_id, family.sealed.as_slice(), family.remove_after];
    tx.execute(INSERT_FAMILY, values).await.map(drop)
}

pub async fn insert_refresh_token(tx: &mut Tx, token: TokenHash, family: FamilyId) -> Result<(), StoreError> {
    tx.execute(INSERT_REFRESH, values![token, family]).await.map(drop)
}

pub async fn find_refresh_token(tx: &mut Tx, token: TokenHash) -> Result<Option<RefreshToken>, StoreError> {
    tx.optional(FIND_REFRESH, values![token]).await?.map(|row| read_refresh(&row)).transpose()
}

/// Spends a refresh token at a time that is sealed: true for one caller only, while all that its family rests on stands.
/// The family's own end is in what the caller opens.
pub async fn use_refresh_token(tx: &mut Tx, token: TokenHash, used: &[u8]) -> Result<bool, StoreError> {
    tx.changed(USE_REFRESH, values![token, used]).await
}

/// Removes at most so many grants that may go.
pub async fn remove_old(tx: &mut Tx, now: Timestamp, most: u32) -> Result<u64, StoreError> {
    tx.execute(REMOVE_OLD, values![now, i64::from(most)]).await
}

fn read_refresh(row: &Row) -> Result<RefreshToken, StoreError> {
    let family = Family {
        id: row.id(0)?,
        grant_id: row.id(1)?,
        client_id: row.parsed(2)?,
        sealed: row.blob(3)?,
        remove_after: row.time(4)?,
    };
    Ok(RefreshToken { family, used: row.blob_or_null(5)?, dead: row.int(6)? != 0 })
}

/// Under what the moment and the terms of a grant are sealed.
pub const GRANTED: &str = "grants";

statements! {
    REDEEM = "INSERT INTO grants (id, consent_id, client_id, session_tag, sealed, remove_after)
              SELECT $1, consents.id, consents.client_id, $4, $5, $6
              FROM consents
              JOIN clients ON clients.id = consents.client_id
              JOIN persons ON persons.id = consents.person_id
              JOIN pseudonyms ON pseudonyms.id = consents.pseudonym_id
              JOIN accounts ON accounts.person_id = consents.person_id
              WHERE consents.id = $2 AND consents.client_id = $3 AND accounts.id = $7
                AND consents.withdrawn IS NULL AND clients.disabled_at IS NULL AND persons.departed_on IS NULL
                AND pseudonyms.retired_on IS NULL AND accounts.disabled_at IS NULL";
    FIND = "SELECT grants.consent_id, grants.client_id, grants.sealed,
                   CASE WHEN grants.revoked_at IS NULL AND consents.withdrawn IS NULL AND clients.disabled_at IS NULL
                             AND persons.departed_on IS NULL AND pseudonyms.retired_on IS NULL AND accounts.disabled_at IS NULL
                        THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END
            FROM grants
            JOIN consents ON consents.id = grants.consent_id
            JOIN clients ON clients.id = grants.client_id
            JOIN persons ON persons.id = consents.person_id
            JOIN pseudonyms ON pseudonyms.id = consents.pseudonym_id
            JOIN accounts ON accounts.person_id = consents.person_id
            WHERE grants.id = $1";
    REVOKE = "UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_FAMILIES = "UPDATE families SET revoked_at = $2 WHERE grant_id = $1 AND revoked_at IS NULL";
    REVOKE_BY_CONSENT = "UPDATE grants SET revoked_at = $2 WHERE consent_id = $1 AND revoked_at IS NULL";
    REVOKE_FAMILIES_BY_CONSENT = "UPDATE families SET revoked_at = $2 WHERE revoked_at IS NULL
                                  AND grant_id IN (SELECT id FROM grants WHERE consent_id = $1)";
    REVOKE_BY_PERSON = "UPDATE grants SET revoked_at = $2 WHERE revoked_at IS NULL
                        AND consent_id IN (SELECT id FROM consents WHERE person_id = $1)";
    REVOKE_FAMILIES_BY_PERSON = "UPDATE families SET revoked_at = $2 WHERE revoked_at IS NULL
                                 AND grant_id IN (SELECT grants.id FROM grants JOIN consents ON consents.id = grants.consent_id
                                                  WHERE consents.person_id = $1)";
    REVOKE_BY_SESSION = "UPDATE grants SET revoked_at = $2 WHERE session_tag = $1 AND revoked_at IS NULL
                         AND NOT EXISTS (SELECT 1 FROM families WHERE families.grant_id = grants.id)";
    BY_CONSENT = "SELECT id, sealed FROM grants WHERE consent_id = $1";
    INSERT_FAMILY = "INSERT INTO families (id, grant_id, client_id, sealed, remove_after) VALUES ($1, $2, $3, $4, $5)";
    INSERT_REFRESH = "INSERT INTO refresh_tokens (token_hash, family_id) VALUES ($1, $2)";
    FIND_REFRESH = "SELECT families.id, families.grant_id, families.client_id, families.sealed, families.remove_after,
                           refresh_tokens.used,
                           CASE WHEN families.revoked_at IS NULL AND grants.revoked_at IS NULL
                                     AND consents.withdrawn IS NULL AND clients.disabled_at IS NULL
                                     AND persons.departed_on IS NULL AND pseudonyms.retired_on IS NULL
                                     AND accounts.disabled_at IS NULL
                                THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END
                    FROM refresh_tokens
                    JOIN families ON families.id = refresh_tokens.family_id
                    JOIN grants ON grants.id = families.grant_id
                    JOIN consents ON consents.id = grants.consent_id
                    JOIN clients ON clients.id = grants.client_id
                    JOIN persons ON persons.id = consents.person_id
                    JOIN pseudonyms ON pseudonyms.id = consents.pseudonym_id
                    JOIN accounts ON accounts.person_id = consents.person_id
                    WHERE refresh_tokens.token_hash = $1";
    USE_REFRESH = "UPDATE refresh_tokens SET used = $2 WHERE token_hash = $1 AND used IS NULL
                   AND EXISTS (SELECT 1 FROM families
                               JOIN grants ON grants.id = families.grant_id
                               JOIN consents ON consents.id = grants.consent_id
                               JOIN clients ON clients.id = grants.client_id
                               JOIN persons ON persons.id = consents.person_id
                               JOIN pseudonyms ON pseudonyms.id = consents.pseudonym_id
                               JOIN accounts ON accounts.person_id = consents.person_id
                               WHERE families.id = refresh_tokens.family_id
                                 AND families.revoked_at IS NULL
                                 AND grants.revoked_at IS NULL AND consents.withdrawn IS NULL
                                 AND clients.disabled_at IS NULL AND persons.departed_on IS NULL
                                 AND pseudonyms.retired_on IS NULL AND accounts.disabled_at IS NULL)";
    REMOVE_OLD = "DELETE FROM grants WHERE id IN (
                      SELECT id FROM grants WHERE remove_after <= $1
                      AND NOT EXISTS (SELECT 1 FROM families WHERE families.grant_id = grants.id AND families.remove_after > $1)
                      ORDER BY remove_after LIMIT $2)";
}
