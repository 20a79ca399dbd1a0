//! Signing in with a passphrase. Unknown, disabled and wrong are one answer, after the same work.

use zeroize::Zeroizing;

use super::{Account, Accounts, Error, LoginName, NewSession, Passphrase, SignedIn, audit::Act, session::Begin};
use crate::{
    domain::{authentication::Method, ids::AccountId},
    store::{StoreError, accounts as rows, throttles},
};

impl Accounts {
    /// Begins a session for whoever knows the passphrase of the account that `login` names.
    pub async fn sign_in_with_passphrase(
        &self,
        login: &str,
        passphrase: &str,
        device: &str,
        signed_in: Option<&SignedIn>,
    ) -> Result<NewSession, Error> {
        let mut actor = None;
        let outcome = self.try_passphrase(login, passphrase, device, signed_in, &mut actor).await;
        self.audit(Act::new("sign in", "passphrase"), actor, &outcome);
        outcome
    }

    /// The same; `actor` becomes the account that was meant, if there is one.
    async fn try_passphrase(
        &self,
        login: &str,
        passphrase: &str,
        device: &str,
        signed_in: Option<&SignedIn>,
        actor: &mut Option<AccountId>,
    ) -> Result<NewSession, Error> {
        let passphrase = Passphrase::presented(passphrase);
        let Ok(name) = login.parse::<LoginName>() else {
            // No account has such a name, whatever there is in the database: nothing is learnt from its being quicker by
            // the time of a count.
            self.0.hasher.verify(passphrase, None).await?;
            return Err(Error::SignIn);
        };
        let tag = self.passphrase_tag(name.as_str());
        self.attempt(tag).await?;
        let (account, sealed) = self.find_passphrase(name).await?;
        *actor = account.as_ref().map(|account| account.id);
        let hash = self.open_passphrase(account.as_ref(), sealed.as_deref());
        let fits = self.0.hasher.verify(passphrase, hash).await?;
        let (true, Some(account), Some(sealed)) = (fits, account, sealed) else {
            return Err(Error::SignIn);
        };
        let begin = self.begin(Method::Passphrase, device, signed_in);
        self.begin_with_passphrase(account.id, sealed, tag, begin).await
    }

    async fn find_passphrase(&self, name: LoginName) -> Result<(Option<Account>, Option<Vec<u8>>), StoreError> {
        let find = self.0.store.read(|tx| {
            Box::pin(async move {
                let account = rows::find_by_login(tx, name.as_str()).await?;
                let id = account.as_ref().map_or(NOBODY, |account| account.id);
                let sealed = rows::find_passphrase(tx, id).await?;
                Ok::<_, StoreError>((account, sealed))
            })
        });
        find.await
    }

    fn open_passphrase(&self, account: Option<&Account>, sealed: Option<&[u8]>) -> Option<Zeroizing<Vec<u8>>> {
        let id = account.map_or(NOBODY, |account| account.id);
        self.0.keyring.vault().open_row("passphrases", id.as_bytes(), sealed.unwrap_or_default()).ok()
    }

    async fn begin_with_passphrase(
        &self,
        id: AccountId,
        sealed: Vec<u8>,
        tag: [u8; 32],
        begin: Begin,
    ) -> Result<NewSession, Error> {
        let this = self.clone();
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let account = this.lock_enabled(tx, id).await?.ok_or(Error::SignIn)?;
                let unchanged = rows::find_passphrase(tx, id).await?.is_some_and(|now| now == sealed);
                if !unchanged || !this.allows_passphrase(account.holder) {
                    return Err(Error::SignIn);
                }
                throttles::clear(tx, &tag).await?;
                Ok(this.begin_session(tx, &account, &begin).await?)
            })
        });
        work.await
    }
}

/// An account that nobody has: looked up in place of one that is not there.
const NOBODY: AccountId = AccountId::from_bytes([0; 16]);
