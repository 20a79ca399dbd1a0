//! What happens between a request and its answer: sign in, choose a pseudonym, consent, and the code.
//!
//! The request travels in an [`Interaction`], sealed and bound to the browser: no step is remembered on the server, and
//! every step begins anew at the first thing that is missing, so none can be skipped. What was settled on the way travels
//! with it and is of one person; nothing of it is written before that person agrees to what was shown.
//!
//! At most one grant comes of an interaction. Its id is in it from the beginning, so every code of it, after a reload or a
//! double click, is the same grant; once a code has been redeemed the interaction is over, and what the browser keeps in
//! its history gives no further code and passes for no further sign-in.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Authentication, Provider,
    authorize::{Answer, AuthorizationRequest, PageError},
    voice::{Voice, Wish, has_room},
};
use crate::{
    attributes,
    clients::Client,
    consent::{Agreement, Consent, Missing, Request},
    domain::{
        ambient::Timestamp,
        area::Level,
        claim::{Qualities, Quality},
        ids::{GrantId, PersonId, PseudonymId},
        quality::Facts,
    },
    pseudonym::{Heteronym, NameChoice, PseudonymError},
    store::{StoreError, grants},
    wire::oauth::{AuthorizationResponse, ErrorCode, Prompt},
};

/// A sign-in under way.
#[derive(Clone, Serialize, Deserialize)]
pub struct Interaction {
    pub request: AuthorizationRequest,
    pub started: Timestamp,
    /// The one grant that can come of it.
    pub(super) grant: GrantId,
    /// The request was pushed: its answer is written down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pushed: bool,
    settled: Option<Settled>,
}

/// What one person has settled on the pages so far. Whoever signs in next at the same browser begins anew.
#[derive(Clone, Serialize, Deserialize)]
struct Settled {
    person: PersonId,
    wish: Option<Wish>,
    /// Stands for everything that the page of consent showed.
    shown: Option<String>,
    /// Agreed at the page of consent, which `prompt=consent` asks for in any case.
    consented: bool,
}

/// What has to happen next.
pub enum Step {
    /// The browser goes back to the client.
    Answer(Answer),
    SignIn(Box<Pending>),
    Choose(Box<Choice>),
    Consent(Box<Question>),
}

/// Where a sign-in under way leads, as it is shown before anybody has signed in.
pub struct Destination {
    pub client: Arc<Client>,
    /// Host and port of the redirect URI.
    pub host: String,
    pub ui_locales: Option<String>,
}

/// A step that waits for the citizen.
pub struct Pending {
    /// The sealed [`Interaction`], for the form.
    pub sealed: String,
    pub interaction: Interaction,
    pub client: Arc<Client>,
}

/// Which pseudonym is it to be?
pub struct Choice {
    pub pending: Pending,
    /// Retired ones can be taken up again.
    pub own: Vec<Heteronym>,
    /// There is a place for another.
    pub another: bool,
    pub facts: Facts,
    /// What was chosen, and why it is not to be had.
    pub refused: Option<(PseudonymError, Option<NameChoice>)>,
}

/// May this be told?
pub struct Question {
    pub pending: Pending,
    /// The name that the forum will show.
    pub name: NameChoice,
    pub request: Request,
    /// The values, with the residence at the level asked for.
    pub present: Qualities,
    pub facts: Facts,
    /// The consent before, when it is asked again.
    pub before: Option<Agreement>,
    /// What was just agreed to, while something that the page had shown was changed elsewhere.
    pub overtaken: Option<Decision>,
    voice: Voice,
}

/// What the citizen agreed to on the page of consent.
#[derive(Clone, Debug)]
pub struct Decision {
    pub agreed: BTreeSet<Quality>,
    pub residence_level: Level,
}

/// Why a step could not be taken. Some have their place on the page itself.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Pseudonym(#[from] PseudonymError),
    #[error(transparent)]
    Consent(#[from] Missing),
}

/// A sign-in under way of which it is known under which pseudonym.
struct Named {
    interaction: Interaction,
    settled: Settled,
    client: Arc<Client>,
    facts: Facts,
    voice: Voice,
}

impl Provider {
    /// Goes on with a sign-in under way: at the first thing that is still missing.
    pub async fn resume(
        &self,
        sealed: &str,
        browser: &[u8],
        signed_in: Option<&Authentication>,
    ) -> Result<Step, PageError> {
        let (interaction, client) = self.open(sealed, browser).await?;
        self.next(interaction, client, browser, signed_in).await
    }

    /// Where a sign-in under way leads, for the browser that it is bound to; nowhere, when it is over.
    pub async fn destination(&self, sealed: &str, browser: &[u8]) -> Option<Destination> {
        let (Interaction { request, .. }, client) = self.open(sealed, browser).await.ok()?;
        Some(Destination { client, host: request.redirect.authority().to_owned(), ui_locales: request.ui_locales })
    }

    /// The citizen takes one of their pseudonyms, a retired one under the name given with it.
    pub async fn choose(
        &self,
        sealed: &str,
        browser: &[u8],
        signed_in: &Authentication,
        pseudonym: PseudonymId,
        revived_as: Option<NameChoice>,
    ) -> Result<Step, StepError> {
        let (interaction, client) = self.open(sealed, browser).await?;
        let own = self.pseudonyms.in_sector(signed_in.person, &client.sector).await.map_err(PageError::from)?;
        let chosen = own.into_iter().find(|own| own.id == pseudonym).ok_or(PseudonymError::Unknown)?;
        let wish = if chosen.is_retired() {
            let shown = revived_as.ok_or(PseudonymError::Unknown)?;
            self.check_free(&shown, &client.sector, Some(pseudonym)).await?;
            Wish::Again(pseudonym, shown)
        } else {
            Wish::Own(pseudonym)
        };
        let interaction = interaction.wishing(signed_in.person, wish);
        Ok(self.next(interaction, client, browser, Some(signed_in)).await?)
    }

    /// The citizen wants a new pseudonym.
    pub async fn create(
        &self,
        sealed: &str,
        browser: &[u8],
        signed_in: &Authentication,
        shown: NameChoice,
    ) -> Result<Step, StepError> {
        let (interaction, client) = self.open(sealed, browser).await?;
        self.check_free(&shown, &client.sector, None).await?;
        let wish = Wish::New(PseudonymId::generate(&mut self.ambient.rng()), shown);
        let interaction = interaction.wishing(signed_in.person, wish);
        Ok(self.next(interaction, client, browser, Some(signed_in)).await?)
    }

    /// The citizen agreed, to all or to a part: of what the page showed, and of nothing that has changed since.
    pub async fn agree(
        &self,
        sealed: &str,
        browser: &[u8],
        signed_in: &Authentication,
        decision: &Decision,
    ) -> Result<Step, StepError> {
        let (interaction, client) = self.open(sealed, browser).await?;
        let shown = interaction.settled_by(signed_in.person).shown;
        let mut attempts = 2;
        loop {
            // The question that the page asked, found again: so consent cannot be given to a step that was not reached.
            let step = self.next(interaction.clone(), Arc::clone(&client), browser, Some(signed_in)).await?;
            let Step::Consent(mut question) = step else { return Ok(step) };
            if question.digest() != shown {
                question.overtaken = shown.is_some().then(|| decision.clone());
                return Ok(Step::Consent(question));
            }
            attempts -= 1;
            match self.settle(&question, signed_in, decision).await {
                Ok(()) => {
                    let mut interaction = question.pending.interaction;
                    if let Some(settled) = &mut interaction.settled {
                        settled.consented = true;
                    }
                    return Ok(self.next(interaction, client, browser, Some(signed_in)).await?);
                }
                // Another window of the same person may have been faster: then the question is another now.
                Err(error) if attempts > 0 && error.is_overtaken() => {}
                Err(StepError::Pseudonym(error)) if error.is_overtaken() => {
                    return Ok(self.choose_again(*question, browser, signed_in, error).await?);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The citizen said no. Nothing is stored.
    pub async fn deny(&self, sealed: &str, browser: &[u8]) -> Result<Step, PageError> {
        let (interaction, _) = self.open(sealed, browser).await?;
        if interaction.pushed {
            self.end_pushed(interaction.grant).await?;
        }
        self.refusal(&interaction.request, ErrorCode::AccessDenied)
    }

    /// The request and client of a sealed interaction that is not over.
    async fn open(&self, sealed: &str, browser: &[u8]) -> Result<(Interaction, Arc<Client>), PageError> {
        let bytes = self.keyring.token().open(INTERACTION, browser, sealed).map_err(|_| PageError::Interaction)?;
        let interaction: Interaction = serde_json::from_slice(&bytes).map_err(|_| PageError::Interaction)?;
        if self.ambient.now() >= interaction.started.plus(LIFETIME) {
            return Err(PageError::Interaction);
        }
        let grant = interaction.grant;
        let redeemed = self.store.read::<_, StoreError, _>(move |tx| Box::pin(grants::find(tx, grant))).await?;
        if redeemed.is_some() {
            return Err(PageError::Interaction);
        }
        let client = self.clients.find(&interaction.request.client).await?.ok_or(PageError::Client)?;
        if client.is_disabled() { Err(PageError::Disabled) } else { Ok((interaction, client)) }
    }

    /// The next step; an answer to a pushed request is its last.
    pub(super) async fn next(
        &self,
        interaction: Interaction,
        client: Arc<Client>,
        browser: &[u8],
        signed_in: Option<&Authentication>,
    ) -> Result<Step, PageError> {
        let (pushed, grant) = (interaction.pushed, interaction.grant);
        let step = self.step(interaction, client, browser, signed_in).await?;
        if pushed && matches!(step, Step::Answer(_)) {
            self.end_pushed(grant).await?;
        }
        Ok(step)
    }

    /// The ordered list: signed in, recently and strongly enough; a pseudonym; consent; the code.
    async fn step(
        &self,
        mut interaction: Interaction,
        client: Arc<Client>,
        browser: &[u8],
        signed_in: Option<&Authentication>,
    ) -> Result<Step, PageError> {
        let silent = interaction.request.prompts.contains(Prompt::None);
        let Some(signed_in) = signed_in.filter(|signed_in| self.is_enough(&interaction, signed_in)) else {
            interaction.settled = None;
            if silent {
                return self.refusal(&interaction.request, ErrorCode::LoginRequired);
            }
            return Ok(Step::SignIn(Box::new(self.pending(interaction, client, browser))));
        };
        if interaction.request.acr.essential && !interaction.request.acr.are_met(signed_in.acr) {
            return self.refusal(&interaction.request, ErrorCode::UnmetAuthenticationRequirements);
        }
        let Some(facts) = self.attributes.facts(signed_in.person).await? else {
            let refusal = || self.refusal(&interaction.request, ErrorCode::LoginRequired);
            return if silent { refusal() } else { Err(PageError::NotACitizen) };
        };
        let settled = interaction.settled_by(signed_in.person);
        let own = self.pseudonyms.in_sector(signed_in.person, &client.sector).await?;
        let places = self.clients.heteronyms_per_person(&client.sector).await?;
        let voice = match self.voice(settled.wish.as_ref(), &interaction.request, &own, places, &facts) {
            Ok(Some(voice)) => voice,
            _ if silent => {
                // Of several the person has to say which; of none they have agreed to nothing yet.
                let several = own.iter().any(|own| !own.is_retired());
                let code = if several { ErrorCode::AccountSelectionRequired } else { ErrorCode::ConsentRequired };
                return self.refusal(&interaction.request, code);
            }
            undecided => {
                let name = settled.wish.as_ref().and_then(Wish::name).cloned();
                let refused = undecided.err().map(|error| (error, name));
                let another = has_room(&own, places);
                interaction.settled = None;
                let pending = self.pending(interaction, client, browser);
                return Ok(Step::Choose(Box::new(Choice { pending, own, another, facts, refused })));
            }
        };
        if !self.is_meant(&interaction.request, &voice) {
            return self.refusal(&interaction.request, ErrorCode::LoginRequired);
        }
        let named = Named { interaction, settled, client, facts, voice };
        self.step_of(named, browser, signed_in).await
    }

    /// The rest of the list: consent; the code.
    async fn step_of(&self, named: Named, browser: &[u8], signed_in: &Authentication) -> Result<Step, PageError> {
        let Named { mut interaction, settled, client, facts, voice } = named;
        let request = interaction.request.wishes(&client);
        let before = self.consents.live(voice.id(), &client.id).await?;
        let asked_anew = interaction.request.prompts.contains(Prompt::Consent) && !settled.consented;
        let may_stand = matches!(voice, Voice::Own(_)) && !asked_anew;
        let held = before.as_ref().filter(|consent| may_stand && self.covers(consent, &request, &facts, &client));
        if let Some(consent) = held {
            return Ok(Step::Answer(self.grant(&interaction, &client, signed_in, voice.id(), consent)?));
        }
        if interaction.request.prompts.contains(Prompt::None) {
            return self.refusal(&interaction.request, ErrorCode::ConsentRequired);
        }
        let present = self.attributes.qualities(&facts, &registered_terms(&client));
        let name = voice.shown().clone();
        let shown = Some(self.digest(&request, &name, &facts, &client));
        interaction.settled = Some(Settled { shown, ..settled });
        let before = before.map(|consent| consent.agreement);
        let pending = self.pending(interaction, client, browser);
        let overtaken = None;
        let question = Question { pending, name, request, present, facts, before, overtaken, voice };
        Ok(Step::Consent(Box::new(question)))
    }

    /// Writes what was agreed to, and the pseudonym with it if it is not there yet: both or neither.
    async fn settle(
        &self,
        question: &Question,
        signed_in: &Authentication,
        decision: &Decision,
    ) -> Result<(), StepError> {
        let agreement = self.agreement(question, decision);
        agreement.check(&question.request)?;
        let (this, voice, person) = (self.clone(), question.voice.clone(), signed_in.person);
        let client = Arc::clone(&question.pending.client);
        let written = self.store.write::<_, StepError, _>(move |tx| {
            Box::pin(async move {
                this.take_up(tx, &voice, person, &client.sector).await?;
                Ok(this.consents.give(tx, person, voice.id(), &client.id, &agreement).await?)
            })
        });
        written.await
    }

    /// Back to the choice, because somebody took the name meanwhile.
    async fn choose_again(
        &self,
        question: Question,
        browser: &[u8],
        signed_in: &Authentication,
        error: PseudonymError,
    ) -> Result<Step, PageError> {
        let Pending { mut interaction, client, .. } = question.pending;
        interaction.settled = None;
        let mut step = self.next(interaction, client, browser, Some(signed_in)).await?;
        if let Step::Choose(choice) = &mut step {
            choice.refused = Some((error, Some(question.name)));
        }
        Ok(step)
    }

    /// Whether nobody has to sign in: recently enough, and as strongly as was asked.
    fn is_enough(&self, interaction: &Interaction, signed_in: &Authentication) -> bool {
        let request = &interaction.request;
        // Whoever signed in during this interaction has done what they can.
        if signed_in.at >= interaction.started {
            return true;
        }
        let anew = request.prompts.contains(Prompt::Login) || request.prompts.contains(Prompt::SelectAccount);
        let old = request
            .max_age
            .is_some_and(|max_age| self.ambient.now().since(signed_in.at) > Duration::from_secs(max_age.into()));
        // What is asked without being essential is no reason to end a silent request (OpenID Connect Core §3.1.2.1).
        let silent = request.prompts.contains(Prompt::None) && !request.acr.essential;
        !(anew || old) && (silent || request.acr.are_met(signed_in.acr))
    }

    /// A pseudonym that is not made yet is nobody's whom a hint could name.
    fn is_meant(&self, request: &AuthorizationRequest, voice: &Voice) -> bool {
        match voice {
            Voice::Own(heteronym) | Voice::Again(heteronym, _) => self.fits_hint(request, heteronym),
            Voice::New(..) => request.hint.is_none(),
        }
    }

    fn covers(&self, consent: &Consent, request: &Request, facts: &Facts, client: &Client) -> bool {
        let level = consent.agreement.residence_level;
        let terms = attributes::Terms { residence_level: level, ..registered_terms(client) };
        consent.agreement.covers(request, &self.attributes.qualities(facts, &terms))
    }

    /// Of everything that the page of consent shows: what the forum says of itself and asks for, the name, and each value at
    /// every level that can be chosen. How many share them is not in it, for that changes by the minute.
    fn digest(&self, request: &Request, name: &NameChoice, facts: &Facts, client: &Client) -> String {
        let registered = registered_terms(client);
        let values = |residence_level: &Level| {
            let terms = attributes::Terms { residence_level: *residence_level, ..registered.clone() };
            self.attributes.qualities(facts, &terms).only(&request.qualities)
        };
        let levels = Level::ALL.iter().filter(|level| **level <= registered.residence_level);
        let values: Vec<_> = levels.map(values).collect();
        let forum = (&request.fingerprint, &request.qualities, &request.required, request.names, request.offline);
        let bytes = serde_json::to_vec(&(forum, name, values)).unwrap_or_default();
        data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(&bytes))
    }

    fn agreement(&self, question: &Question, decision: &Decision) -> Agreement {
        let asked = &question.request.qualities;
        let agreed: BTreeSet<_> = decision.agreed.intersection(asked).copied().collect();
        let registered = registered_terms(&question.pending.client);
        // Coarser than asked is the citizen's right; finer is nobody's.
        let residence_level = decision.residence_level.min(registered.residence_level);
        let terms = attributes::Terms { residence_level, ..registered };
        Agreement {
            at: self.ambient.now(),
            fingerprint: question.request.fingerprint,
            declined: asked.difference(&agreed).copied().collect(),
            residence_level,
            names: question.request.names,
            offline: question.request.offline,
            shown: self.attributes.qualities(&question.facts, &terms).only(&agreed),
            agreed,
        }
    }

    pub(super) fn refusal(&self, request: &AuthorizationRequest, code: ErrorCode) -> Result<Step, PageError> {
        let state = request.state.as_deref();
        let response = AuthorizationResponse::error(code, code.meaning(), state, self.issuer.as_str());
        Ok(Step::Answer(self.answer_to(request, response)?))
    }

    fn pending(&self, interaction: Interaction, client: Arc<Client>, browser: &[u8]) -> Pending {
        let bytes = serde_json::to_vec(&interaction).unwrap_or_default();
        let sealed = self.keyring.token().seal(INTERACTION, browser, &bytes, &mut self.ambient.rng());
        Pending { sealed, interaction, client }
    }
}

impl Interaction {
    pub(super) const fn new(request: AuthorizationRequest, now: Timestamp, grant: GrantId) -> Self {
        Self { request, started: now, grant, pushed: false, settled: None }
    }

    pub(super) fn of_pushed(self) -> Self {
        Self { pushed: true, ..self }
    }

    fn settled_by(&self, person: PersonId) -> Settled {
        let own = self.settled.clone().filter(|settled| settled.person == person);
        own.unwrap_or(Settled { person, wish: None, shown: None, consented: false })
    }

    fn wishing(mut self, person: PersonId, wish: Wish) -> Self {
        self.settled = Some(Settled { wish: Some(wish), ..self.settled_by(person) });
        self
    }
}

impl Question {
    fn digest(&self) -> Option<String> {
        self.pending.interaction.settled.as_ref()?.shown.clone()
    }
}

impl StepError {
    /// Somebody else wrote first, which looking again may settle.
    const fn is_overtaken(&self) -> bool {
        match self {
            Self::Pseudonym(error) => error.is_overtaken(),
            Self::Page(PageError::Store(error)) => matches!(error, StoreError::Taken),
            Self::Page(_) | Self::Consent(_) => false,
        }
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Page(error.into())
    }
}

/// What the forum may learn at the most.
pub fn registered_terms(client: &Client) -> attributes::Terms {
    attributes::Terms {
        residence_level: client.metadata.residence_level,
        age_brackets: client.metadata.age_brackets.clone(),
    }
}

/// Nothing of it: it tells which forum somebody is about to enter.
impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interaction(…)")
    }
}

const INTERACTION: &str = "interaction";
/// Time enough to fetch a telephone from another room.
const LIFETIME: Duration = Duration::from_mins(30);
