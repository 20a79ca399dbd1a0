//! Every kind of leaf in its one spelling, as an independent program writes it, and everything beside that refused.

use std::{collections::BTreeMap, ops::Range};

use data_encoding::HEXLOWER;
use proptest::{collection::vec, option, prelude::*};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::*;
use crate::wire::tlog::{
    Hash,
    commitment::{Fields, Opening, field_names},
    owner::{LogSecret, OwnerKey},
    slot::{self, SlotKey, SlotProof},
};

/// `tests/vectors/log.json`.
#[derive(Deserialize)]
struct Vectors {
    owners: Vec<Derived>,
    commitments: Vec<Committed>,
    slots: Vec<Placed>,
    enrol: Signed,
    leaves: Vec<Written>,
}

#[derive(Deserialize)]
struct Derived {
    secret: String,
    keys: Vec<Keyed>,
    owner: String,
    salts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Keyed {
    #[serde(default)]
    sector: Option<String>,
    #[serde(default)]
    slot: u32,
    #[serde(default)]
    generation: u32,
    key: String,
    tags: Vec<(u64, String)>,
}

#[derive(Deserialize)]
struct Committed {
    kind: String,
    secret: String,
    owner: String,
    values: Vec<String>,
    root: String,
    openings: Vec<Opening>,
}

#[derive(Deserialize)]
struct Placed {
    public: String,
    person: String,
    sector: String,
    slot: u32,
    input: String,
    tag: String,
    proof: String,
}

#[derive(Deserialize)]
struct Signed {
    point: String,
    message: String,
}

#[derive(Deserialize)]
struct Written {
    log: String,
    text: String,
    hash: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../tests/vectors/log.json")).unwrap()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

fn secret(hex: &str) -> LogSecret {
    LogSecret::from_bytes(Zeroizing::new(bytes(hex)))
}

/// Reads a leaf of either log and writes it again.
fn rewritten(log: &str, text: &str) -> Result<Vec<u8>, LeafError> {
    match log {
        "issuance" => IssuanceLeaf::parse(text.as_bytes())?.to_bytes(),
        _ => RegistryLeaf::parse(text.as_bytes())?.to_bytes(),
    }
}

fn enrol() -> (Hour, Enrol, RegistrarKey) {
    let Vectors { leaves, enrol, .. } = vectors();
    let leaf = IssuanceLeaf::parse(leaves[0].text.as_bytes()).unwrap();
    let Issuance::Enrol(facts) = leaf.facts else { panic!("the first leaf is an enrolment") };
    (leaf.hour, facts, RegistrarKey::new(&bytes::<65>(&enrol.point)).unwrap())
}

#[test]
fn every_kind_is_read_and_written_as_an_independent_program_writes_it() {
    let Vectors { leaves, .. } = vectors();
    for Written { log, text, hash } in &leaves {
        assert_eq!(rewritten(log, text).as_deref(), Ok(text.as_bytes()), "{text}");
        assert_eq!(Hash::of_leaf(text.as_bytes()), Hash::from_bytes(bytes(hash)));
        let other = if log == "issuance" { "registry" } else { "issuance" };
        assert_eq!(rewritten(other, text), Err(LeafError::Kind), "one log has no kind of the other");
    }
    let has = |log: &str, kind: &str| {
        let begin = format!(r#"{{"v":1,"kind":"{kind}","#);
        leaves.iter().any(|leaf| leaf.log == log && leaf.text.starts_with(&begin))
    };
    assert!(Issuance::KINDS.iter().all(|kind| has("issuance", kind)));
    assert!(Registry::KINDS.iter().all(|kind| has("registry", kind)), "a kind has no vector");
}

#[test]
fn owner_keys_tags_and_salts_are_those_of_the_independent_program() {
    for Derived { secret, keys, owner, salts } in vectors().owners {
        let secret = self::secret(&secret);
        for Keyed { sector, slot, generation, key, tags } in keys {
            let derived = sector.map_or_else(|| secret.person(), |sector| secret.pseudonym(&sector, slot, generation));
            assert_eq!(derived.expose(), &bytes(&key));
            for (n, tag) in tags {
                assert_eq!(derived.tag(n), OwnerTag::from_bytes(bytes(&tag)), "{n}");
                assert_eq!(OwnerKey::from_bytes(Zeroizing::new(bytes(&key))).tag(n), derived.tag(n));
            }
        }
        for (field, salt) in salts {
            assert_eq!(secret.salt(OwnerTag::from_bytes(bytes(&owner)), &field).expose(), &bytes(&salt), "{field}");
        }
    }
}

#[test]
fn commitments_and_openings_are_those_of_the_independent_program() {
    for Committed { kind, secret, owner, values, root, openings } in vectors().commitments {
        let of = |name| field_names(&kind).unwrap().iter().position(|of| *of == name).map(|at| values[at].as_str());
        let birth_year = of("birth_year").and_then(|year| year.parse().ok());
        let enrol = || of("enrol").unwrap().parse().unwrap();
        let fields = match kind.as_str() {
            "enrol" => Fields::Enrol { birth_year, area: of("area").unwrap() },
            "issue" => {
                Fields::Issue { bracket: of("bracket").unwrap(), birth_year, area: of("area").unwrap(), enrol: enrol() }
            }
            "nym" => Fields::Nym { enrol: enrol() },
            "revoke" => Fields::Revoke { enrol: enrol() },
            _ => Fields::Access { enrol: enrol() },
        };
        let commitment = fields.commit(&self::secret(&secret), OwnerTag::from_bytes(bytes(&owner))).unwrap();
        assert_eq!(commitment.root(), Hash::from_bytes(bytes(&root)), "{kind}");
        assert_eq!(openings.len(), field_names(&kind).unwrap().len());
        for opening in openings {
            assert!(commitment.open(opening.name.as_str()) == Some(opening.clone()), "{opening:?}");
            assert_eq!(opening.verify(&kind, commitment.root()), Ok(()));
        }
    }
}

#[test]
fn slot_tags_of_the_independent_program_verify() {
    for Placed { public, person, sector, slot, input, tag, proof } in vectors().slots {
        let (key, person) = (SlotKey::from_bytes(bytes(&public)).unwrap(), bytes(&person));
        assert_eq!(HEXLOWER.encode(&slot::input(&person, &sector, slot)), input);
        let verified = key.verify(&person, &sector, slot, &SlotProof::from_bytes(bytes(&proof)));
        assert_eq!(verified, Ok(SlotTag::from_bytes(bytes(&tag))));
    }
}

#[test]
fn a_registrar_signs_the_very_leaf_and_any_change_breaks_it() {
    let (hour, good, key) = enrol();
    assert_eq!(String::from_utf8(good.message(hour)).unwrap(), vectors().enrol.message);
    assert!(good.is_signed_by(hour, &key));
    assert!(!good.is_signed_by(Hour::from_millis(hour.millis() - 1), &key));
    let other = RegistrarKey::new(&bytes::<65>(BASE_POINT)).unwrap();
    assert!(!good.is_signed_by(hour, &other));
    assert!(!Enrol { key: other.id(), ..good.clone() }.is_signed_by(hour, &other));
    let edits: [fn(&mut Enrol); 8] = [
        |leaf| leaf.registrar = RegistrarId::from_bytes([0; 16]),
        |leaf| leaf.level = "remote".parse().unwrap(),
        |leaf| leaf.expires = "2031-12".parse().unwrap(),
        |leaf| leaf.identity = Hash::of_empty_tree(),
        |leaf| leaf.owner = OwnerTag::from_bytes([0; 16]),
        |leaf| leaf.commitment = Hash::of_empty_tree(),
        |leaf| leaf.key = SigningKeyId::from_bytes([0; 16]),
        |leaf| leaf.signature = Signature::from_bytes([0; 64]),
    ];
    for (at, edit) in edits.into_iter().enumerate() {
        let mut changed = good.clone();
        edit(&mut changed);
        assert!(!changed.is_signed_by(hour, &key), "{at}");
    }
    for bit in 0..512 {
        let mut signature = *good.signature.as_bytes();
        signature[bit / 8] ^= 1 << (bit % 8);
        let changed = Enrol { signature: Signature::from_bytes(signature), ..good.clone() };
        assert_eq!(changed.message(hour), good.message(hour), "the signature is not under itself");
        assert!(!changed.is_signed_by(hour, &key), "{bit}");
    }
}

/// SP 800-186 §3.2.1.3: a point of P-256 that signed nothing here.
const BASE_POINT: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                          4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

#[test]
fn a_key_that_is_not_on_the_curve_or_not_under_its_id_is_none() {
    let point: [u8; 65] = bytes(BASE_POINT);
    let key = RegistrarKey::new(&point).unwrap();
    let written = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<RegistrarKey>(&written).unwrap(), key);
    let other = written.replace(&key.id().to_string(), &SigningKeyId::from_bytes([1; 16]).to_string());
    assert!(serde_json::from_str::<RegistrarKey>(&other).is_err());
    let mut off = point;
    off[64] ^= 1;
    assert!(RegistrarKey::new(&off).is_err() && RegistrarKey::new(&point[1..]).is_err());
    assert!(RegistrarKey::new(&[&[2], &point[1..33]].concat()).is_err(), "a compressed point has another id");
}

/// The members of every object in a JSON text, as ranges of it.
fn objects(text: &str) -> Vec<Vec<Range<usize>>> {
    let (mut open, mut found, mut quoted, mut escaped): (Vec<(u8, Vec<usize>)>, _, _, _) =
        (vec![], vec![], false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => open.push((byte, vec![at + 1])),
            b',' => open.last_mut().unwrap().1.push(at + 1),
            b'}' | b']' => {
                let (bracket, starts) = open.pop().unwrap();
                let ends = starts[1..].iter().map(|next| next - 1).chain([at]);
                let members: Vec<_> = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
                if bracket == b'{' && members[0].len() > 1 {
                    found.push(members);
                }
            }
            _ => {}
        }
    }
    found
}

/// Every text in which one object has other members, with what was done.
fn with_other_members(text: &str) -> Vec<(&'static str, String)> {
    let mut changed = Vec::new();
    for members in objects(text) {
        let (start, end) = (members[0].start, members.last().unwrap().end);
        let all: Vec<_> = members.iter().map(|range| &text[range.clone()]).collect();
        let mut put = |what, members: &[&str]| {
            changed.push((what, [&text[..start], &members.join(","), &text[end..]].concat()));
        };
        // Settings are free: whatever is added or left out, is not there.
        let is_free = text[..start].ends_with(r#""settings":{"#);
        for at in 0..all.len() {
            let (before, after) = all.split_at(at);
            put("doubled", &[before, &[all[at]], after].concat());
            put("repeated at the end", &[&all[..], &[all[at]]].concat());
            if at > 0 {
                put("reordered", &[&before[..at - 1], &[all[at], all[at - 1]], &after[1..]].concat());
            }
            if !is_free {
                let (name, value) = all[at].split_once(':').unwrap();
                put("removed", &[before, &after[1..]].concat());
                put("added", &[before, &[r#""extra":1"#], after].concat());
                put("added", &[&all[..], &[r#""extra":null"#]].concat());
                put(
                    "renamed",
                    &[before, &[&format!("{}X\":{value}", name.trim_end_matches('"'))], &after[1..]].concat(),
                );
                if !matches!(name, r#""not_after""#) && value != "null" {
                    put("null", &[before, &[&format!("{name}:null")], &after[1..]].concat());
                }
                if name != r#""final""# {
                    put("of another type", &[before, &[&format!("{name}:true")], &after[1..]].concat());
                }
                put("of another type", &[before, &[&format!("{name}:1.5")], &after[1..]].concat());
            }
        }
    }
    changed
}

#[test]
fn a_member_that_is_missing_doubled_moved_unknown_or_of_another_type_makes_it_no_leaf() {
    for Written { log, text, .. } in vectors().leaves {
        let changed = with_other_members(&text);
        assert!(changed.len() > 40, "{text}");
        for (what, changed) in changed {
            assert!(rewritten(&log, &changed).is_err(), "{what}: {changed}");
        }
    }
}

#[test]
fn another_spelling_of_the_same_leaf_is_refused() {
    for Written { log, text, .. } in vectors().leaves {
        let (mut quoted, mut escaped) = (false, false);
        for (at, byte) in text.bytes().enumerate() {
            let refuse = |put: &str| {
                let changed = [&text[..at], put, &text[at..]].concat();
                assert!(rewritten(&log, &changed).is_err(), "{changed}");
            };
            if !quoted {
                refuse(" ");
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                b'a'..=b'z' if quoted => {
                    let changed = format!("{}\\u{byte:04x}{}", &text[..at], &text[at + 1..]);
                    assert!(rewritten(&log, &changed).is_err(), "{changed}");
                }
                b'0'..=b'9' if !quoted && !text.as_bytes()[at - 1].is_ascii_digit() => {
                    refuse("0");
                    refuse("+");
                    refuse("-");
                }
                _ => {}
            }
        }
        for changed in [format!("{text}\n"), format!("\u{feff}{text}"), format!("{text}{{}}"), format!("[{text}]")] {
            assert!(rewritten(&log, &changed).is_err());
        }
        for cut in 0..text.len() {
            assert!(text.get(..cut).is_none_or(|cut| rewritten(&log, cut).is_err()));
        }
    }
    assert_eq!(IssuanceLeaf::parse(b"{\"v\":1,\"kind\":\"\xff"), Err(LeafError::Header));
}

#[test]
fn version_kind_and_hour_stand_in_front() {
    let Written { text, .. } = &vectors().leaves[3];
    let parse = |from: &str, to: &str| IssuanceLeaf::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!(parse(r#""v":1"#, r#""v":2"#), LeafError::Header);
    assert_eq!(parse(r#""v":1"#, r#""v":01"#), LeafError::Header);
    assert_eq!(parse("access", "lift.request"), LeafError::Kind);
    assert_eq!(parse("access", "nym"), LeafError::Members);
    assert_eq!(parse("T20Z", "T20:00Z"), LeafError::Header);
    assert_eq!(parse("T20Z", "T25Z"), LeafError::Header);
    assert_eq!(parse(r#""purpose":"#, r#""purpose" :"#), LeafError::Spelling);
    assert_eq!(parse("renewal", "a person"), LeafError::Members);
}

#[test]
fn members_that_do_not_go_together_are_neither_read_nor_written() {
    let leaves = vectors().leaves;
    let refuse = |kind: &str, from: &str, to: &str| {
        let begin = format!(r#"{{"v":1,"kind":"{kind}","#);
        let of_kind = leaves.iter().filter(|leaf| leaf.text.starts_with(&begin) && leaf.text.contains(from));
        let mut found = of_kind.map(|leaf| leaf.text.replacen(from, to, 1)).peekable();
        assert!(found.peek().is_some(), "{from}");
        for text in found {
            assert_eq!(RegistryLeaf::parse(text.as_bytes()), Err(LeafError::Members), "{text}");
        }
    };
    refuse("genesis", r#""kid":"kPrK"#, r#""kid":"kPrL"#);
    refuse("genesis", r#""brackets":["Y_LT18","Y18-24","Y25-29","Y30-39","Y_GE40"]"#, r#""brackets":[]"#);
    refuse("key", r#""act":"active""#, r#""act":"retired""#);
    refuse("key", r#""act":"retired""#, r#""act":"active""#);
    refuse(
        "key",
        r#""kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","algorithm":"Ed25519","public":{"#,
        r#""kid":"kPrL_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","algorithm":"Ed25519","public":{"#,
    );
    refuse("key", r#""not_after":"2027-03-07T20Z""#, r#""not_after":"2026-12-06T20Z""#);
    refuse("registrar", r#""act":"accredited""#, r#""act":"withdrawn""#);
    refuse("client", r#""heteronyms_per_person":1"#, r#""heteronyms_per_person":0"#);
    refuse("custodians", r#""threshold":3"#, r#""threshold":6"#);
    refuse("custodians", r#""threshold":3"#, r#""threshold":1"#);
    refuse("custodians", r#""custodians":5"#, r#""custodians":65"#);
    refuse("anchor", r#""log":"2026""#, r#""log":"registry""#);
    refuse("stats", r#""part":1"#, r#""part":2"#);
    refuse("stats", r#""part":1"#, r#""part":0"#);
    refuse(
        "stats",
        r#""enrolments":1},{"registrar":"CwsLCwsLCwsLCwsLCwsLCw""#,
        r#""enrolments":1},{"registrar":"AQEBAQEBAQEBAQEBAQEBAQ""#,
    );
    refuse("audit.commit", r#""draws":20"#, r#""draws":0"#);
    refuse("audit.commit", r#""draws":20"#, r#""draws":3001"#);
    refuse("audit.commit", r#""size":123456789"#, r#""size":0"#);
    refuse("audit.commit", r#""log":"2026""#, r#""log":"registry""#);
    refuse("audit.openings", r#""opened":19,"withheld":1"#, r#""opened":0,"withheld":0"#);
    refuse("audit.openings", r#""opened":19,"withheld":1"#, r#""opened":3000,"withheld":1"#);
    refuse("audit.result", r#""opened":19,"withheld":1"#, r#""opened":4294967295,"withheld":1"#);

    let hour = Hour::from_millis(0);
    let anchor = Anchor { log: "registry".parse().unwrap(), size: 1, root: Hash::of_empty_tree(), is_final: false };
    assert_eq!(RegistryLeaf::new(hour, anchor).to_bytes(), Err(LeafError::Members));
}

#[test]
fn a_leaf_of_more_than_16_kib_is_neither_read_nor_written() {
    let hosts = |count: usize| Client {
        id: "c_forum".parse().unwrap(),
        name: "x".parse().unwrap(),
        sector: "forum.example".parse().unwrap(),
        hosts: vec!["a".repeat(250).parse().unwrap(); count],
        heteronyms_per_person: 1,
        act: ClientAct::Registered,
    };
    let leaf = |count| RegistryLeaf::new(Hour::from_millis(0), hosts(count)).to_bytes();
    let fits = leaf(64).unwrap();
    assert!(fits.len() > MAX_LEAF - 500 && RegistryLeaf::parse(&fits).is_ok());
    assert_eq!(leaf(65), Err(LeafError::TooLong));
    assert_eq!(RegistryLeaf::parse(&vec![b' '; MAX_LEAF + 1]), Err(LeafError::TooLong));
}

#[test]
fn a_leaf_says_nothing_of_its_owner_when_it_is_printed() {
    for Written { log, text, .. } in vectors().leaves.iter().filter(|leaf| leaf.log == "issuance") {
        let leaf = IssuanceLeaf::parse(text.as_bytes()).unwrap();
        assert!(!format!("{leaf:?}").contains(&leaf.facts.owner().to_string()), "{log}");
        assert_eq!(leaf.facts.token().is_some(), leaf.kind() == "issue");
        assert!(text.contains(&leaf.facts.owner().to_string()));
    }
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash::from_bytes)
}

fn owner() -> impl Strategy<Value = OwnerTag> {
    any::<[u8; 16]>().prop_map(OwnerTag::from_bytes)
}

fn word() -> impl Strategy<Value = Word> {
    "[a-z][a-z0-9_-]{0,31}".prop_map(|text| text.parse().unwrap())
}

fn hour() -> impl Strategy<Value = Hour> {
    (0..250_000_000_000_000_i64).prop_map(Hour::from_millis)
}

fn month() -> impl Strategy<Value = Month> {
    (1970..=9999_i16, 1..=12_i8).prop_map(|(year, month)| Month::new(year, month).unwrap())
}

fn id() -> impl Strategy<Value = RegistrarId> {
    any::<[u8; 16]>().prop_map(RegistrarId::from_bytes)
}

fn text() -> impl Strategy<Value = Text> {
    "[^\\p{C}\\p{Z}]{1,60}".prop_filter_map("of the form", |text| text.parse().ok())
}

fn issuance() -> impl Strategy<Value = Issuance> {
    let signature =
        any::<[[u8; 32]; 2]>().prop_map(|halves| Signature::from_bytes(halves.concat().try_into().unwrap()));
    let enrol = (id(), word(), month(), hash(), owner(), hash(), any::<[u8; 16]>(), signature).prop_map(
        |(registrar, level, expires, identity, owner, commitment, key, signature)| {
            let key = SigningKeyId::from_bytes(key);
            Issuance::from(Enrol { registrar, level, expires, identity, owner, commitment, key, signature })
        },
    );
    let slot = any::<[[u8; 32]; 2]>().prop_map(|halves| SlotTag::from_bytes(halves.concat().try_into().unwrap()));
    let act = prop_oneof![Just(NymAct::Create), Just(NymAct::Retire)];
    let nym = (act, slot, owner(), hash())
        .prop_map(|(act, slot, owner, commitment)| Nym { act, slot, owner, commitment }.into());
    let issue = (hash(), "[A-Za-z0-9_-]{1,64}", "[a-z0-9.-]{1,32}", owner(), hash()).prop_map(
        |(token, kid, brackets, owner, commitment)| {
            let (kid, brackets) = (kid.parse().unwrap(), brackets.parse().unwrap());
            Issue { token, kid, brackets, owner, commitment }.into()
        },
    );
    let revoke = (owner(), word(), owner(), hash())
        .prop_map(|(enrol, reason, owner, commitment)| Revoke { enrol, reason, owner, commitment }.into());
    let access = (word(), word(), owner(), hash())
        .prop_map(|(purpose, role, owner, commitment)| Access { purpose, role, owner, commitment }.into());
    prop_oneof![enrol, nym, issue, revoke, access]
}

fn registry() -> impl Strategy<Value = Registry> {
    let registrar = (id(), text(), "[A-Za-z0-9:-]{2,23}", any::<u64>()).prop_map(|(id, name, area, population)| {
        let (act, area) = (RegistrarAct::Changed, area.parse().unwrap());
        Registry::from(Registrar { id, name, area, population, act, keys: vec![] })
    });
    let settings = proptest::collection::btree_map(word(), text(), 0..6);
    let config = (settings, vec("Y[A-Z0-9_-]{2,8}", 1..9)).prop_map(|(settings, brackets)| {
        let brackets = brackets.iter().map(|bracket| bracket.parse().unwrap()).collect();
        let brackets = BracketTable { version: "standard-1".parse().unwrap(), brackets };
        Config { policy: Policy { brackets, settings } }.into()
    });
    let key = (word(), "[A-Za-z0-9_-]{1,64}", hour(), option::of(0..1_000_000_i64)).prop_map(
        |(role, kid, not_before, end)| {
            let not_after = end.map(|hours| Hour::from_millis(not_before.millis() + hours * 3_600_000));
            let (kid, algorithm) = (kid.parse().unwrap(), "EdDSA".parse().unwrap());
            Key { role, kid, algorithm, public: None, act: KeyAct::Revoked, not_before, not_after }.into()
        },
    );
    let anchor = (1970..=9999_u16, any::<u64>(), hash(), any::<bool>()).prop_map(|(year, size, root, is_final)| {
        Anchor { log: year.to_string().parse().unwrap(), size, root, is_final }.into()
    });
    let registrars = proptest::collection::btree_map(id(), any::<u64>(), 0..9);
    let stats = (month(), any::<[u64; 5]>(), 1..9_u32, registrars).prop_map(|(month, counts, parts, registrars)| {
        let [enrol, nym, issue, revoke, access] = counts;
        let registrars = registrars.into_iter();
        let registrars = registrars.map(|(registrar, enrolments)| RegistrarCount { registrar, enrolments }).collect();
        Stats { month, counts: Counts { enrol, nym, issue, revoke, access }, part: 1, parts, registrars }.into()
    });
    prop_oneof![registrar, config, key, anchor, stats]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_leaf(hour in hour(), facts in issuance(), registry in registry()) {
        let leaf = IssuanceLeaf::new(hour, facts);
        let entry = leaf.to_bytes().unwrap();
        prop_assert!(entry.len() < 700, "a leaf in somebody's name is short");
        prop_assert_eq!(IssuanceLeaf::parse(&entry), Ok(leaf));
        let leaf = RegistryLeaf::new(hour, registry);
        prop_assert_eq!(RegistryLeaf::parse(&leaf.to_bytes().unwrap()), Ok(leaf));
    }

    #[test]
    fn two_entries_are_never_one_leaf(text in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let leaves = vectors().leaves;
        let good = leaves[text.index(leaves.len())].text.as_bytes();
        let mut changed = good.to_vec();
        let at = at.index(changed.len());
        changed[at] = byte;
        if let (Ok(one), Ok(other)) = (IssuanceLeaf::parse(good), IssuanceLeaf::parse(&changed)) {
            prop_assert_eq!(one == other, good == changed);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(rest in vec(any::<u8>(), 0..80), kind in "[a-z.]{0,12}") {
        let _ = (IssuanceLeaf::parse(&rest), RegistryLeaf::parse(&rest));
        let begun = [br#"{"v":1,"kind":""#, kind.as_bytes(), br#"","hour":"2026-11-30T20Z","#, &rest].concat();
        let _ = (IssuanceLeaf::parse(&begun), RegistryLeaf::parse(&begun));
    }
}
