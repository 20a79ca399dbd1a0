//! Recording: what was prepared goes into the public log, in the transaction that spends what it is issued for.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;

use super::{AccessToken, IdTokenClaims, Issuance, IssueError};
use crate::{
    domain::{ids::FamilyId, secret::TokenHash},
    store::{StoreError, Tx, grants},
    transparency::{Logged, Owner, Token, TokenFacts, Transparency, Voice},
    wire::{jose::Algorithm, oauth::TokenOwner},
};

/// Tokens that are fit to be issued, signed, and not recorded yet: a transaction that is run again records them again. They
/// cannot be taken out.
#[derive(Clone)]
pub struct Prepared {
    issuance: Issuance,
    unsigned: Arc<Unsigned>,
    signed: Arc<Signed>,
}

/// Tokens that were linted, with what the log is to say of them, and in whose name.
pub(super) struct Unsigned {
    pub(super) claims: IdTokenClaims,
    pub(super) access_token: AccessToken,
    pub(super) algorithm: Algorithm,
    pub(super) told: TokenFacts,
    pub(super) owner: Arc<Owner>,
    pub(super) voice: Voice,
}

/// The same, under one key.
pub(super) struct Signed {
    pub(super) id_token: String,
    pub(super) access_token: String,
    pub(super) token: Token,
}

/// The right to let the tokens of one answer go.
pub struct Ticket {
    signed: Arc<Signed>,
    logged: Logged,
}

/// The tokens of one answer, with what proves that the log has them. Nothing of them is printed.
pub struct Issued {
    pub id_token: String,
    pub access_token: String,
    /// C2SP tlog-proof.
    pub tlog_proof: String,
    pub tlog_owner: TokenOwner,
}

impl Prepared {
    pub(super) fn new(issuance: Issuance, unsigned: Unsigned) -> Result<Self, IssueError> {
        let signed = Arc::new(issuance.sign(&unsigned)?);
        Ok(Self { issuance, unsigned: Arc::new(unsigned), signed })
    }

    /// Records the token by spending the code: only the first attempt gets a ticket, and only while consent, client,
    /// account and pseudonym stand. `family` starts a refresh token family with its first token.
    pub async fn redeem(
        self,
        tx: &mut Tx,
        redemption: &grants::Redemption,
        family: Option<(&grants::Family, TokenHash)>,
    ) -> Result<Ticket, IssueError> {
        match grants::redeem(tx, redemption).await {
            Ok(true) => {}
            Ok(false) => return Err(IssueError::Dead),
            Err(StoreError::Taken) => return Err(IssueError::Spent),
            Err(error) => return Err(error.into()),
        }
        if let Some((family, token)) = family {
            grants::insert_family(tx, family).await?;
            grants::insert_refresh_token(tx, token, family.id).await?;
        }
        self.record(tx).await
    }

    /// Records the token by spending the refresh token it comes from, at the time that is sealed in `used`, and writing the
    /// next one.
    pub async fn refresh(
        self,
        tx: &mut Tx,
        (spent, used): (TokenHash, &[u8]),
        next: TokenHash,
        family: FamilyId,
    ) -> Result<Ticket, IssueError> {
        if !grants::use_refresh_token(tx, spent, used).await? {
            return Err(IssueError::Spent);
        }
        grants::insert_refresh_token(tx, next, family).await?;
        self.record(tx).await
    }

    /// Records the tokens where the refresh token stays the same: while it is unspent, and all that it rests on stands.
    pub async fn renew(self, tx: &mut Tx, shown: TokenHash) -> Result<Ticket, IssueError> {
        match grants::find_refresh_token(tx, shown).await? {
            Some(found) if !found.dead && found.used.is_none() => self.record(tx).await,
            _ => Err(IssueError::Dead),
        }
    }

    /// The leaf, and before it that of the key that signed, if the registry does not have it yet. Where that key was revoked
    /// meanwhile, its successor signs again.
    async fn record(mut self, tx: &mut Tx) -> Result<Ticket, IssueError> {
        let Unsigned { algorithm, owner, voice, .. } = &*self.unsigned;
        let Issuance { owners, institutions, .. } = &self.issuance;
        if !institutions.announce(tx, &self.signed.token.kid).await? {
            self.signed = Arc::new(self.issuance.sign(&self.unsigned)?);
            if !institutions.announce(tx, &self.signed.token.kid).await? {
                return Err(IssueError::NoKey(*algorithm));
            }
        }
        let logged = owners.issue(tx, owner, voice, &self.signed.token).await?.ok_or(IssueError::Dead)?;
        Ok(Ticket { logged, signed: self.signed })
    }
}

impl Issuance {
    /// Lets tokens go that are in the log: the transaction that gave the ticket is durable, and where there is a quorum, enough
    /// witnesses have cosigned a head that has their leaf.
    pub async fn release(&self, ticket: Ticket, logs: &Transparency) -> Result<Issued, IssueError> {
        let Ticket { signed, logged } = ticket;
        let proof = logs.witnessed(logged.receipt.placed()?).await?.tlog_proof(&logged.leaf);
        let tlog_proof = proof.map_err(|_| IssueError::Lint("a proof that cannot be written"))?.to_string();
        let tlog_owner = TokenOwner { key: BASE64URL_NOPAD.encode(logged.key.expose()), number: logged.number };
        // The transaction has let go of its own handle, unless a run of it hangs on after an answer: then they are copied.
        let (id_token, access_token) = match Arc::try_unwrap(signed) {
            Ok(signed) => (signed.id_token, signed.access_token),
            Err(signed) => (signed.id_token.clone(), signed.access_token.clone()),
        };
        Ok(Issued { id_token, access_token, tlog_proof, tlog_owner })
    }
}
