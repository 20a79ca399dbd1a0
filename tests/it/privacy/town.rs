//! A town: 200 people enrolled with their true names, each on three reference forums, through the pages of both sides.
//! They come over ten days, half of them to all three forums in one sitting, and some bear one name on two of them.
//!
//! Run in a process of its own, so that all it logs, at the finest level and from every thread, can be kept.

use std::{
    env, fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use heteronym::{
    clients::Draft,
    custodian::ceremony::in_process,
    domain::area::Level,
    forum::{self, ClientSecret},
    http::server,
    proofing::By,
    telemetry::{self, LogFormat},
    wire::jose::Algorithm,
};
use rand::{Rng, RngExt as _, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::newcomer::{Newcomer, open_counter};
use crate::harness::{Browser, Choices, Log, Service};

/// How many people there are. Fewer, and a small crowd hides a fault; more, and the test takes too long.
pub(super) const PEOPLE: usize = 200;
pub(super) const FORUMS: usize = 3;
/// Where the town leaves what it wrote.
pub(super) const DIRECTORY: &str = "TEST_TOWN_DIRECTORY";

/// Everything about one person that somebody must not learn.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secrets {
    /// The id of the person's row: how the tests, and no thief, know whose is what.
    pub(super) person: [u8; 16],
    pub(super) family: String,
    pub(super) given: String,
    pub(super) born: String,
    pub(super) document: String,
    pub(super) partial: String,
    pub(super) login: String,
    pub(super) activation: String,
    /// What they keep to themselves: a passphrase, recovery codes.
    pub(super) kept: Vec<String>,
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
    fs::write(directory.join("log.txt"), log.text()).unwrap();
}

pub(super) struct Town {
    pub(super) service: Service,
    pub(super) issuer: String,
    /// Where everybody is enrolled.
    pub(super) counter: By,
    forums: Vec<forum::Forum>,
    dice: Mutex<StdRng>,
}

impl Town {
    /// Some minutes go by, to the millisecond.
    fn pass(&self, minutes: Range<i64>) {
        let span = self.dice.lock().unwrap().random_range(minutes.start * 60_000..minutes.end * 60_000);
        self.service.clock.advance(Duration::from_millis(u64::try_from(span).unwrap()));
    }
}

async fn live(directory: &Path) -> Vec<Secrets> {
    let town = found(directory).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        town.pass(2..30);
        people.push(Newcomer::enrol(&town, number).await);
    }
    for (number, places) in sittings() {
        town.pass(1..60);
        for place in places {
            town.pass(1..5);
            let name = name_of(place, number);
            visit(&town, place, &mut people[number], &name).await;
            people[number].secrets.names[place] = name;
        }
    }
    // Every token stood in the log, and the log is still the one that each forum has seen.
    for forum in &town.forums {
        let check = forum.check_log().await.unwrap();
        assert!(matches!(check, forum::LogCheck::Held { missing: 0, .. }), "{check}");
    }
    for Newcomer { citizen, secrets, .. } in &mut people {
        let own = town.service.services.pseudonyms.of_person(citizen.person).await.unwrap();
        let subjects = own.iter().map(|own| town.service.services.pseudonyms.subject(own).unwrap());
        secrets.subjects = subjects.map(|subject| subject.as_str().to_owned()).collect();
        assert_eq!(secrets.subjects.len(), FORUMS);
    }
    // As a thief finds them: the files as they lie there, with the log of what was written last.
    for entry in fs::read_dir(town.service.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, directory.join(path.file_name().unwrap())).unwrap();
        }
    }
    people.into_iter().map(|person| person.secrets).collect()
}

/// A provider on a socket, for the forums, and three forums registered with it.
async fn found(directory: &Path) -> Town {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let service = Service::start_at(&issuer, "", 200).await;
    let router = service.services.router();
    tokio::spawn(server::serve(listener, router, server::Limits::default(), std::future::pending()));
    let (custodians, _) = in_process(3, 5, &mut service.services.ambient.rng()).unwrap();
    service.services.proofing.take_custodians_key(&custodians).await.unwrap();
    let counter = open_counter(&service).await;
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
    Town { service, issuer, counter, forums, dice: Mutex::new(StdRng::seed_from_u64(7)) }
}

/// Signs a person in to a forum from a browser of their own.
async fn visit(town: &Town, place: usize, person: &mut Newcomer, name: &str) {
    let forum = &town.forums[place];
    let mut there = Browser::new(forum.router(), &origin_of(place));
    let mut here = town.service.browser();
    person.sign_in(town, &mut here).await;
    let a_moment =
        || town.service.clock.advance(Duration::from_millis(town.dice.lock().unwrap().random_range(900..15_000)));
    let asked = there.get("/sign-in").await;
    a_moment();
    let mut reply = here.get(asked.location().unwrap()).await;
    let choices = Choices::all(name);
    for _ in 0..2 {
        let text = reply.text();
        a_moment();
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

/// Whether somebody bears one name on the first two forums.
pub(super) const fn bears_one_name(number: usize) -> bool {
    number.is_multiple_of(5)
}

/// Names of 8 to 12 letters; those of one forum have no syllable of another's, but for the names borne on two.
fn name_of(place: usize, number: usize) -> String {
    let style = if place == 1 && bears_one_name(number) { 0 } else { place };
    let consonants = [['b', 'd', 'g'], ['k', 'p', 't'], ['f', 's', 'v']][style];
    let mut rest = number * 3_571 + 100_003;
    let mut name = String::new();
    for _ in 0..4 + number % 3 {
        name.push(consonants[rest % 3]);
        name.push(['a', 'e', 'i', 'o', 'u'][rest / 3 % 5]);
        rest /= 15;
    }
    name[..1].to_uppercase() + &name[1..]
}

/// Who goes where, one sitting after another: those of even numbers to all forums at once, the others to one at a time.
fn sittings() -> Vec<(usize, Vec<usize>)> {
    let mut rng = StdRng::seed_from_u64(3);
    let mut sittings = Vec::new();
    for number in 0..PEOPLE {
        let mut places: Vec<usize> = (0..FORUMS).collect();
        shuffle(&mut places, &mut rng);
        if number.is_multiple_of(2) {
            sittings.push((number, places));
        } else {
            sittings.extend(places.into_iter().map(|place| (number, vec![place])));
        }
    }
    shuffle(&mut sittings, &mut rng);
    sittings
}

fn shuffle<T>(list: &mut [T], rng: &mut StdRng) {
    for at in (1..list.len()).rev() {
        list.swap(at, rng.random_range(0..=at));
    }
}

pub(super) fn origin_of(place: usize) -> String {
    format!("http://127.0.0.1:{}", 8_401 + place)
}

pub(super) const FORUM_NAMES: [&str; FORUMS] = ["Place du marché", "Café des sciences", "Conseil de quartier"];
