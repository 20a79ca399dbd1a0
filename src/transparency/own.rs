//! The leaves that the logs write of themselves (`specs/log.md` §3): how they began, and where one of them ended.

use crate::{
    domain::{ambient::Timestamp, bracket, issuer::Issuer},
    keyring::Keyring,
    store::{Log, NewLeaf, Pending, Receipt, StoreError, log::Head},
    wire::{
        jose,
        tlog::leaf::{
            Anchor, BracketTable, Genesis, Hour, InvalidForm, LeafError, NamedKey, Policy, PublicKey, Registry,
            RegistryLeaf,
        },
    },
};

/// The published rules, as `genesis` and `config` say them: the table of brackets, and everything else by name.
pub fn policy<'s>(
    brackets: &bracket::BracketTable,
    settings: impl IntoIterator<Item = (&'s str, String)>,
) -> Result<Policy, InvalidForm> {
    let settings = settings.into_iter().map(|(name, value)| Ok((name.parse()?, value.parse()?)));
    Ok(Policy {
        brackets: BracketTable {
            version: brackets.version().parse()?,
            brackets: brackets.brackets().iter().map(|one| one.to_string().parse()).collect::<Result<_, _>>()?,
        },
        settings: settings.collect::<Result<_, _>>()?,
    })
}

/// The first leaf of the registry with this origin.
pub(super) fn genesis(
    issuer: &Issuer,
    origin: &str,
    policy: &Policy,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<NewLeaf, StoreError> {
    let keys = keyring.log();
    let log_keys = keys.signing(now).into_iter().map(|key| {
        let public = jose::PublicKey::ed25519(&key.public()).map_err(|_| unwritable("a log key"))?;
        NamedKey::new(PublicKey::Signature(public)).map_err(|_| unwritable("a log key"))
    });
    let vrf_key = NamedKey::new(PublicKey::Slot(keyring.vrf().public())).map_err(|_| unwritable("the vrf key"))?;
    let genesis = Genesis {
        issuer: issuer.as_str().parse().map_err(|_| unwritable("the issuer"))?,
        origin: origin.parse().map_err(|_| unwritable("the origin"))?,
        log_keys: log_keys.collect::<Result<_, _>>()?,
        vrf_key,
        policy: policy.clone(),
    };
    leaf(genesis, now)
}

/// What the registry says of the head of an issuance log.
pub(super) fn anchor(head: &Head, is_final: bool, now: Timestamp) -> Result<NewLeaf, StoreError> {
    let log = head.log.to_string().parse().map_err(|_| unwritable("the name of a log"))?;
    leaf(Anchor { log, size: head.size, root: head.root, is_final }, now)
}

/// A leaf that goes in front of what others log.
pub(super) fn pending(leaf: NewLeaf) -> Pending {
    Pending { log: Log::Registry, leaf, receipt: Receipt::default() }
}

fn leaf(facts: impl Into<Registry>, now: Timestamp) -> Result<NewLeaf, StoreError> {
    let leaf = RegistryLeaf::new(Hour::from_millis(now.0), facts);
    let bytes = leaf.to_bytes().map_err(|error: LeafError| unwritable(&error.to_string()))?;
    Ok(NewLeaf { bytes, token: None, owner: None })
}

fn unwritable(what: &str) -> StoreError {
    StoreError::Other(format!("a leaf of the logs themselves cannot be written: {what}"))
}
