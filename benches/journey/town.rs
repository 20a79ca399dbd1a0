//! The town that is measured: people with a session each, and forums that they have been to. They came through the same
//! services as through the counter and the pages, so every row is a real one.

use std::{
    fmt,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use heteronym::{
    accounts::SignedIn,
    app::{Assembly, DataDir, Services},
    clients::Draft,
    config::Config,
    custodian::ceremony::in_process,
    domain::{
        ambient::{Ambient, FrozenClock, SystemEntropy},
        authentication::Method,
        claim::Quality,
        ids::{PersonId, RegistrarId},
    },
    keyring::Purpose,
    proofing::{By, OfficeKey, Typed},
    provider::{
        Authentication,
        interaction::{Decision, Step},
    },
    pseudonym::NameChoice,
    store::{StoreError, accounts},
    wire::{
        jose::Algorithm,
        oauth::{MAX_QUERY, Params},
    },
};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::process::free_port;

/// Who is there, as the clients have to know it.
pub(crate) struct Town {
    pub(crate) port: u16,
    pub(crate) issuer: String,
    /// The session cookie of each person.
    pub(crate) people: Vec<String>,
    forums: Vec<Forum>,
    /// A forum that asks for access while people are away.
    pub(crate) offline: Forum,
}

/// A forum as its software knows itself.
#[derive(Clone)]
pub(crate) struct Forum {
    pub(crate) id: String,
    pub(crate) redirect: String,
    pub(crate) scope: &'static str,
    /// The value of its `Authorization` header.
    pub(crate) authorization: String,
}

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    EdDsa,
    Rs256,
}

impl Signature {
    pub(crate) const ALL: [Self; 2] = [Self::EdDsa, Self::Rs256];
}

impl From<Signature> for Algorithm {
    fn from(signature: Signature) -> Self {
        match signature {
            Signature::EdDsa => Self::EdDSA,
            Signature::Rs256 => Self::RS256,
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Algorithm::from(*self).as_str())
    }
}

impl Town {
    pub(crate) fn forum(&self, signature: Signature) -> &Forum {
        let found = Signature::ALL.iter().zip(&self.forums).find(|(own, _)| **own == signature);
        found.map_or(&self.offline, |(_, forum)| forum)
    }
}

/// Where the server's configuration stands beside its data.
pub(crate) fn config_file(directory: &Path) -> PathBuf {
    directory.join("heteronym.toml")
}

/// The defaults, at a port of loopback; whatever makes a write durable is as delivered.
pub(crate) fn write_config(directory: &Path, port: u16) -> anyhow::Result<Config> {
    let text = format!(
        "[server]\nissuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\noperations_listen = \"\"\n"
    );
    fs::write(config_file(directory), &text)?;
    Ok(Config::from_parts("the benchmark", &text, [])?)
}

/// Founds the town in a new directory, and leaves it for a server to open.
pub(crate) async fn found(directory: &Path, people: usize) -> anyhow::Result<Town> {
    fs::create_dir(directory)?;
    let port = free_port()?;
    let data = DataDir::new(directory, write_config(directory, port)?);
    data.make()?;
    // Two minutes ago, so that the first visit to be measured is the first in its minute.
    let then = Ambient::system().now().minus(Duration::from_mins(2));
    let ambient = Ambient::new(Arc::new(FrozenClock::new(then)), Arc::new(SystemEntropy));
    let keyring = Arc::new(data.create_keys(Purpose::Service, &mut ambient.rng(), &ambient)?);
    let store = data.open_store(&ambient).await?;
    let services = Services::assemble(Assembly { config: data.config, store, keyring, ambient })?;
    let (key, _) = in_process(3, 5, &mut services.ambient.rng())?;
    services.proofing.take_custodians_key(&key).await?;
    let office = services.proofing.add_office("Mairie de Grenoble", "FR-38").await?.id;
    let key = Arc::new(OfficeKey::generate()?);
    services.proofing.accredit(office, key.public()).await?;
    let mut forums = Vec::new();
    for signature in Signature::ALL {
        let host = format!("{}.forum.example", signature.to_string().to_lowercase());
        forums.push(register(&services, &host, signature.into(), SCOPE).await?);
    }
    let offline = register(&services, "offline.forum.example", Algorithm::EdDSA, OFFLINE_SCOPE).await?;
    let visited: Vec<Forum> = forums.iter().chain([&offline]).cloned().collect();
    let people = populate(&services, (office, &key), &visited, people).await?;
    let issuer = services.config.server.issuer.as_str().to_owned();
    services.store.close().await;
    Ok(Town { port, issuer, people, forums, offline })
}

async fn register(services: &Services, host: &str, algorithm: Algorithm, scope: &'static str) -> anyhow::Result<Forum> {
    let redirect = format!("https://{host}/auth/oidc/callback");
    let draft = Draft {
        name: format!("Forum {host}"),
        redirect_uris: vec![redirect.clone()],
        id_token_alg: algorithm,
        scope: scope.to_owned(),
        ..Draft::default()
    };
    let (client, secret) = services.clients.register(draft).await?;
    let secret = secret.context("a confidential client has a secret")?;
    let authorization = BASE64.encode(format!("{}:{}", client.id, secret.expose()).as_bytes());
    Ok(Forum { id: client.id.to_string(), redirect, scope, authorization: format!("Basic {authorization}") })
}

/// Enrols people and takes each to every forum; several at a time, as commits are shared.
async fn populate(
    services: &Services,
    (office, key): (RegistrarId, &Arc<OfficeKey>),
    forums: &[Forum],
    people: usize,
) -> anyhow::Result<Vec<String>> {
    let (mut tasks, mut cookies) = (JoinSet::new(), Vec::with_capacity(people));
    for number in 0..people {
        if tasks.len() >= AT_ONCE
            && let Some(settled) = tasks.join_next().await
        {
            cookies.push(settled??);
        }
        let (services, forums, key) = (services.clone(), forums.to_vec(), Arc::clone(key));
        tasks.spawn(async move { settle(&services, (office, &key), &forums, number).await });
    }
    while let Some(settled) = tasks.join_next().await {
        cookies.push(settled??);
    }
    Ok(cookies)
}

async fn settle(
    services: &Services,
    (office, key): (RegistrarId, &OfficeKey),
    forums: &[Forum],
    number: usize,
) -> anyhow::Result<String> {
    let proofing = &services.proofing;
    let enrolled = proofing.enrol(By::operator(office), &typed(number), &proofing.attempt(), key).await?;
    let person = enrolled.person;
    let (signed_in, cookie) = sign_in(services, person).await?;
    let citizen = Authentication {
        account: signed_in.account,
        person,
        at: signed_in.auth_time,
        acr: signed_in.method.acr(),
        amr: signed_in.method.amr().iter().map(|&word| word.to_owned()).collect(),
        session_tag: signed_in.tag(),
        session: signed_in.token_hash(),
    };
    for forum in forums {
        visit(services, forum, &citizen).await?;
    }
    Ok(cookie)
}

/// A session as after a sign-in with a passkey.
async fn sign_in(services: &Services, person: PersonId) -> anyhow::Result<(SignedIn, String)> {
    let (own, begin) = (services.accounts.clone(), services.accounts.begin(Method::SyncedKey, "Firefox", None));
    let written = services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let account = accounts::find_by_person(tx, person).await?.ok_or(StoreError::Refused)?;
            own.begin_session(tx, &account, &begin).await
        })
    });
    let session = written.await?;
    Ok((session.signed_in, session.token.expose().to_owned()))
}

/// The first visit: a pseudonym under the partial name, and yes to everything.
async fn visit(services: &Services, forum: &Forum, citizen: &Authentication) -> anyhow::Result<()> {
    let provider = &services.provider;
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(b"nobody redeems this code"));
    let query = authorization(forum, "state", "nonce", &challenge);
    let params = Params::parse(query.as_bytes(), MAX_QUERY)?;
    let Step::Choose(choice) = provider.authorize(&params, BROWSER, Some(citizen)).await? else {
        bail!("the page of pseudonyms was to come")
    };
    let shown = NameChoice::partial(choice.facts.partial_name.clone());
    let Step::Consent(question) = provider.create(&choice.pending.sealed, BROWSER, citizen, shown).await? else {
        bail!("the page of consent was to come")
    };
    let residence_level = question.pending.client.metadata.residence_level;
    let decision = Decision { agreed: Quality::ALL.into(), residence_level };
    match provider.agree(&question.pending.sealed, BROWSER, citizen, &decision).await? {
        Step::Answer(_) => Ok(()),
        _ => bail!("the code was to come"),
    }
}

/// The query of an authorization request.
pub(crate) fn authorization(forum: &Forum, state: &str, nonce: &str, challenge: &str) -> String {
    let mut query = String::with_capacity(512);
    let _ = write!(
        query,
        "response_type=code&client_id={}&redirect_uri={}&scope={}&state={state}&nonce={nonce}\
         &code_challenge={challenge}&code_challenge_method=S256",
        forum.id, forum.redirect, forum.scope
    );
    query
}

/// The `number`th inhabitant: nobody else has their document, and nobody of their age their names.
fn typed(number: usize) -> Typed {
    let pick = |list: &[&str], at: usize| list.get(at % list.len()).copied().unwrap_or_default().to_owned().into();
    Typed {
        family_name: pick(&FAMILY_NAMES, number / GIVEN_NAMES.len()),
        given_names: pick(&GIVEN_NAMES, number),
        birth_date: format!("{:02}/{:02}/{}", 1 + number % 28, 1 + number / 28 % 12, 1940 + number % 67).into(),
        sex: if number.is_multiple_of(2) { "f" } else { "m" }.to_owned().into(),
        commune: pick(&COMMUNES, number / 3),
        document_kind: "identity_card".to_owned().into(),
        document_number: format!("{:06}AB{number:04}", 330_000 + number).into(),
        ..Typed::default()
    }
}

const SCOPE: &str = "openid profile age residence";
const OFFLINE_SCOPE: &str = "openid profile age residence offline_access";
const AT_ONCE: usize = 32;
const BROWSER: &[u8] = b"the browser of the town";
const GIVEN_NAMES: [&str; 8] = ["Alice", "Bruno", "Camille", "David", "Emma", "Farid", "Gabriel", "Iris"];
const FAMILY_NAMES: [&str; 9] =
    ["Arnaud", "Bernard", "Chevalier", "Dupuis", "Faure", "Garnier", "Henry", "Imbert", "Joly"];
const COMMUNES: [&str; 6] = ["38185", "38563", "38421", "38151", "38544", "38053"];
