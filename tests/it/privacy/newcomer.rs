//! One person of the town, from the counter to their sign-ins: enrolled by an officer with their true name, their account
//! opened with the code on the sheet by a passphrase or a passkey, or found open.

use heteronym::{
    accounts::{Grounds, InviteCode, NewSession, PaperCode},
    proofing::{By, OfficeKey, Typed},
    store::{StoreError, accounts as rows},
};
use jiff::civil::Date;

use super::town::{FORUMS, Secrets, Town};
use crate::{
    accounts::authenticator::Authenticator,
    harness::{Browser, Citizen, Service},
};

/// A person who has been enrolled.
pub(super) struct Newcomer {
    pub(super) citizen: Citizen,
    pub(super) secrets: Secrets,
    code: InviteCode,
    door: Door,
    is_open: bool,
}

/// With what somebody comes in.
enum Door {
    Passphrase(String),
    Passkey(Authenticator),
    /// A session without a sign-in: that spares the town some minutes.
    Session,
}

impl Newcomer {
    /// Enrols a person whose name and papers are like nobody else's.
    pub(super) async fn enrol(town: &Town, number: usize) -> Self {
        let services = &town.service.services;
        let year = 1940 + i16::try_from(number % 65).unwrap();
        let born = Date::constant(year, i8::try_from(1 + number % 12).unwrap(), i8::try_from(1 + number % 28).unwrap());
        let (family, given) = (format!("Quixo{}", letters(number, 5)), format!("Zephy{}", letters(number, 4)));
        let document = format!("{:09}AB", 700_000_000 + number * 7_919);
        let (commune, commune_code) = COMMUNES[number % COMMUNES.len()];
        let typed = Typed {
            family_name: family.as_str().into(),
            given_names: given.as_str().into(),
            birth_date: born.to_string().into(),
            sex: ["", "m", "f"][number % 3].into(),
            commune: commune.into(),
            commune_code: commune_code.into(),
            document_kind: "passport".into(),
            document_number: document.as_str().into(),
            agent_until: if number.is_multiple_of(10) { "31/12/2027" } else { "" }.into(),
            ..Typed::default()
        };
        let enrolled =
            services.proofing.enrol(town.counter, &typed, &services.proofing.attempt(), &town.office_key).await;
        let enrolled = enrolled.unwrap_or_else(|error| panic!("person {number}: {error}"));
        let login = enrolled.login.as_str().to_owned();
        let find = services.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { rows::find_by_person(tx, enrolled.person).await })
        });
        let account = find.await.unwrap().unwrap();
        assert_eq!(account.login, login);
        let (door, kept) = match number % 10 {
            1 => {
                let passphrase = format!("{family} mange des tortues {given}");
                (Door::Passphrase(passphrase.clone()), vec![passphrase])
            }
            2 => (Door::Passkey(Authenticator::phone()), Vec::new()),
            _ => (Door::Session, Vec::new()),
        };
        let secrets = Secrets {
            person: *enrolled.person.as_bytes(),
            partial: format!("{given} Q."),
            family,
            given,
            born: born.to_string(),
            document,
            login,
            activation: enrolled.code.canonical(),
            kept,
            names: vec![String::new(); FORUMS],
            subjects: Vec::new(),
        };
        Self {
            citizen: Citizen { person: enrolled.person, account },
            secrets,
            code: enrolled.code,
            door,
            is_open: false,
        }
    }

    /// Comes in: opens the account the first time, signs in from then on.
    pub(super) async fn sign_in(&mut self, town: &Town, browser: &mut Browser) {
        let session = if self.is_open { self.come_back(town).await } else { self.open(town).await };
        self.is_open = true;
        browser.hold_session(session.token.expose());
    }

    async fn open(&mut self, town: &Town) -> NewSession {
        let accounts = &town.service.services.accounts;
        let opened = accounts.open_code(&self.code.grouped()).await.unwrap();
        let grounds = Grounds::Code(opened);
        match &mut self.door {
            Door::Passphrase(passphrase) => {
                let session = accounts.set_passphrase(grounds, passphrase, DEVICE, None).await.unwrap();
                let codes = accounts.new_paper_codes(&session.signed_in).await.unwrap();
                self.secrets.kept.extend(codes.iter().map(PaperCode::canonical));
                session
            }
            Door::Passkey(device) => {
                let options = accounts.start_passkey(&grounds, HERE).await.unwrap();
                let answer = device.create(&options, &town.issuer).to_string();
                let label = format!("Le sien, à {}", self.secrets.family);
                accounts.finish_passkey(&answer, &label, HERE, DEVICE, None).await.unwrap()
            }
            Door::Session => self.citizen.begin_session(&town.service).await,
        }
    }

    async fn come_back(&mut self, town: &Town) -> NewSession {
        let accounts = &town.service.services.accounts;
        match &mut self.door {
            Door::Passphrase(passphrase) => {
                let mistyped = passphrase.to_uppercase();
                assert!(accounts.sign_in_with_passphrase(&self.secrets.login, &mistyped, DEVICE, None).await.is_err());
                accounts.sign_in_with_passphrase(&self.secrets.login, passphrase, DEVICE, None).await.unwrap()
            }
            Door::Passkey(device) => {
                let options = accounts.start_sign_in(None, HERE).await.unwrap();
                let answer = device.get(&options, &town.issuer).to_string();
                accounts.sign_in_with_passkey(&answer, HERE, DEVICE, None).await.unwrap()
            }
            Door::Session => self.citizen.begin_session(&town.service).await,
        }
    }
}

/// Opens an office with one officer, for all of France.
pub(super) async fn open_counter(service: &Service) -> (By, OfficeKey) {
    let proofing = &service.services.proofing;
    let office = proofing.add_office("Mairie de Voiron", "FR").await.unwrap();
    let key = OfficeKey::generate().unwrap();
    proofing.accredit(office.id, key.public()).await.unwrap();
    let invited = proofing.add_officer(office.id).await.unwrap();
    let login = invited.login.as_str().to_owned();
    let find = service
        .services
        .store
        .read::<_, StoreError, _>(move |tx| Box::pin(async move { rows::find_by_login(tx, &login).await }));
    (By { office: office.id, officer: Some(find.await.unwrap().unwrap().id) }, key)
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

const DEVICE: &str = "Firefox · Linux";
/// The secret of the browser in which a ceremony was begun.
const HERE: [u8; 32] = [7; 32];
const COMMUNES: [(&str, &str); 6] = [
    ("Voiron", "cog:38563"),
    ("Grenoble", "cog:38185"),
    ("Paris", "cog:75056"),
    ("Lyon", "cog:69123"),
    ("Redon", "cog:35236"),
    ("Ouessant", "cog:29155"),
];
