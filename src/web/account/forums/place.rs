//! A person's places: each pseudonym with what was agreed under it.

use std::{cmp::Reverse, sync::Arc};

use super::State;
use crate::{
    clients::Client,
    consent::Consent,
    domain::{ambient::Timestamp, ids::PersonId},
    http::Problem,
    pseudonym::Heteronym,
    web::store_problem,
};

/// One pseudonym, and every consent given under it, the latest first.
pub(super) struct Place {
    pub(super) heteronym: Heteronym,
    pub(super) consents: Vec<Consent>,
}

/// One forum that knows the pseudonym of a place, and what was agreed with it. Forums of one sector share the pseudonym.
pub(super) struct Forum<'a> {
    pub(super) client: Arc<Client>,
    pub(super) consents: Vec<&'a Consent>,
}

/// How things stand between a person and a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// A forum may ask for something.
    Live,
    /// What was agreed to was withdrawn.
    Withdrawn,
    /// The pseudonym was given up.
    Left,
}

/// All places of a person: those where something may be asked for first, then the latest first.
pub(super) async fn all(state: &State, person: PersonId) -> Result<Vec<Place>, Problem> {
    let own = state.pseudonyms.of_person(person).await.map_err(store_problem)?;
    let mut rest = state.consents.of_person(person).await.map_err(store_problem)?;
    rest.sort_by_key(|consent| Reverse(consent.agreement.at));
    let mut places = Vec::with_capacity(own.len());
    for heteronym in own {
        let (consents, others) = rest.into_iter().partition(|consent: &Consent| consent.pseudonym == heteronym.id);
        rest = others;
        places.push(Place { heteronym, consents });
    }
    places.sort_by_key(|place| (place.status(), Reverse(place.latest())));
    Ok(places)
}

/// The place of this id, if it is the person's; a text that is no id is unknown like any other.
pub(super) async fn own(state: &State, person: PersonId, id: &str) -> Result<Place, Problem> {
    let mut places = all(state, person).await?.into_iter();
    places.find(|place| place.heteronym.id.encode() == id).ok_or_else(Problem::not_found)
}

impl Place {
    pub(super) fn status(&self) -> Status {
        if self.heteronym.is_retired() {
            Status::Left
        } else if self.consents.iter().any(|consent| consent.withdrawn_on.is_none()) {
            Status::Live
        } else {
            Status::Withdrawn
        }
    }

    /// The forums that got something, in the order in which they last did: without one there is no pseudonym.
    pub(super) async fn forums(&self, state: &State) -> Result<Vec<Forum<'_>>, Problem> {
        let mut forums: Vec<Forum<'_>> = Vec::new();
        for consent in &self.consents {
            if let Some(known) = forums.iter_mut().find(|forum| forum.client.id == consent.client) {
                known.consents.push(consent);
            } else if let Some(client) = state.clients.find(&consent.client).await.map_err(store_problem)? {
                forums.push(Forum { client, consents: vec![consent] });
            }
        }
        Ok(forums)
    }

    fn latest(&self) -> Timestamp {
        self.consents.first().map_or(self.heteronym.created_on, |consent| consent.agreement.at)
    }
}

impl Forum<'_> {
    pub(super) fn name(&self) -> &str {
        &self.client.metadata.client_name
    }
}

/// The names of forums in one line.
pub(super) fn names(forums: &[Forum<'_>]) -> String {
    forums.iter().map(Forum::name).collect::<Vec<_>>().join(", ")
}

impl Status {
    /// After `forums-status-`, and in the class of its badge.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Withdrawn => "withdrawn",
            Self::Left => "left",
        }
    }
}
