//! The people of the demonstration: three who wait to be activated, the neighbours without whom nobody would be one of
//! many, an officer and an auditor. All are invented.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Services;
use crate::proofing::{By, EnrolError, OfficeKey, Proofing, Text, Typed};

/// Somebody who waits to be activated.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    /// A word for whom it is, which only this demonstration knows.
    pub(super) who: String,
    pub(super) login: String,
    pub(super) activation_code: String,
    pub(super) activation_url: String,
}

/// Somebody who works for the service.
#[derive(Serialize, Deserialize)]
pub(super) struct Staff {
    pub(super) login: String,
    pub(super) activation_code: String,
    pub(super) activation_url: String,
}

/// Opens an office, enrols everybody, and gives the officer an account.
pub(super) async fn enrol(services: &Services, key: &OfficeKey) -> anyhow::Result<(Staff, Vec<Waiting>)> {
    let proofing = &services.proofing;
    let office = proofing.add_office(OFFICE, "FR-38").await?;
    proofing.accredit(office.id, key.public()).await?;
    let by = By::operator(office.id);
    let mut waiting = Vec::new();
    for person in &WAITING {
        let enrolled = proofing.enrol(by, &person.typed(), &proofing.attempt(), key).await?;
        waiting.push(Waiting {
            who: person.who.to_owned(),
            login: enrolled.login.grouped(),
            activation_url: services.activation_url(&enrolled.code),
            activation_code: enrolled.code.grouped(),
        });
    }
    let officer = proofing.add_officer(office.id).await?;
    let registrar = Staff {
        login: officer.login.grouped(),
        activation_code: officer.code.grouped(),
        activation_url: services.activation_url(&officer.code),
    };
    Ok((registrar, waiting))
}

/// The key of the town hall. A real one is never here: it is made in the office, which alone has it, and this service knows its
/// public part. In a demonstration nobody sits in that office.
pub(super) fn office_key(data: &Path) -> anyhow::Result<OfficeKey> {
    let file = data.join("town-hall.key");
    if let Ok(text) = fs::read_to_string(&file) {
        return Ok(OfficeKey::from_pem(&Zeroizing::new(text))?);
    }
    let key = OfficeKey::generate()?;
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
    made.write_all(key.to_pem()?.as_bytes())?;
    Ok(key)
}

pub(super) async fn auditor(services: &Services) -> anyhow::Result<Staff> {
    let auditor = services.sampling.add_auditor(AUDITOR).await?;
    let activation_url = services.activation_url(&auditor.code);
    Ok(Staff { login: auditor.login.grouped(), activation_code: auditor.code.grouped(), activation_url })
}

/// Enrols the people around, so that a bracket and a département are shared by many. They come while the demonstration
/// already runs, one after the other, so that nobody has to wait for them; those who had no time to come before it ended come
/// when it is started again.
pub(super) async fn neighbours(proofing: Proofing, key: Arc<OfficeKey>, shutdown: impl Future<Output = ()>) {
    tokio::select! {
        () = shutdown => {}
        come = all_come(&proofing, &key) => {
            if let Err(error) = come {
                tracing::warn!(%error, "the neighbours do not all come");
            }
        }
    }
}

async fn all_come(proofing: &Proofing, key: &OfficeKey) -> anyhow::Result<()> {
    let by = By::operator(proofing.office_named(OFFICE).await?.id);
    for n in 0..NEIGHBOURS {
        match proofing.enrol(by, &neighbour(n), &proofing.attempt(), key).await {
            Ok(_) | Err(EnrolError::AlreadyEnrolled) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The `n`th neighbour: nobody else has their birth date.
fn neighbour(n: usize) -> Typed {
    let pick =
        |list: &[&str], n: usize| -> Text { list.get(n % list.len()).copied().unwrap_or_default().to_owned().into() };
    Typed {
        family_name: pick(&FAMILY_NAMES, n / GIVEN_NAMES.len()),
        given_names: pick(&GIVEN_NAMES, n),
        birth_date: format!("{:02}/{:02}/{}", 1 + n % 28, 1 + n % 12, 1936 + n % 70).into(),
        sex: if n.is_multiple_of(2) { "f" } else { "m" }.to_owned().into(),
        commune: pick(&COMMUNES, n / 3),
        document_kind: "identity_card".to_owned().into(),
        document_number: format!("{:06}NB{:04}", 220_000 + n, n).into(),
        ..Typed::default()
    }
}

struct Person {
    who: &'static str,
    family_name: &'static str,
    given_names: &'static str,
    birth_date: &'static str,
    sex: &'static str,
    commune: &'static str,
    document_number: &'static str,
    agent_until: &'static str,
}

impl Person {
    fn typed(&self) -> Typed {
        Typed {
            family_name: self.family_name.to_owned().into(),
            given_names: self.given_names.to_owned().into(),
            birth_date: self.birth_date.to_owned().into(),
            sex: self.sex.to_owned().into(),
            commune: self.commune.to_owned().into(),
            document_kind: "identity_card".to_owned().into(),
            document_number: self.document_number.to_owned().into(),
            agent_until: self.agent_until.to_owned().into(),
            ..Typed::default()
        }
    }
}

/// What a newcomer reads in the terminal.
pub(super) fn welcome(
    issuer: &str,
    forums: &[String; 2],
    people: &[Waiting],
    registrar: &Staff,
    data: &Path,
) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let [first, second] = forums;
    let _ = writeln!(text, "\nHeteronym is up.\n");
    let _ = writeln!(text, "  1. Activate one of these people, with a passkey or a passphrase:\n");
    for person in people {
        let _ = writeln!(text, "       {}\n         {}", person.who, person.activation_url);
    }
    let _ = writeln!(text, "\n  2. Enter a forum with \"Se connecter avec Heteronym\" and post:\n");
    let _ = writeln!(
        text,
        "       {first}    Place de la Mairie\n       {second}    Le Comptoir: here you are somebody else"
    );
    let _ = writeln!(text, "\n  3. See and withdraw what they know: {issuer}/account/forums");
    let _ = writeln!(text, "\n  The counter, for an officer (sign-in name {}):", registrar.login);
    let _ = writeln!(text, "       {}", registrar.activation_url);
    let _ = writeln!(text, "       {issuer}/registrar/key    first: the key of this workstation");
    let _ = writeln!(text, "\n  All of this stands in {}. End with Ctrl-C.\n", data.join("demo.json").display());
    text
}

const WAITING: [Person; 3] = [
    Person {
        who: "a woman of Grenoble, in her thirties",
        family_name: "Moreau",
        given_names: "Camille Jeanne",
        birth_date: "14/05/1991",
        sex: "f",
        commune: "38185",
        document_number: "880692310285",
        agent_until: "",
    },
    Person {
        who: "an agent of the town, in his fifties",
        family_name: "Lefebvre-Durand",
        given_names: "Hervé",
        birth_date: "02/11/1972",
        sex: "m",
        commune: "38185",
        document_number: "X4RTBPFW4",
        agent_until: "31/12/2030",
    },
    Person {
        who: "a young woman of Voiron, sixteen years old",
        family_name: "Ben Saïd",
        given_names: "Inès",
        birth_date: "23/09/2010",
        sex: "f",
        commune: "38563",
        document_number: "D2H6862M2",
        agent_until: "",
    },
];

const OFFICE: &str = "Mairie de Grenoble";
const AUDITOR: &str = "La Gazette du Dauphiné";
const NEIGHBOURS: usize = 240;
const GIVEN_NAMES: [&str; 20] = [
    "Alice",
    "Bruno",
    "Chloé",
    "David",
    "Élodie",
    "Farid",
    "Gaëlle",
    "Hugo",
    "Irène",
    "Jules",
    "Karima",
    "Louis",
    "Manon",
    "Noé",
    "Odile",
    "Paul",
    "Quitterie",
    "Rémi",
    "Sophie",
    "Théo",
];
const FAMILY_NAMES: [&str; 21] = [
    "Arnaud",
    "Bernard",
    "Chevalier",
    "Dupuis",
    "Étienne",
    "Faure",
    "Garnier",
    "Henry",
    "Imbert",
    "Joly",
    "Klein",
    "Leroux",
    "Mercier",
    "Nicolas",
    "Olivier",
    "Perrin",
    "Quentin",
    "Roussel",
    "Schmitt",
    "Tessier",
    "Vidal",
];
const COMMUNES: [&str; 6] = ["38185", "38563", "38421", "38151", "38544", "38053"];
