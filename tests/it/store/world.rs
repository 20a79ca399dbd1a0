//! Rows to start from. They live as long as the process, so that work on the database can refer to them.

use heteronym::{
    domain::{
        ambient::Timestamp,
        ids::{AccountId, ClientId, ConsentId, FamilyId, GrantId, PersonId, PseudonymId, RegistrarId, Sector},
        secret::{Token, TokenHash},
    },
    store::{
        StoreError, Tx,
        accounts::{self, Account, Holder, Passkey},
        clients::{self, Client},
        consents::{self, Consent},
        grants::{Family, Redemption},
        persons::{self, Person},
        pseudonyms::{self, Pseudonym},
        registrars::{self, Registrar},
        sessions::{self, Session},
    },
};

use super::both::Db;

/// A day, at midnight.
pub(super) const DAY: Timestamp = Timestamp(20_000 * 86_400_000);
/// Some time of that day.
pub(super) const NOW: Timestamp = Timestamp(DAY.0 + 45_296_789);
pub(super) const LATER: Timestamp = Timestamp(NOW.0 + 3_600_000);

/// One person who agreed to one forum, and all that stands behind.
#[derive(Clone, Copy)]
pub(super) struct World {
    pub(super) registrar: &'static Registrar,
    pub(super) person: &'static Person,
    pub(super) account: &'static Account,
    pub(super) sector: &'static Sector,
    pub(super) client: &'static Client,
    pub(super) pseudonym: &'static Pseudonym,
    pub(super) consent: &'static Consent,
}

impl World {
    pub(super) async fn add_to(db: &Db) -> Self {
        let registrar = leak(registrar(1, "Mairie de Grenoble"));
        let person = leak(person(1));
        let sector = leak("forum.example".parse().unwrap());
        let client = leak(client("c_forum", sector));
        let pseudonym = leak(pseudonym(1, person.id, sector, 0));
        let account = leak(account(1, Holder::Citizen(person.id)));
        let consent = leak(consent(1, pseudonym, client));
        let world = Self { registrar, person, account, sector, client, pseudonym, consent };
        db.write(move |tx| Box::pin(world.insert(tx))).await.unwrap();
        world
    }

    async fn insert(self, tx: &mut Tx) -> Result<(), StoreError> {
        registrars::insert(tx, self.registrar).await?;
        persons::insert(tx, self.person).await?;
        accounts::insert(tx, self.account).await?;
        clients::ensure_sector(tx, self.sector, 2, NOW).await?;
        clients::insert(tx, self.client).await?;
        pseudonyms::insert(tx, self.pseudonym).await?;
        consents::insert(tx, self.consent).await?;
        sessions::insert(tx, &session("session")).await
    }

    pub(super) fn redemption(&self, n: u8) -> &'static Redemption {
        leak(Redemption {
            id: GrantId::from_bytes([n; 16]),
            consent_id: self.consent.id,
            client_id: self.client.id.clone(),
            account_id: self.account.id,
            session_tag: [7; 32],
            session: hash("session"),
            sealed: vec![n; 40],
            remove_after: LATER,
        })
    }

    pub(super) fn family(&self, n: u8, redemption: &Redemption) -> &'static Family {
        leak(Family {
            id: FamilyId::from_bytes([n; 16]),
            grant_id: redemption.id,
            client_id: self.client.id.clone(),
            sealed: vec![n; 24],
            remove_after: Timestamp(LATER.0 + 86_400_000),
        })
    }
}

pub(super) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(super) fn hash(text: &str) -> TokenHash {
    Token::presented(text).hash()
}

/// The session of this token.
pub(super) fn session(token: &str) -> Session {
    Session { token_hash: hash(token), account_tag: [3; 32], sealed: vec![1; 40], remove_after: LATER }
}

pub(super) fn registrar(n: u8, name: &str) -> Registrar {
    Registrar {
        id: RegistrarId::from_bytes([n; 16]),
        name: name.to_owned(),
        area: "cog:38185".to_owned(),
        created_on: DAY,
        disabled_at: None,
    }
}

/// A person whom the first registrar enrolled.
pub(super) fn person(n: u8) -> Person {
    Person {
        id: PersonId::from_bytes([n; 16]),
        registrar_id: RegistrarId::from_bytes([1; 16]),
        enrolled_on: DAY,
        renew_by: Timestamp(DAY.0 + 86_400_000),
        departed_on: None,
        facts: vec![n, 0, 255],
        identity: vec![n; 300],
        version: 1,
        changed_at: NOW.minute(),
    }
}

pub(super) fn account(n: u8, holder: Holder) -> Account {
    Account {
        id: AccountId::from_bytes([n; 16]),
        holder,
        login: format!("login-{n}"),
        created_on: DAY,
        disabled_at: None,
    }
}

pub(super) fn passkey(n: u8, account: AccountId) -> Passkey {
    Passkey { credential: vec![n; 20], account_id: account, sealed: vec![n, 1], version: 1 }
}

pub(super) fn client(id: &str, sector: &Sector) -> Client {
    Client {
        id: id.parse::<ClientId>().unwrap(),
        sector: sector.clone(),
        metadata: r#"{"client_name":"Le forum"}"#.to_owned(),
        secret_hash: Some(hash(id)),
        registration_hash: None,
        version: 1,
        created_on: DAY,
        disabled_at: None,
    }
}

pub(super) fn pseudonym(n: u8, person: PersonId, sector: &Sector, slot: u32) -> Pseudonym {
    Pseudonym {
        id: PseudonymId::from_bytes([n; 16]),
        person_id: person,
        sector: sector.clone(),
        slot,
        generation: 0,
        key_version: 1,
        sealed: vec![n; 64],
        version: 1,
        retired_on: None,
    }
}

pub(super) fn consent(n: u8, pseudonym: &Pseudonym, client: &Client) -> Consent {
    Consent {
        id: ConsentId::from_bytes([n; 16]),
        person_id: pseudonym.person_id,
        pseudonym_id: pseudonym.id,
        client_id: client.id.clone(),
        sealed: vec![n; 100],
        withdrawn: None,
    }
}
