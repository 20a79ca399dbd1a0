//! Whose a leaf is. The service keeps no list of that: it works out the tags of everybody, and keeps those that were drawn.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::task::spawn_blocking;

use super::Sampling;
use crate::{
    domain::ids::PersonId,
    store::{
        StoreError,
        log_secrets::{self, Holder, Voiced},
        persons,
    },
    transparency::Owner,
    wire::tlog::leaf::OwnerTag,
};

/// A person of whom a token was drawn.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) person: PersonId,
    pub(super) owner: Arc<Owner>,
    /// How many leaves there are under the person's own key.
    pub(super) leaves: u64,
}

impl Sampling {
    /// The people behind tags of tokens, as far as they have their secret. Everybody is gone through, a page at a time.
    pub(super) async fn people(&self, wanted: HashSet<OwnerTag>) -> Result<HashMap<OwnerTag, Found>, StoreError> {
        let (mut found, mut after, wanted) = (HashMap::new(), persons::FIRST, Arc::new(wanted));
        while found.len() < wanted.len() {
            let read = self.0.store.read::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let holders = log_secrets::page(tx, after, PAGE).await?;
                    let Some(last) = holders.last().map(|holder| holder.person) else { return Ok(None) };
                    Ok(Some((log_secrets::voiced(tx, after, last).await?, holders, last)))
                })
            });
            let Some((voiced, holders, last)) = read.await? else { break };
            let (this, tags) = (self.clone(), Arc::clone(&wanted));
            let searched = spawn_blocking(move || this.search(&holders, &voiced, &tags)).await;
            found.extend(searched.map_err(|_| StoreError::Unavailable("shutting down"))??);
            after = last;
        }
        Ok(found)
    }

    fn search(
        &self,
        holders: &[Holder],
        voiced: &[Voiced],
        wanted: &HashSet<OwnerTag>,
    ) -> Result<Vec<(OwnerTag, Found)>, StoreError> {
        let mut found = Vec::new();
        for Holder { person, secret, leaves } in holders {
            let mut own = voiced.iter().filter(|voice| voice.person == *person).peekable();
            if own.peek().is_none() {
                continue;
            }
            let owner = Arc::new(self.0.owners.open(*person, secret)?);
            for voice in own {
                let key = owner.secret().pseudonym(voice.sector.as_str(), voice.slot, voice.generation);
                let tags = (0..voice.leaves).map(|number| key.tag(number)).filter(|tag| wanted.contains(tag));
                found.extend(
                    tags.map(|tag| (tag, Found { person: *person, owner: Arc::clone(&owner), leaves: *leaves })),
                );
            }
        }
        Ok(found)
    }
}

/// People of one read.
const PAGE: u32 = 256;
