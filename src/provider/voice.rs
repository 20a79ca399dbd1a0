//! Under which pseudonym somebody enters a forum: what was chosen on the page, looked up among what there is now.

use serde::{Deserialize, Serialize};

use super::{Provider, authorize::AuthorizationRequest};
use crate::{
    domain::{
        ids::{PersonId, PseudonymId, Sector},
        quality::Facts,
    },
    pseudonym::{Heteronym, NameChoice, PseudonymError, ShownName},
    store::Tx,
};

/// What was chosen. Nothing is written before the citizen has agreed to what the forum will learn.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Wish {
    Own(PseudonymId),
    /// One that was retired, under this name.
    Again(PseudonymId, NameChoice),
    /// One to be made, under this id: sent twice, it is the same.
    New(PseudonymId, NameChoice),
}

/// What becomes of it.
#[derive(Clone)]
pub(super) enum Voice {
    Own(Heteronym),
    Again(Heteronym, NameChoice),
    New(PseudonymId, NameChoice),
}

impl Wish {
    const fn id(&self) -> PseudonymId {
        match self {
            Self::Own(id) | Self::Again(id, _) | Self::New(id, _) => *id,
        }
    }

    pub(super) const fn name(&self) -> Option<&NameChoice> {
        match self {
            Self::Own(_) => None,
            Self::Again(_, shown) | Self::New(_, shown) => Some(shown),
        }
    }
}

impl Voice {
    pub(super) const fn id(&self) -> PseudonymId {
        match self {
            Self::Own(heteronym) | Self::Again(heteronym, _) => heteronym.id,
            Self::New(id, _) => *id,
        }
    }

    /// The name that the forum will show.
    pub(super) const fn shown(&self) -> &NameChoice {
        match self {
            Self::Own(heteronym) => &heteronym.shown,
            Self::Again(_, shown) | Self::New(_, shown) => shown,
        }
    }
}

impl Provider {
    /// The voice of a wish, or of the only one where the forum grants only one, or of whom a hint names. `None`: somebody
    /// has to choose. An error: what was wished for is not to be had any more.
    pub(super) fn voice(
        &self,
        wish: Option<&Wish>,
        request: &AuthorizationRequest,
        own: &[Heteronym],
        places: i64,
        facts: &Facts,
    ) -> Result<Option<Voice>, PseudonymError> {
        let named = |id: PseudonymId| own.iter().find(|own| own.id == id);
        let mut live = own.iter().filter(|heteronym| !heteronym.is_retired());
        let is_hinted = |own: &&Heteronym| self.fits_hint(request, own);
        let stale = |shown: &NameChoice| matches!(&shown.name, ShownName::Partial(name) if *name != facts.partial_name);
        if let Some(found) = wish.and_then(|wish| named(wish.id())).filter(|own| !own.is_retired()) {
            return Ok(Some(Voice::Own(found.clone())));
        }
        match wish {
            Some(Wish::Own(_)) => Err(PseudonymError::Unknown),
            Some(Wish::Again(_, shown) | Wish::New(_, shown)) if stale(shown) => Err(PseudonymError::Changed),
            Some(Wish::Again(id, shown)) => {
                let found = named(*id).ok_or(PseudonymError::Unknown)?;
                Ok(Some(Voice::Again(found.clone(), shown.clone())))
            }
            Some(Wish::New(id, shown)) if has_room(own, places) => Ok(Some(Voice::New(*id, shown.clone()))),
            Some(Wish::New(..)) => Err(PseudonymError::NoPlace),
            None if places == 1 && own.len() == 1 => Ok(live.next().cloned().map(Voice::Own)),
            None if request.hint.is_some() => Ok(live.find(is_hinted).cloned().map(Voice::Own)),
            None => Ok(None),
        }
    }

    /// Whether this is the one whom the request means, if it means any.
    pub(super) fn fits_hint(&self, request: &AuthorizationRequest, heteronym: &Heteronym) -> bool {
        let Some(hint) = request.hint.as_deref() else { return true };
        self.pseudonyms.subject(heteronym).is_some_and(|subject| subject.is(hint))
    }

    /// Refuses a name that somebody has already, before anything is shown under it.
    pub(super) async fn check_free(
        &self,
        shown: &NameChoice,
        sector: &Sector,
        own: Option<PseudonymId>,
    ) -> Result<(), PseudonymError> {
        let ShownName::Chosen(name) = &shown.name else { return Ok(()) };
        if self.pseudonyms.is_free(name, sector, own).await? { Ok(()) } else { Err(PseudonymError::NameTaken) }
    }

    /// Writes a voice that is not there yet, in the transaction that records the consent to it.
    pub(super) async fn take_up(
        &self,
        tx: &mut Tx,
        voice: &Voice,
        person: PersonId,
        sector: &Sector,
    ) -> Result<(), PseudonymError> {
        match voice {
            Voice::Own(_) => Ok(()),
            Voice::Again(heteronym, shown) => self.pseudonyms.revive(tx, heteronym, shown).await,
            Voice::New(id, shown) => self.pseudonyms.create(tx, *id, person, sector, shown).await,
        }
    }
}

/// Whether the sector grants one more than these.
pub(super) fn has_room(own: &[Heteronym], places: i64) -> bool {
    i64::try_from(own.len()).is_ok_and(|used| used < places)
}
