//! Members: one row per `sub`, renewed at each sign-in, gone when the person leaves.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Store, StoreError, log::take_owner};
use crate::forum::{
    ambient::day,
    claims::{Audience, Qualities},
    log::{Logged, Unlogged},
};

/// A member of this forum.
#[derive(Clone, Debug)]
pub(in crate::forum) struct Member {
    /// This forum's own number for the member; means nothing elsewhere.
    pub(in crate::forum) id: i64,
    pub(in crate::forum) sub: String,
    pub(in crate::forum) of: Qualities,
    pub(in crate::forum) joined_on: i64,
    pub(in crate::forum) signed_in_on: i64,
    pub(in crate::forum) moderator_since: Option<i64>,
}

/// A message the member has written.
#[derive(Clone, Debug, FromRow)]
pub(in crate::forum) struct Written {
    pub(in crate::forum) id: i64,
    pub(in crate::forum) topic: i64,
    pub(in crate::forum) title: String,
    pub(in crate::forum) body: String,
    pub(in crate::forum) created_at: i64,
}

/// A poll in which the member has voted; what was chosen is not known.
#[derive(Clone, Debug)]
pub(in crate::forum) struct Voted {
    pub(in crate::forum) topic: i64,
    pub(in crate::forum) question: String,
}

impl Store {
    /// Takes what the provider says at a sign-in, and gives the member's number.
    pub(in crate::forum) async fn welcome(&self, sub: &str, of: &Qualities, now: i64) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let id = welcome(&mut tx, sub, of, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The same for a token that stands in the log, or why its owner is not that of this `sub`.
    pub(in crate::forum) async fn welcome_logged(
        &self,
        sub: &str,
        of: &Qualities,
        logged: &Logged,
        now: i64,
    ) -> Result<Result<i64, Unlogged>, StoreError> {
        let mut tx = self.begin().await?;
        let id = welcome(&mut tx, sub, of, now).await?;
        if let Err(unlogged) = take_owner(&mut tx, id, logged).await? {
            return Ok(Err(unlogged));
        }
        tx.commit().await?;
        Ok(Ok(id))
    }

    pub(in crate::forum) async fn member(&self, id: i64) -> Result<Option<Member>, StoreError> {
        let row: Option<MemberRow> = sqlx::query_as(MEMBER).bind(id).fetch_optional(&self.readers).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Takes the membership away with its sessions. What was written stays, as "a former member"'s; a ban and the
    /// voices given stay too, as hashes.
    pub(in crate::forum) async fn leave(&self, id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(LEAVE).bind(id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Everything the member wrote, the oldest first.
    pub(in crate::forum) async fn written_by(&self, id: i64) -> Result<Vec<Written>, StoreError> {
        Ok(sqlx::query_as(WRITTEN).bind(id).fetch_all(&self.readers).await?)
    }

    /// The polls in which this `sub` has voted.
    pub(in crate::forum) async fn voted_by(&self, sub: &str) -> Result<Vec<Voted>, StoreError> {
        let polls: Vec<(i64, i64, String)> = sqlx::query_as(POLLS).fetch_all(&self.readers).await?;
        let mut voted = Vec::new();
        for (poll, topic, question) in polls {
            if self.has_voted(poll, sub).await? {
                voted.push(Voted { topic, question });
            }
        }
        Ok(voted)
    }

    /// Those of these numbers that are members, by number.
    pub(in crate::forum) async fn members(&self, ids: &BTreeSet<i64>) -> Result<BTreeMap<i64, Member>, StoreError> {
        let rows: Vec<MemberRow> =
            sqlx::query_as(MEMBERS).bind(serde_json::to_string(ids)?).fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| Ok((row.id, row.try_into()?))).collect()
    }

    /// Makes the member the first moderator; `false` when there is one already.
    pub(in crate::forum) async fn claim_moderation(&self, id: i64, now: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(CLAIM).bind(day(now)).bind(id).execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok(done == 1)
    }

    pub(in crate::forum) async fn has_members(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(HAS_MEMBERS).fetch_one(&self.readers).await?)
    }

    pub(in crate::forum) async fn has_moderator(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(HAS_MODERATOR).fetch_one(&self.readers).await?)
    }
}

/// The columns of `members`.
#[derive(FromRow)]
pub(super) struct MemberRow {
    id: i64,
    sub: String,
    name: String,
    name_assurance: Option<String>,
    name_audience: String,
    indexable: bool,
    age_bracket: Option<String>,
    age_over_18: Option<bool>,
    residence: Option<String>,
    residence_label: Option<String>,
    sex: Option<String>,
    roles: String,
    claim_groups: String,
    heteronyms_per_person: Option<i64>,
    claims_as_of: Option<i64>,
    joined_on: i64,
    signed_in_on: i64,
    moderator_since: Option<i64>,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            sub: row.sub,
            of: Qualities {
                name: row.name,
                name_assurance: row.name_assurance,
                audience: Audience::read(&row.name_audience),
                indexable: row.indexable,
                age_bracket: row.age_bracket,
                age_over_18: row.age_over_18,
                residence: row.residence,
                residence_label: row.residence_label,
                sex: row.sex,
                roles: serde_json::from_str(&row.roles)?,
                groups: serde_json::from_str(&row.claim_groups)?,
                heteronyms_per_person: row.heteronyms_per_person,
                claims_as_of: row.claims_as_of,
            },
            joined_on: row.joined_on,
            signed_in_on: row.signed_in_on,
            moderator_since: row.moderator_since,
        })
    }
}

/// Writes the row of a member, new or renewed.
async fn welcome(
    tx: &mut Transaction<'static, Sqlite>,
    sub: &str,
    of: &Qualities,
    now: i64,
) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar(WELCOME)
        .bind(sub)
        .bind(&of.name)
        .bind(&of.name_assurance)
        .bind(of.audience.as_str())
        .bind(of.indexable)
        .bind(&of.age_bracket)
        .bind(of.age_over_18)
        .bind(&of.residence)
        .bind(&of.residence_label)
        .bind(&of.sex)
        .bind(serde_json::to_string(&of.roles)?)
        .bind(serde_json::to_string(&of.groups)?)
        .bind(of.heteronyms_per_person)
        .bind(of.claims_as_of)
        .bind(day(now))
        .fetch_one(&mut **tx)
        .await?;
    Ok(id)
}

const WELCOME: &str = "INSERT INTO members (sub, name, name_assurance, name_audience, indexable, age_bracket, age_over_18,
        residence, residence_label, sex, roles, claim_groups, heteronyms_per_person, claims_as_of, joined_on, signed_in_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
    ON CONFLICT (sub) DO UPDATE SET name = excluded.name, name_assurance = excluded.name_assurance,
        name_audience = excluded.name_audience, indexable = excluded.indexable, age_bracket = excluded.age_bracket,
        age_over_18 = excluded.age_over_18, residence = excluded.residence, residence_label = excluded.residence_label,
        sex = excluded.sex, roles = excluded.roles, claim_groups = excluded.claim_groups,
        heteronyms_per_person = excluded.heteronyms_per_person, claims_as_of = excluded.claims_as_of,
        signed_in_on = excluded.signed_in_on
    RETURNING id";
const MEMBER: &str = "SELECT * FROM members WHERE id = $1";
const LEAVE: &str = "DELETE FROM members WHERE id = $1";
const WRITTEN: &str = "SELECT p.id, p.topic, t.title, p.body, p.created_at FROM posts p JOIN topics t ON t.id = p.topic
    WHERE p.author = $1 ORDER BY p.id";
const POLLS: &str = "SELECT id, topic, question FROM polls ORDER BY id";
const MEMBERS: &str = "SELECT * FROM members WHERE id IN (SELECT value FROM json_each($1))";
const CLAIM: &str = "UPDATE members SET moderator_since = $1
    WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM members WHERE moderator_since IS NOT NULL)";
const HAS_MEMBERS: &str = "SELECT EXISTS (SELECT 1 FROM members)";
const HAS_MODERATOR: &str = "SELECT EXISTS (SELECT 1 FROM members WHERE moderator_since IS NOT NULL)";
