//! Which leaves an audit draws: among the tokens of the tree that it was committed to, in the order of the log.

use super::{Audit, Sampling, commitment};
use crate::{
    store::{StoreError, log},
    wire::tlog::{
        Hash,
        leaf::{Issuance, IssuanceLeaf, OwnerTag},
        sample::Seed,
    },
};

/// One leaf that is to be opened.
#[derive(Clone)]
pub(super) struct Drawn {
    /// In the order in which it was drawn.
    pub(super) place: u32,
    /// In the log.
    pub(super) index: u64,
    pub(super) owner: OwnerTag,
    pub(super) commitment: Hash,
}

impl Sampling {
    /// All that an audit draws; nothing before its nonce is known.
    pub(super) async fn drawn(&self, audit: &Audit) -> Result<Vec<Drawn>, StoreError> {
        let Some(nonce) = audit.nonce else { return Ok(Vec::new()) };
        let tokens = self.tokens(audit).await?;
        // The seed does not depend on the auditor's name.
        let seed = Seed::of(&commitment(audit, "-")?, &nonce);
        let places = seed.draw(audit.draws, tokens.len() as u64);
        let index = |place: u64| usize::try_from(place).ok().and_then(|place| tokens.get(place).copied());
        let indices: Vec<u64> = places.into_iter().filter_map(index).collect();
        let name = audit.log;
        let read = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let mut drawn = Vec::with_capacity(indices.len());
                for (place, index) in (0..).zip(indices) {
                    let leaf = log::leaves(tx, name, index, index + 1).await?.pop();
                    let leaf = leaf.and_then(|leaf| IssuanceLeaf::parse(&leaf).ok()).map(|leaf| leaf.facts);
                    let Some(Issuance::Issue(issue)) = leaf else {
                        return Err(StoreError::Corrupt("a token's leaf does not read"));
                    };
                    drawn.push(Drawn { place, index, owner: issue.owner, commitment: issue.commitment });
                }
                Ok(drawn)
            })
        });
        read.await
    }

    /// The indices of all tokens in the tree of an audit.
    async fn tokens(&self, audit: &Audit) -> Result<Vec<u64>, StoreError> {
        let (name, size, mut tokens) = (audit.log, audit.size, Vec::<u64>::new());
        loop {
            let from = tokens.last().map_or(0, |last| last + 1);
            let read = self
                .0
                .store
                .read::<_, StoreError, _>(move |tx| Box::pin(log::indices_of_tokens(tx, name, (from, size), PAGE)));
            let page = read.await?;
            let is_last = page.len() < PAGE as usize;
            tokens.extend(page);
            if is_last {
                return Ok(tokens);
            }
        }
    }
}

/// Indices of one read.
const PAGE: u32 = 8_192;
