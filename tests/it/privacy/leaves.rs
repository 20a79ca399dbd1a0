//! What the issuance log, which anybody may copy for ever, tells of people: nothing that is theirs, nothing that can be guessed, and
//! not which leaves are of one person.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use heteronym::{
    store::StoreError,
    transparency::Owner,
    wire::tlog::{
        Bundle, Hash,
        commitment::field_names,
        leaf::{IssuanceLeaf, OwnerTag},
    },
};
use jiff::civil::Date;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::{Choices, Citizen, Service, facts_of};

/// A few people at two forums; staff has read of each, and the enrolment of the first has ended.
struct Lived {
    people: Vec<Person>,
    leaves: Vec<Vec<u8>>,
    brackets: Vec<String>,
    forums: Vec<String>,
}

struct Person {
    citizen: Citizen,
    birth: Date,
    commune: &'static str,
    /// In words: their commune, their partial name, the name that they chose.
    words: [&'static str; 3],
    owner: Owner,
    /// What each forum was told.
    told: Vec<Value>,
}

/// Birth, commune, its name, partial name, chosen name.
const POPULATION: [(&str, &str, &str, &str, &str); 5] = [
    ("1987-03-02", "cog:38563", "Voiron", "Arnaud R.", "Bagodube"),
    ("1994-07-14", "cog:38185", "Grenoble", "Zoé P.", "Gudabedo"),
    ("1951-12-24", "cog:75056", "Paris", "Louise M.", "Dobagidu"),
    ("1987-11-09", "cog:69123", "Lyon", "Karim B.", "Kapoteki"),
    ("2003-01-31", "cog:29155", "Ouessant", "Maëlle K.", "Tipukota"),
];
const SCOPE: &str = "openid profile age residence";

impl Lived {
    async fn new() -> Self {
        let service = Service::start().await;
        let forums = [service.forum("one.example", SCOPE).await, service.forum("other.example", SCOPE).await];
        let mut people = Vec::new();
        for (birth, commune, label, partial, chosen) in POPULATION {
            let birth: Date = birth.parse().unwrap();
            let citizen = service.enrol(&facts_of(&service, birth, commune, partial)).await;
            let mut told = Vec::new();
            for forum in &forums {
                let tokens = service.sign_in(forum, &citizen, SCOPE, &Choices::all(chosen)).await;
                told.push(service.told(&tokens).await);
            }
            let owner = read_of(&service, &citizen).await;
            people.push(Person { citizen, birth, commune, words: [label, partial, chosen], owner, told });
        }
        let (owners, first) = (service.services.owners.clone(), people[0].citizen.person);
        let revoked = service.services.store.write_logged::<_, StoreError, _>(move |tx| {
            Box::pin(async move { owners.revoke(tx, first, "departed").await })
        });
        revoked.await.unwrap();
        let brackets = service.services.attributes.brackets().brackets().iter().map(ToString::to_string).collect();
        let forums = forums.iter().flat_map(|forum| [forum.id().to_owned(), forum.redirect().to_owned()]).collect();
        Self { people, leaves: leaves(&service).await, brackets, forums }
    }

    /// The texts that belong to people and forums, in every spelling.
    fn personal(&self) -> BTreeSet<String> {
        let mut texts: BTreeSet<String> = self.forums.iter().cloned().collect();
        texts.extend(["one.example", "other.example"].map(str::to_owned));
        texts.extend(self.brackets.iter().cloned());
        for person in &self.people {
            let day = person.birth.to_string();
            texts.extend([person.birth.year().to_string(), day.replace('-', ""), day, person.commune.to_owned()]);
            texts.extend([person.commune.replace("cog:", ""), person.citizen.account.login.clone()]);
            texts.extend(person.words.map(str::to_owned));
            for id in [person.citizen.person.as_bytes(), person.citizen.account.id.as_bytes()] {
                texts.extend([HEXLOWER.encode(id), BASE64.encode(id), BASE64URL_NOPAD.encode(id)]);
            }
            texts.extend(person.told.iter().flat_map(strings).filter(|text| text.len() > 3));
        }
        texts.into_iter().map(|text| text.to_lowercase()).collect()
    }
}

/// A member of the staff reads of somebody: the owner of that leaf.
async fn read_of(service: &Service, citizen: &Citizen) -> Owner {
    let (owners, person) = (service.services.owners.clone(), citizen.person);
    let read = service.services.store.write_logged::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            owners.access(tx, person, "look-up", "officer").await?;
            owners.find(tx, person).await
        })
    });
    read.await.unwrap().unwrap()
}

async fn leaves(service: &Service) -> Vec<Vec<u8>> {
    let logs = &service.services.transparency;
    let log = logs.issuance_log().unwrap();
    let bundle = Bundle::in_tree(0, logs.head(log).await.unwrap().unwrap().size).unwrap();
    let bytes = logs.entries(log, bundle).await.unwrap().unwrap();
    bundle.decode(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

/// All texts in a document.
fn strings(document: &Value) -> Vec<String> {
    match document {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Members of a leaf that hide what they are of.
const HIDDEN: [&str; 6] = ["owner", "commitment", "token", "slot", "identity", "signature"];
/// Members that name an institution, or the enrolment that a leaf is about.
const NAMED: [&str; 4] = ["kid", "registrar", "key", "enrol"];

/// A leaf without what hides and names: what is left to be read.
fn plain(leaf: &[u8]) -> Value {
    let mut leaf: Value = serde_json::from_slice(leaf).unwrap();
    leaf.as_object_mut().unwrap().retain(|name, _| !HIDDEN.contains(&&**name) && !NAMED.contains(&&**name));
    leaf
}

/// Which of the texts stand in a leaf. Four characters may stand in a hash by chance.
fn told_by(leaf: &[u8], texts: &BTreeSet<String>) -> Vec<String> {
    let [whole, plain] =
        [String::from_utf8(leaf.to_vec()).unwrap(), plain(leaf).to_string()].map(|text| text.to_lowercase());
    let stands = |text: &&String| plain.contains(text.as_str()) || (text.len() >= 8 && whole.contains(text.as_str()));
    texts.iter().filter(stands).cloned().collect()
}

#[tokio::test]
async fn no_leaf_says_anything_of_a_person_or_a_forum() {
    let lived = Lived::new().await;
    let personal = lived.personal();
    assert!(lived.leaves.len() > 5 * (1 + 2 * 2), "{} leaves", lived.leaves.len());
    for leaf in &lived.leaves {
        assert_eq!(told_by(leaf, &personal), Vec::<String>::new(), "{}", String::from_utf8_lossy(leaf));
    }
    for planted in [r#"{"kind":"issue","year":1987}"#, r#"{"kid":"cog:38563"}"#, r#"{"owner":"x bagodube"}"#] {
        assert!(!told_by(planted.as_bytes(), &personal).is_empty(), "the search finds {planted}");
    }
}

#[tokio::test]
async fn two_leaves_of_one_kind_differ_only_in_what_hides_and_share_nothing_of_that() {
    let lived = Lived::new().await;
    let mut kinds: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut seen: HashSet<[u8; 8]> = HashSet::new();
    for leaf in &lived.leaves {
        let kind = IssuanceLeaf::parse(leaf).unwrap().kind();
        kinds.entry(kind).or_default().insert(plain(leaf).to_string());
        let members: Value = serde_json::from_slice(leaf).unwrap();
        let hidden = HIDDEN.iter().filter_map(|name| members[name].as_str());
        let hidden = hidden.map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap());
        let runs: HashSet<[u8; 8]> =
            hidden.flat_map(|bytes| bytes.windows(8).map(|run| run.try_into().unwrap()).collect::<Vec<_>>()).collect();
        assert!(runs.len() >= 9 + 25, "an owner tag and a commitment at least");
        for run in runs {
            assert!(seen.insert(run), "eight bytes stand in two leaves");
        }
    }
    for kind in ["nym", "issue", "revoke", "access"] {
        assert_eq!(kinds[kind].len(), 1, "{:?}", kinds[kind]);
    }
}

#[tokio::test]
async fn whoever_guesses_every_value_opens_no_leaf_without_the_secret_of_its_person() {
    let lived = Lived::new().await;
    let guesses = Guesses::of(&lived);
    let parsed: Vec<_> = lived.leaves.iter().map(|leaf| IssuanceLeaf::parse(leaf).unwrap()).collect();
    let mut opened = vec![0; lived.people.len()];
    for (index, leaf) in parsed.iter().enumerate() {
        let (kind, owner, commitment) = (leaf.kind(), leaf.facts.owner(), leaf.facts.commitment());
        let another = parsed[(index + 1) % parsed.len()].facts.owner();
        let salted = |salt: &dyn Fn(&str) -> [u8; 32]| guesses.open(kind, commitment, salt);
        let tag = owner.as_bytes();
        let public: [[u8; 32]; 3] = [[0; 32], [*tag, [0; 16]].concat().try_into().unwrap(), Sha256::digest(tag).into()];
        assert!(!public.iter().any(|salt| salted(&|_| *salt)), "{kind}: with a salt that anybody has");
        for person in &lived.people {
            let by = |tag: OwnerTag, name: &str| *person.owner.secret().salt(tag, name).expose();
            assert!(!salted(&|name| by(another, name)), "{kind}: with the salts of another leaf");
        }
        let own: Vec<_> = (0..lived.people.len())
            .filter(|person| salted(&|name| *lived.people[*person].owner.secret().salt(owner, name).expose()))
            .collect();
        assert_eq!(own.len(), 1, "{kind}: the guesses hold the true values, and one secret opens them");
        opened[own[0]] += 1;
    }
    assert!(opened.iter().all(|leaves| *leaves >= 5), "{opened:?}");
}

/// All that somebody would try who knows everybody, and the enrolment of each.
struct Guesses(BTreeMap<&'static str, Vec<String>>);

impl Guesses {
    fn of(lived: &Lived) -> Self {
        let unknown = || vec![String::new()];
        let mut areas: BTreeSet<String> = lived.people.iter().map(|person| person.commune.to_owned()).collect();
        let told = |claim: &str| {
            let all = lived.people.iter().flat_map(|person| &person.told);
            all.filter_map(|told| told[claim].as_str()).map(str::to_owned).collect::<Vec<_>>()
        };
        areas.extend(told("residence"));
        let years: BTreeSet<String> = lived.people.iter().map(|person| person.birth.year().to_string()).collect();
        let enrolments = lived.people.iter().map(|person| person.owner.enrolment().to_string());
        Self(BTreeMap::from([
            ("bracket", [unknown(), lived.brackets.clone(), told("age_bracket")].concat()),
            ("birth_year", unknown().into_iter().chain(years).collect()),
            ("area", unknown().into_iter().chain(areas).collect()),
            ("enrol", enrolments.collect()),
        ]))
    }

    /// Whether any of them is what a leaf is bound to, under these salts (`specs/log.md` §5, worked out here anew).
    fn open(&self, kind: &str, commitment: Hash, salt: &dyn Fn(&str) -> [u8; 32]) -> bool {
        let mut level: Vec<Vec<Hash>> = Vec::new();
        for name in field_names(kind).unwrap().iter().copied() {
            let salt = salt(name);
            let entry = |value: &String| Hash::of_leaf(&[&lp(name), salt.as_slice(), &lp(value)].concat());
            level.push(self.0[name].iter().map(entry).collect());
        }
        while level.len() > 1 {
            let both = |pair: &[Vec<Hash>]| {
                let left = pair[0].iter();
                left.flat_map(move |left| pair[1].iter().map(|right| Hash::of_children(*left, *right))).collect()
            };
            level = level.chunks(2).map(both).collect();
        }
        level[0].contains(&commitment)
    }
}

fn lp(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}
