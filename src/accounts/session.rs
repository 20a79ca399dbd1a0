//! Sessions: a random token in a cookie, its hash in the database, and everything else sealed beside it.
//!
//! There is no cache: a lookup is two reads by primary key, so a session that ends anywhere has ended everywhere at the
//! next request. Limits are NIST SP 800-63B-4 §2.2.3 and §5.2; a sign-in always begins a new session and ends the one
//! the browser had (OWASP ASVS 7.2.4).

use std::{cmp::Reverse, fmt, time::Duration};

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Accounts, Error, Holder, audit::Act};
use crate::{
    domain::{
        ambient::Timestamp,
        authentication::Method,
        ids::{AccountId, PersonId, RegistrarId},
        secret::{Token, TokenHash},
    },
    keyring::padded_json,
    logout::{Ended, Logouts},
    store::{StoreError, Tx, accounts as rows, grants, sessions},
};

/// Who is signed in, and how: what an extractor hands to a handler.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub account: AccountId,
    pub holder: Holder,
    pub method: Method,
    /// When the holder last proved to be one: `auth_time`.
    pub auth_time: Timestamp,
    pub session: SessionId,
    pub(super) token: TokenHash,
    tag: [u8; 32],
}

/// Names a session in the list of its account; not its token, and of no use without it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionId([u8; 16]);

/// The token of a session that has just begun: the value of the cookie.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub token: Token,
    pub signed_in: SignedIn,
}

/// One line of the list of sessions.
#[derive(Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: SessionId,
    pub method: Method,
    pub began: Timestamp,
    /// To the minute.
    pub seen: Timestamp,
    /// The kind of browser, as it said itself.
    pub device: String,
    pub current: bool,
}

impl SignedIn {
    /// The citizen, for what only citizens do.
    pub const fn person(&self) -> Option<PersonId> {
        match self.holder {
            Holder::Citizen(person) => Some(person),
            _ => None,
        }
    }

    /// The office, for what only its officers do.
    pub const fn office(&self) -> Option<RegistrarId> {
        match self.holder {
            Holder::Officer(registrar) => Some(registrar),
            _ => None,
        }
    }

    pub const fn is_administrator(&self) -> bool {
        matches!(self.holder, Holder::Administrator)
    }

    /// Whether the holder has signed in within `span`: `max_age` of OpenID Connect, and before sensitive acts.
    pub fn is_within(&self, span: Duration, now: Timestamp) -> bool {
        now.since(self.auth_time) <= span
    }

    /// What the grants of this session are kept under, so that they end with it. A grant that is to outlive the session
    /// (`offline_access`) needs another tag.
    pub const fn tag(&self) -> [u8; 32] {
        self.tag
    }

    /// Of the token that was presented: the session lives for as long as the row of this hash is there.
    pub const fn token_hash(&self) -> TokenHash {
        self.token
    }
}

impl SessionId {
    /// 22 characters of base64url, for a form.
    pub fn encode(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.0)
    }
}

/// What is sealed in the row.
#[derive(Clone, Serialize, Deserialize)]
struct Content {
    account: AccountId,
    id: SessionId,
    method: Method,
    auth_time: Timestamp,
    began: Timestamp,
    seen: Timestamp,
    device: String,
}

impl Accounts {
    /// Who presents this cookie; `None` for whatever is not a live session of an account that is not disabled.
    pub async fn session(&self, cookie: &str) -> Result<Option<SignedIn>, Error> {
        if cookie.len() != TOKEN_CHARS {
            return Ok(None);
        }
        let token = Token::presented(cookie).hash();
        let this = self.clone();
        let read = self.0.store.read(|tx| Box::pin(async move { this.find_session(tx, token).await }));
        let Some((content, holder)) = read.await? else { return Ok(None) };
        let now = self.now();
        // Neither write is needed to answer: on a full disk whoever is signed in reads on, and what ended stays ended.
        if !self.is_live(&content, holder, now) {
            let remove = self.0.store.write::<_, StoreError, _>(move |tx| Box::pin(sessions::remove(tx, token)));
            if let Err(error) = remove.await {
                tracing::warn!(%error, "an ended session was not removed");
            }
            return Ok(None);
        }
        let signed_in = self.signed_in(&content, holder, token);
        if now.since(content.seen) < TOUCH_EVERY {
            return Ok(Some(signed_in));
        }
        let sealed = self.seal_session(token, &Content { seen: now.minute(), ..content });
        let touch = self
            .0
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { sessions::update(tx, token, &sealed).await }));
        let is_there = touch.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the use of a session was not noted");
            true
        });
        Ok(is_there.then_some(signed_in))
    }

    /// Ends the session and what forums were granted in it. Says which forums are to be told.
    pub async fn sign_out(&self, signed_in: &SignedIn) -> Result<Ended, Error> {
        let ended = self.end(signed_in.token, signed_in.session).await;
        self.audit(Act::new("sign out", "this session"), Some(signed_in.account), &ended);
        ended
    }

    /// The live sessions of the account: this one, then the latest first.
    pub async fn sessions(&self, signed_in: &SignedIn) -> Result<Vec<Listed>, Error> {
        let (now, found) = (self.now(), self.open_sessions(signed_in.account).await?);
        let live = found.into_iter().filter(|(_, content)| self.is_live(content, signed_in.holder, now));
        let mut listed: Vec<Listed> = live.map(|(token, content)| content.listed(token == signed_in.token)).collect();
        listed.sort_by_key(|session| (!session.current, Reverse(session.seen)));
        Ok(listed)
    }

    /// Ends one session of the account, named by [`SessionId::encode`]; false when there is none of that name.
    pub async fn end_session(&self, signed_in: &SignedIn, id: &str) -> Result<bool, Error> {
        let found = self.open_sessions(signed_in.account).await?;
        let Some((token, content)) = found.into_iter().find(|(_, content)| content.id.encode() == id) else {
            return Ok(false);
        };
        let ended = self.end(token, content.id).await;
        self.audit(Act::new("sign out", "another session"), Some(signed_in.account), &ended);
        ended.map(|_| true)
    }

    /// Ends every session of the account but this one.
    pub async fn end_other_sessions(&self, signed_in: &SignedIn) -> Result<(), Error> {
        let (this, account, keep) = (self.clone(), signed_in.account, signed_in.token);
        let end = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { this.end_sessions(tx, account, Some(keep)).await })
        });
        let ended = end.await.map_err(Error::from);
        self.audit(Act::new("sign out", "all other sessions"), Some(account), &ended);
        ended
    }

    /// Disables an account and ends its sessions, in the caller's transaction; false when it was disabled already. It is
    /// noted when it is asked for: rather a line too many than one that is missing.
    pub async fn disable(&self, tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
        let disabled = rows::disable(tx, account, self.now()).await?;
        self.end_sessions(tx, account, None).await?;
        if disabled {
            self.audit(Act::new("disable", "-"), Some(account), &Ok(()));
        }
        Ok(disabled)
    }

    /// Ends the sessions of an account but for `but`, and what was granted in them, in the caller's transaction.
    pub async fn end_sessions(
        &self,
        tx: &mut Tx,
        account: AccountId,
        but: Option<TokenHash>,
    ) -> Result<(), StoreError> {
        let (now, tag) = (self.now(), self.account_tag(account));
        let listed = sessions::list(tx, &tag).await?;
        // Before anything is revoked: the removal waits for those who redeem a code in one of them at this moment.
        sessions::remove_all(tx, &tag, but).await?;
        for (token, sealed) in listed {
            if Some(token) != but
                && let Some(content) = self.open_session(token, &sealed)
            {
                let session_tag = self.session_tag(content.id);
                self.logouts().session_ends(tx, &session_tag).await?;
                grants::revoke_by_session(tx, &session_tag, now).await?;
            }
        }
        Ok(())
    }

    /// Prepares a session. Made outside the transaction, so that running that again makes the same session.
    ///
    /// A new sign-in to the same account keeps the session's name, so that its grants still end with it.
    pub fn begin(&self, method: Method, device: &str, instead_of: Option<&SignedIn>) -> Begin {
        let mut rng = self.0.ambient.rng();
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Begin {
            token: Token::generate(&mut rng),
            id: SessionId(id),
            method,
            device: device.chars().filter(|c| !c.is_control()).take(MAX_DEVICE).collect(),
            instead_of: instead_of.cloned(),
            auth_time: self.now(),
            now: self.now(),
        }
    }

    /// Prepares the same session under a new token: what its holder may do has changed, not how they signed in.
    pub(super) fn begin_again(&self, old: &SignedIn, device: &str) -> Begin {
        Begin { auth_time: old.auth_time, ..self.begin(old.method, device, Some(old)) }
    }

    /// Begins a session of an account that the caller has locked and found enabled, and whose holder has proved to be it:
    /// nothing is proved here.
    pub async fn begin_session(
        &self,
        tx: &mut Tx,
        account: &rows::Account,
        begin: &Begin,
    ) -> Result<NewSession, StoreError> {
        let mut id = begin.id;
        match &begin.instead_of {
            Some(old) if old.account == account.id => {
                id = old.session;
                sessions::remove(tx, old.token).await?;
            }
            Some(old) => drop(self.end_in(tx, old.token, old.tag).await?),
            None => {}
        }
        let content = Content {
            account: account.id,
            id,
            method: begin.method,
            auth_time: begin.auth_time,
            began: begin.now,
            seen: begin.now.minute(),
            device: begin.device.clone(),
        };
        let token_hash = begin.token.hash();
        let row = sessions::Session {
            token_hash,
            account_tag: self.account_tag(account.id),
            sealed: self.seal_session(token_hash, &content),
            remove_after: begin.now.plus(self.limits(account.holder).lifetime).hour().plus(KEPT_LONGER),
        };
        sessions::insert(tx, &row).await?;
        Ok(NewSession { token: begin.token.clone(), signed_in: self.signed_in(&content, account.holder, token_hash) })
    }

    async fn end(&self, token: TokenHash, id: SessionId) -> Result<Ended, Error> {
        let (this, tag) = (self.clone(), self.session_tag(id));
        let end = self
            .0
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { this.end_in(tx, token, tag).await }));
        end.await.map_err(Error::from)
    }

    /// Whoever ends a session that has ended meanwhile tells nobody a second time.
    async fn end_in(&self, tx: &mut Tx, token: TokenHash, tag: [u8; 32]) -> Result<Ended, StoreError> {
        let was_there = sessions::remove(tx, token).await?;
        grants::revoke_by_session(tx, &tag, self.now()).await?;
        if was_there { self.logouts().session_ends(tx, &tag).await } else { Ok(Ended::default()) }
    }

    fn logouts(&self) -> Logouts<'_> {
        Logouts::new(&self.0.keyring, &self.0.ambient)
    }

    async fn find_session(&self, tx: &mut Tx, token: TokenHash) -> Result<Option<(Content, Holder)>, StoreError> {
        let sealed = sessions::find(tx, token).await?;
        let Some(content) = sealed.and_then(|sealed| self.open_session(token, &sealed)) else { return Ok(None) };
        let account = rows::find(tx, content.account).await?.filter(|account| account.disabled_at.is_none());
        Ok(account.map(|account| (content, account.holder)))
    }

    async fn open_sessions(&self, account: AccountId) -> Result<Vec<(TokenHash, Content)>, StoreError> {
        let tag = self.account_tag(account);
        let rows = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { sessions::list(tx, &tag).await }));
        let open = |(token, sealed): (TokenHash, Vec<u8>)| Some((token, self.open_session(token, &sealed)?));
        Ok(rows.await?.into_iter().filter_map(open).collect())
    }

    fn is_live(&self, content: &Content, holder: Holder, now: Timestamp) -> bool {
        let limits = self.limits(holder);
        now.since(content.began) <= limits.lifetime && now.since(content.seen) <= limits.idle
    }

    fn signed_in(&self, content: &Content, holder: Holder, token: TokenHash) -> SignedIn {
        SignedIn {
            account: content.account,
            holder,
            method: content.method,
            auth_time: content.auth_time,
            session: content.id,
            token,
            tag: self.session_tag(content.id),
        }
    }

    fn seal_session(&self, token: TokenHash, content: &Content) -> Vec<u8> {
        let plain = padded_json(content, PADDING);
        self.0.keyring.vault().seal_row("sessions", token.as_bytes(), &plain, &mut self.0.ambient.rng())
    }

    fn open_session(&self, token: TokenHash, sealed: &[u8]) -> Option<Content> {
        let plain = self.0.keyring.vault().open_row("sessions", token.as_bytes(), sealed);
        let content = plain.ok().and_then(|plain| serde_json::from_slice(&plain).ok());
        if content.is_none() {
            tracing::error!("a session does not open under the vault key: it counts as ended");
        }
        content
    }

    fn account_tag(&self, account: AccountId) -> [u8; 32] {
        self.0.keyring.vault().tag("sessions of an account", account.as_bytes())
    }

    fn session_tag(&self, id: SessionId) -> [u8; 32] {
        self.0.keyring.vault().tag("grants of a session", &id.0)
    }
}

impl Content {
    fn listed(self, current: bool) -> Listed {
        let Self { id, method, began, seen, device, .. } = self;
        Listed { id, method, began, seen, device, current }
    }
}

/// A session about to begin.
#[derive(Clone)]
pub struct Begin {
    token: Token,
    id: SessionId,
    method: Method,
    device: String,
    instead_of: Option<SignedIn>,
    auth_time: Timestamp,
    now: Timestamp,
}

impl Begin {
    pub(super) fn is_synced(&self) -> bool {
        self.method == Method::SyncedKey
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIn(…)")
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// At most one write a minute tells that a session is in use.
const TOUCH_EVERY: Duration = Duration::from_mins(1);
/// 32 bytes in base64url.
const TOKEN_CHARS: usize = 43;
const PADDING: usize = 512;
const MAX_DEVICE: usize = 40;
/// The row stays for more than an hour after it is of no use, so that the hour of its removal does not tell its age.
const KEPT_LONGER: Duration = Duration::from_hours(2);
