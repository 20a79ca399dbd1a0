//! A town: 200 people enrolled with their true names, each on three reference forums, through the pages of both sides.
//!
//! Run in a process of its own, so that all it logs, at the finest level and from every thread, can be kept.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use heteronym::{
    clients::Draft,
    custodian::ceremony::in_process,
    domain::{
        area::Level,
        ids::PersonId,
        quality::{Facts, Role, RoleKind, Sex},
        secret::Token,
    },
    forum::{self, ClientSecret},
    http::server,
    store::{StoreError, accounts},
    telemetry::{self, LogFormat},
    vault::{DocumentKind, Entry, Identity},
    wire::{jose::Algorithm, sealed::CustodiansKey},
};
use jiff::civil::Date;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::harness::{Browser, Choices, Citizen, Service};

/// How many people there are. Fewer, and a small crowd hides a fault; more, and the test takes too long.
pub(super) const PEOPLE: usize = 200;
pub(super) const FORUMS: usize = 3;
/// Where the town leaves what it wrote.
pub(super) const DIRECTORY: &str = "TEST_TOWN_DIRECTORY";

/// Everything about one person that somebody must not learn.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) family: String,
    pub(super) given: String,
    pub(super) born: String,
    pub(super) document: String,
    pub(super) partial: String,
    pub(super) login: String,
    pub(super) activation: String,
    /// By forum.
    pub(super) names: Vec<String>,
    pub(super) subjects: Vec<String>,
}

#[test]
#[ignore = "run by the tests of the promises, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the parent tells where to write")]
fn two_hundred_people_go_to_three_forums() {
    let Some(directory) = env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let log = Log::default();
    let sink = log.clone();
    let subscriber = telemetry::subscriber(LogFormat::Json, "trace", move || sink.clone()).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let people = runtime.block_on(live(&directory));
    fs::write(directory.join("people.json"), serde_json::to_vec(&people).unwrap()).unwrap();
    fs::write(directory.join("log.txt"), &*log.0.lock().unwrap()).unwrap();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Town {
    service: Service,
    custodians: CustodiansKey,
    forums: Vec<forum::Forum>,
}

async fn live(directory: &Path) -> Vec<Secrets> {
    let town = Arc::new(found(directory).await);
    let mut enrolled = Vec::new();
    for number in 0..PEOPLE {
        enrolled.push(enrol(&town, number).await);
    }
    let enrolled = Arc::new(enrolled);
    // Each forum is joined in an order of its own: a number of arrival joins nothing.
    let mut visits = tokio::task::JoinSet::new();
    for place in 0..FORUMS {
        let (town, enrolled) = (town.clone(), enrolled.clone());
        visits.spawn(async move {
            let mut names = vec![String::new(); PEOPLE];
            for number in shuffled(place) {
                names[number] = name_of(place, number);
                visit(&town, place, &enrolled[number].0, &names[number]).await;
            }
            (place, names)
        });
    }
    let mut people: Vec<Secrets> = enrolled.iter().map(|(_, secrets)| secrets.clone()).collect();
    while let Some(visited) = visits.join_next().await {
        let (place, names) = visited.unwrap();
        for (person, name) in people.iter_mut().zip(names) {
            person.names[place] = name;
        }
    }
    for (person, (citizen, _)) in people.iter_mut().zip(enrolled.iter()) {
        let own = town.service.services.pseudonyms.of_person(citizen.person).await.unwrap();
        person.subjects = own
            .iter()
            .map(|own| town.service.services.pseudonyms.subject(own).unwrap())
            .map(|subject| subject.as_str().to_owned())
            .collect();
        assert_eq!(person.subjects.len(), FORUMS);
    }
    // As a thief finds them: the files as they lie there, with the log of what was written last.
    for entry in fs::read_dir(town.service.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, directory.join(path.file_name().unwrap())).unwrap();
        }
    }
    people
}

/// A provider on a socket, for the forums, and three forums registered with it.
async fn found(directory: &Path) -> Town {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let service = Service::start_at(&issuer, "", 200).await;
    let router = service.services.router();
    tokio::spawn(server::serve(listener, router, server::Limits::default(), std::future::pending()));
    let (custodians, _) = in_process(3, 5, &mut service.services.ambient.rng()).unwrap();
    let mut forums = Vec::new();
    for (place, name) in FORUM_NAMES.into_iter().enumerate() {
        let origin = origin_of(place);
        let draft = Draft {
            name: name.to_owned(),
            redirect_uris: vec![format!("{origin}/callback")],
            post_logout_redirect_uris: vec![origin.clone()],
            id_token_alg: Algorithm::EdDSA,
            scope: "openid profile age residence sex roles offline_access".to_owned(),
            residence_level: Level::Commune,
            local: true,
            ..Draft::default()
        };
        let (client, secret) = service.services.clients.register(draft).await.unwrap();
        let mut config = forum::Config::new(&issuer, client.id.as_str(), &origin);
        config.client_secret = Some(ClientSecret::new(secret.unwrap().expose().to_owned()));
        config.scopes =
            ["openid", "profile", "age", "residence", "sex", "roles", "offline_access"].map(str::to_owned).to_vec();
        config.database = directory.join(format!("forum{place}.sqlite"));
        config.cookie = format!("forum{place}");
        name.clone_into(&mut config.title);
        let clock = service.clock.clone();
        let rng = Mutex::new(StdRng::seed_from_u64(8_401 + place as u64));
        let now = move || heteronym::domain::ambient::Clock::now(&*clock).0;
        let ambient = forum::Ambient::new(now, move |buffer| rng.lock().unwrap().fill_bytes(buffer));
        forums.push(forum::open(config, ambient).await.unwrap());
    }
    Town { service, custodians, forums }
}

/// Enrols a person whose name and papers are like nobody else's.
async fn enrol(town: &Town, number: usize) -> (Citizen, Secrets) {
    let services = &town.service.services;
    let mut rng = services.ambient.rng();
    let year = 1940 + i16::try_from(number % 65).unwrap();
    let month = i8::try_from(1 + number % 12).unwrap();
    let day = i8::try_from(1 + number % 28).unwrap();
    let born = Date::constant(year, month, day);
    let (family, given) = (format!("Quixo{}", letters(number, 5)), format!("Zephy{}", letters(number, 4)));
    let document = format!("{:09}AB", 700_000_000 + number * 7_919);
    let (date, now) = (born.to_string(), services.ambient.now());
    let entry = Entry {
        family_name: &family,
        given_names: &given,
        married_name: None,
        birth_date: &date,
        sex: Sex::ALL[number % 3],
        document_kind: DocumentKind::Passport,
        document_number: &document,
    };
    let identity = Identity::new(&entry, &services.calendar, now).unwrap_or_else(|_| panic!("person {number}"));
    let commune = COMMUNES[number % COMMUNES.len()].parse().unwrap();
    let mut facts = Facts {
        birth: identity.birth_facts(&services.calendar, now).unwrap(),
        commune,
        sex: Sex::ALL[number % 3],
        partial_name: identity.partial_name().clone(),
        roles: Vec::new(),
    };
    if number.is_multiple_of(10) {
        let authority = heteronym::domain::ids::RegistrarId::from_bytes([7; 16]);
        facts.grant(Role { kind: RoleKind::Agent, authority, until: Date::constant(2028, 1, 1) });
    }
    let partial = facts.partial_name.as_str().to_owned();
    let person = PersonId::generate(&mut rng);
    let sealed = identity.seal(&town.custodians, person, &mut rng).unwrap().as_bytes().to_vec();
    let citizen = town.service.enrol_as(person, &facts, sealed).await;
    let activation = Token::generate(&mut rng);
    let (hash, account, today) = (activation.hash(), citizen.account.id, now.day());
    let invited = services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let until = today.plus(std::time::Duration::from_hours(30 * 24));
            accounts::insert_invite(tx, hash, account, accounts::Purpose::Activate, today, until).await
        })
    });
    invited.await.unwrap();
    let secrets = Secrets {
        family,
        given,
        born: date,
        document,
        partial,
        login: citizen.account.login.clone(),
        activation: activation.expose().to_owned(),
        names: vec![String::new(); FORUMS],
        subjects: Vec::new(),
    };
    (citizen, secrets)
}

/// Signs a citizen in to a forum from a browser of their own, and writes a line there.
async fn visit(town: &Town, place: usize, citizen: &Citizen, name: &str) {
    let forum = &town.forums[place];
    let mut there = Browser::new(forum.router(), &origin_of(place));
    let mut here = town.service.browser();
    here.sign_in(&town.service, citizen).await;
    let asked = there.get("/sign-in").await;
    let mut reply = here.get(asked.location().unwrap()).await;
    let choices = Choices::all(name);
    for _ in 0..2 {
        let text = reply.text();
        if text.contains("id=\"consent\"") {
            reply = here.agree(&reply, &choices).await;
        } else if text.contains("/interaction/choose") {
            reply = here.choose(&reply, &choices).await;
        }
    }
    let back = reply.location().unwrap_or_else(|| panic!("{name}: {}", reply.text())).to_owned();
    let signed_in = there.get(&back).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
}

/// Names of 8 to 12 letters; those of one forum have no syllable of another's.
fn name_of(place: usize, number: usize) -> String {
    let consonants = [['b', 'd', 'g'], ['k', 'p', 't'], ['f', 's', 'v']][place];
    let mut rest = number * 3_571 + 100_003;
    let mut name = String::new();
    for _ in 0..4 + number % 3 {
        name.push(consonants[rest % 3]);
        name.push(['a', 'e', 'i', 'o', 'u'][rest / 3 % 5]);
        rest /= 15;
    }
    name[..1].to_uppercase() + &name[1..]
}

/// A text of letters that no other number has.
fn letters(number: usize, length: usize) -> String {
    let mut rest = number + 13;
    let mut text = String::new();
    for _ in 0..length {
        text.push(char::from(b'a' + u8::try_from(rest % 17).unwrap()));
        rest = rest / 17 + 5;
    }
    text
}

fn shuffled(place: usize) -> Vec<usize> {
    let mut rng = StdRng::seed_from_u64(place as u64);
    let mut order: Vec<usize> = (0..PEOPLE).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, usize::try_from(rng.next_u64() % (at as u64 + 1)).unwrap());
    }
    order
}

pub(super) fn origin_of(place: usize) -> String {
    format!("http://127.0.0.1:{}", 8_401 + place)
}

pub(super) const FORUM_NAMES: [&str; FORUMS] = ["Place du marché", "Café des sciences", "Conseil de quartier"];
/// Voiron, Grenoble, Paris, Lyon, Redon, Ouessant.
const COMMUNES: [&str; 6] = ["cog:38563", "cog:38185", "cog:75056", "cog:69123", "cog:35236", "cog:29155"];
