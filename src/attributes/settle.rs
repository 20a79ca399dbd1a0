//! Forgetting what has served its time: the day of majority once it has come, roles once they have expired.
//!
//! Nobody is told anything else afterwards, so a row keeps its version and its time of change: a time in the clear that
//! followed an eighteenth birthday would give it away to whoever reads the table.

use tokio::task::spawn_blocking;

use super::{Attributes, open_facts, seal_facts};
use crate::{
    domain::ids::PersonId,
    store::{StoreError, persons},
};

/// One batch of rows that were looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// How many rows were written anew.
    pub rows: u64,
    /// Where the next batch begins; None when this was the last.
    pub next: Option<PersonId>,
}

impl Attributes {
    /// Looks through one batch of people, from the first or from where the batch before ended. Rows under an old
    /// version of the vault key are brought under the present one. Done twice, the second time changes nothing.
    pub async fn settle(&self, after: Option<PersonId>) -> Result<Settled, StoreError> {
        let after = after.unwrap_or(persons::FIRST);
        let page = self
            .0
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { persons::page(tx, after, BATCH).await }));
        let page = page.await?;
        let next = (page.len() == BATCH as usize).then(|| page.last().map(|row| row.id)).flatten();
        let attributes = self.clone();
        let due = spawn_blocking(move || page.into_iter().filter_map(|row| attributes.settled(&row)).collect());
        let due: Vec<(PersonId, i64, Vec<u8>)> = due.await.map_err(|_| StoreError::Unavailable("shutting down"))?;
        if due.is_empty() {
            return Ok(Settled { rows: 0, next });
        }
        let written = self.0.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let mut rows = 0;
                for (person, version, facts) in &due {
                    // Whoever changed the row meanwhile has the say; the next round comes.
                    rows += u64::from(persons::reseal(tx, *person, *version, facts).await?);
                }
                Ok(rows)
            })
        });
        Ok(Settled { rows: written.await?, next })
    }

    /// The row as it should be; None when it is so already, or does not open.
    fn settled(&self, row: &persons::FactsRow) -> Option<(PersonId, i64, Vec<u8>)> {
        let vault = self.0.keyring.vault();
        let Ok(facts) = open_facts(&vault, row.id, &row.facts) else {
            tracing::error!("a person's facts do not open: they are left as they are");
            return None;
        };
        let settled = facts.clone().settled(self.today());
        let sealed = || seal_facts(&vault, row.id, &settled, &mut self.0.ambient.rng());
        (settled != facts || !vault.is_current(&row.facts)).then(|| (row.id, row.version, sealed()))
    }
}

/// Small enough that the transaction holds nobody up.
const BATCH: u32 = 500;

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        attributes::tests::{OFFICE, World, at, facts},
        domain::quality::{Role, RoleKind},
        store::persons::Person,
    };

    async fn settle_all(attributes: &Attributes) -> u64 {
        let (mut rows, mut next) = (0, None);
        loop {
            let settled = attributes.settle(next).await.unwrap();
            rows += settled.rows;
            next = settled.next;
            if next.is_none() {
                return rows;
            }
        }
    }

    fn trace(row: &Person) -> (i64, i64, usize) {
        (row.version, row.changed_at.0, row.facts.len())
    }

    #[tokio::test]
    async fn the_day_of_majority_is_forgotten_on_that_day_and_leaves_no_trace_in_the_clear() {
        let mut world = World::new("2026-05-16T21:59:59Z").await;
        let minor = world.enrol(&facts(r#"{"y":2008,"m":[2026,5,17]}"#, "cog:38563")).await;
        let younger = world.enrol(&facts(r#"{"y":2009,"m":[2027,5,17]}"#, "cog:38563")).await;
        assert_eq!(settle_all(&world.attributes).await, 0);
        let before = world.row(minor).await;
        world.clock.set(at("2026-05-16T22:00:00Z"));
        assert_eq!(settle_all(&world.attributes).await, 1);
        assert_eq!(settle_all(&world.attributes).await, 0);
        let after = world.row(minor).await;
        assert!(after.facts != before.facts && trace(&after) == trace(&before));
        let known = world.attributes.facts(minor).await.unwrap().unwrap();
        assert!(known.birth.majority_on().is_none() && known.birth.over_18(date(2026, 5, 17)));
        let known = world.attributes.facts(younger).await.unwrap().unwrap();
        assert_eq!(known.birth.majority_on(), Some(date(2027, 5, 17)));
    }

    #[tokio::test]
    async fn a_role_that_expired_is_forgotten_and_the_others_stay() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let mut known = facts(r#"{"y":1990}"#, "cog:38563");
        known.grant(Role { kind: RoleKind::Agent, authority: OFFICE, until: date(2026, 3, 1) });
        known.grant(Role { kind: RoleKind::Elected, authority: OFFICE, until: date(2026, 3, 2) });
        let person = world.enrol(&known).await;
        assert_eq!(settle_all(&world.attributes).await, 0);
        world.clock.set(at("2026-03-01T23:00:00Z"));
        assert_eq!(settle_all(&world.attributes).await, 1);
        let known = world.attributes.facts(person).await.unwrap().unwrap();
        assert_eq!(known.roles.iter().map(|role| role.kind).collect::<Vec<_>>(), [RoleKind::Elected]);
    }

    #[tokio::test]
    async fn everybody_is_reached_batch_by_batch_and_a_broken_row_is_passed_over() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let mut known = facts(r#"{"y":1990}"#, "cog:38563");
        known.grant(Role { kind: RoleKind::Agent, authority: OFFICE, until: date(2026, 2, 1) });
        let mut people = Vec::new();
        for _ in 0..BATCH {
            people.push(world.enrol(&known).await);
        }
        let broken = world.enrol(&known).await;
        world.change(broken, |row| row.facts = b"broken".to_vec()).await;
        let first = world.attributes.settle(None).await.unwrap();
        assert!(first.next.is_some());
        assert_eq!(first.rows + settle_all(&world.attributes).await, u64::from(BATCH));
        assert_eq!(world.row(broken).await.facts, b"broken");
        known.roles.clear();
        for person in people {
            assert!(world.attributes.facts(person).await.unwrap().as_ref() == Some(&known));
        }
    }

    #[tokio::test]
    async fn a_row_that_was_changed_meanwhile_is_left_to_who_changed_it() {
        let mut world = World::new("2026-03-01T12:00:00Z").await;
        let person = world.enrol(&facts(r#"{"y":1990}"#, "cog:38563")).await;
        let changed: Result<_, StoreError> =
            world.store.write(move |tx| Box::pin(async move { persons::reseal(tx, person, 7, b"stale").await })).await;
        assert!(!changed.unwrap());
        assert!(world.row(person).await.facts != b"stale");
    }
}
