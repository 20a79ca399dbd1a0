//! Opening what was drawn: in the background, from where it stopped, on whichever node comes first.
//!
//! A leaf is done with when it has its row, which one transaction writes together with the `access` leaf of its person: whoever
//! comes second, after a crash or on another node, finds the row and writes neither. When all have one, the file is whole, and its
//! hash goes into the registry; nothing changes a row meanwhile.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use super::{
    Audit, Opened, Sampling,
    draw::Drawn,
    find::Found,
    say,
    values::{Enrolled, Search},
};
use crate::{
    domain::{ids::PersonId, quality::Facts},
    keyring::padded_json,
    store::{
        StoreError, Tx,
        audits::{self, Opening},
        log, log_secrets, persons,
    },
    wire::tlog::{
        Hash,
        leaf::{AuditId, AuditOpenings, Issuance, IssuanceLeaf, OwnerTag},
        sample::{self, Openings},
    },
};

/// What the person of a drawn leaf is known by.
struct Record {
    found: Found,
    facts: Facts,
    enrolments: Vec<Enrolled>,
}

/// A row to write, and whose leaf it opens.
struct Ready {
    row: Opening,
    person: Option<PersonId>,
}

impl Sampling {
    /// Opens what waits for it, without anybody having to wait.
    pub fn start(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(error) = this.open(usize::MAX).await {
                tracing::warn!(%error, "what an audit has drawn is not opened yet");
            }
        });
    }

    /// Opens what waits for it, at most so many batches; how many leaves that were. While this node does so already, it is left
    /// to that.
    pub async fn open(&self, mut batches: usize) -> Result<u64, StoreError> {
        let Ok(_working) = self.0.working.try_lock() else { return Ok(0) };
        let waiting = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(audits::to_open(tx))).await?;
        let (mut opened, mut failed) = (0, None);
        for audit in waiting {
            // One that cannot be opened keeps nobody else waiting.
            match self.open_one(&audit, &mut batches).await {
                Ok(leaves) => opened += leaves,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(opened), Err)
    }

    async fn open_one(&self, audit: &Audit, batches: &mut usize) -> Result<u64, StoreError> {
        let id = audit.id;
        let all = self.drawn(audit).await?;
        let done = self.0.store.read::<_, StoreError, _>(move |tx| Box::pin(audits::places(tx, id))).await?;
        let done: HashSet<u32> = done.into_iter().collect();
        let left: Vec<&Drawn> = all.iter().filter(|drawn| !done.contains(&drawn.place)).collect();
        let people = self.people(left.iter().map(|drawn| drawn.owner).collect()).await?;
        let mut opened = 0;
        for batch in left.chunks(BATCH) {
            if *batches == 0 {
                return Ok(opened);
            }
            *batches -= 1;
            let ready = self.ready(id, batch, &people).await?;
            opened += self.keep(id, ready).await?;
        }
        self.finish(id, all.len()).await?;
        Ok(opened)
    }

    /// Finds the values of a batch, and seals them.
    async fn ready(
        &self,
        id: AuditId,
        batch: &[&Drawn],
        people: &HashMap<OwnerTag, Found>,
    ) -> Result<Vec<Ready>, StoreError> {
        let mut records = Vec::with_capacity(batch.len());
        for drawn in batch {
            let record = match people.get(&drawn.owner) {
                Some(found) => self.record(found.clone()).await?,
                None => None,
            };
            records.push(((*drawn).clone(), record));
        }
        let this = self.clone();
        let searched = spawn_blocking(move || {
            let ready = records.into_iter().map(|(drawn, record)| this.sealed(id, &drawn, record));
            ready.collect::<Vec<_>>()
        });
        searched.await.map_err(|_| StoreError::Unavailable("shutting down"))
    }

    fn sealed(&self, id: AuditId, drawn: &Drawn, record: Option<Record>) -> Ready {
        let opened = record.as_ref().and_then(|Record { found, facts, enrolments }| {
            let search = Search { attributes: &self.0.attributes, owner: &found.owner, facts, enrolments };
            search.open(drawn.owner, drawn.commitment)
        });
        if record.is_some() && opened.is_none() {
            tracing::error!("a leaf that was drawn is bound to nothing that its person can have: it is withheld");
        }
        let sealed = opened.map(|opened| {
            let plain = padded_json(&opened, PADDED);
            self.0.keyring.vault().seal_row(TABLE, &row(id, drawn.place), &plain, &mut self.0.ambient.rng())
        });
        let person = record.map(|record| record.found.person);
        Ready { row: Opening { place: drawn.place, leaf: drawn.index, sealed }, person }
    }

    /// What is known of a person: the row, and every enrolment.
    async fn record(&self, found: Found) -> Result<Option<Record>, StoreError> {
        let person = found.person;
        let key = found.owner.secret().person();
        let read = self.0.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let Some(row) = persons::find(tx, person).await? else { return Ok(None) };
                let mut enrolments = Vec::new();
                for number in 0..found.leaves {
                    enrolments.extend(enrolled(tx, key.tag(number)).await?);
                }
                Ok(Some((row.facts, found, enrolments)))
            })
        });
        let Some((facts, found, enrolments)) = read.await? else { return Ok(None) };
        let facts = self.0.attributes.open_facts(person, &facts)?;
        Ok(Some(Record { found, facts, enrolments }))
    }

    /// Keeps what nobody has kept before, each with the leaf that tells its person; how many that were.
    async fn keep(&self, id: AuditId, ready: Vec<Ready>) -> Result<u64, StoreError> {
        let (owners, ready) = (self.0.owners.clone(), Arc::new(ready));
        let kept = self.0.store.write_logged::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let mut kept = 0;
                for Ready { row, person } in &*ready {
                    // Erased since it was found, the person is opened no more.
                    let there = match person {
                        Some(person) => log_secrets::find(tx, *person).await?.is_some(),
                        None => false,
                    };
                    let row = Opening { sealed: row.sealed.clone().filter(|_| there), ..row.clone() };
                    if !audits::insert_opening(tx, id, &row).await? {
                        continue;
                    }
                    kept += 1;
                    if let (Some(person), Some(_)) = (person, &row.sealed) {
                        owners.access(tx, *person, "audit", "auditor").await?;
                    }
                }
                Ok(kept)
            })
        });
        kept.await
    }

    /// Says in the registry that all is opened, once, if all is.
    async fn finish(&self, id: AuditId, drawn: usize) -> Result<(), StoreError> {
        let rows = self.0.store.read::<_, StoreError, _>(move |tx| Box::pin(audits::openings(tx, id))).await?;
        if rows.len() != drawn {
            return Ok(());
        }
        let file = self.assembled(id, &rows)?;
        let count = |opened: bool| file.drawn.iter().filter(|one| one.opened.is_some() == opened).count();
        let small =
            |count: usize| u32::try_from(count).map_err(|_| StoreError::Corrupt("more was opened than is drawn"));
        let now = self.now();
        let opened = Opened {
            hash: Hash::from_bytes(Sha256::digest(file.to_bytes()).into()),
            opened: small(count(true))?,
            withheld: small(count(false))?,
            on: now,
        };
        let said = self.0.store.write_logged::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                if audits::open(tx, id, &opened).await? {
                    let Opened { hash: openings, opened, withheld, .. } = opened;
                    say(tx, now, AuditOpenings { audit: id, opened, withheld, openings })?;
                }
                Ok(())
            })
        });
        said.await
    }

    /// The file that the auditor gets, from its rows.
    pub(super) fn assembled(&self, id: AuditId, rows: &[Opening]) -> Result<Openings, StoreError> {
        let vault = self.0.keyring.vault();
        let drawn = rows.iter().map(|opening| {
            let opened = opening.sealed.as_ref().map(|sealed| {
                let plain = vault.open_row(TABLE, &row(id, opening.place), sealed).map_err(|_| UNREADABLE)?;
                serde_json::from_slice(&plain).map_err(|_| UNREADABLE)
            });
            Ok(sample::Drawn { index: opening.leaf, opened: opened.transpose()? })
        });
        Ok(Openings { v: 1, audit: id, drawn: drawn.collect::<Result<_, StoreError>>()? })
    }
}

/// The leaf with this tag, if it is an enrolment.
async fn enrolled(tx: &mut Tx, owner: OwnerTag) -> Result<Option<Enrolled>, StoreError> {
    let Some(entry) = log::by_owner(tx, owner.as_bytes()).await? else { return Ok(None) };
    let leaf = IssuanceLeaf::parse(&entry.leaf).map_err(|_| StoreError::Corrupt("a leaf of a log does not read"))?;
    let Issuance::Enrol(enrol) = leaf.facts else { return Ok(None) };
    let log = entry.log.to_string().parse().map_err(|_| StoreError::Corrupt("the name of a log"))?;
    Ok(Some(Enrolled { log, index: entry.index, owner, commitment: enrol.commitment }))
}

/// What a sealed row is bound to.
fn row(id: AuditId, place: u32) -> Vec<u8> {
    [id.as_bytes().as_slice(), &place.to_be_bytes()].concat()
}

const TABLE: &str = "audit_openings";
/// Rows are of one length, whatever a field holds.
const PADDED: usize = 2_048;
/// Small enough that the transaction holds nobody up.
const BATCH: usize = 50;
const UNREADABLE: StoreError = StoreError::Corrupt("what was opened for an auditor does not open");
