//! The keys of the public logs: one that signs beside those before it, and one that is for ever.

use ed25519_dalek::{Signature, VerifyingKey};

use super::*;
use crate::wire::{
    jose,
    tlog::leaf::{NamedKey, PublicKey},
};

/// The versions that sign, each after its signature was verified.
fn signing(keyring: &Keyring, now: Timestamp) -> Vec<u32> {
    let keys = keyring.log();
    let verified = keys.signing(now).into_iter().map(|key| {
        let (public, signature) = (key.public(), key.sign(b"head"));
        let public = VerifyingKey::from_bytes(&public).unwrap();
        public.verify_strict(b"head", &Signature::from_bytes(&signature)).unwrap();
        key.version()
    });
    verified.collect()
}

fn states(keyring: &Keyring, now: Timestamp) -> Vec<(u32, KeyState)> {
    keyring.log().public(now).into_iter().map(|key| (key.version, key.state)).collect()
}

fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

#[test]
fn a_head_is_signed_by_the_active_key_and_by_those_before_it_for_a_month() {
    use KeyState::{Active, Expired, Next, Retired};
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    assert_eq!(signing(&keyring, NOW), [1]);
    keyring.rotate(Role::Log, &mut later(), NOW).unwrap();
    let at = |now| (signing(&keyring, now), states(&keyring, now));
    assert_eq!(at(NOW), (vec![1], vec![(1, Active), (2, Next)]), "known before it signs");
    assert_eq!(at(Timestamp(after(7).0 - 1)), (vec![1], vec![(1, Active), (2, Next)]));
    assert_eq!(at(after(7)), (vec![1, 2], vec![(1, Retired), (2, Active)]));
    assert_eq!(at(Timestamp(after(37).0 - 1)), (vec![1, 2], vec![(1, Retired), (2, Active)]));
    assert_eq!(at(after(37)), (vec![2], vec![(1, Expired), (2, Active)]));
    assert_eq!(
        keyring.due(after(10_000)).iter().filter(|role| **role == Role::Log).count(),
        0,
        "only when somebody asks"
    );
    let [first, second] = keyring.log().public(after(7)).try_into().unwrap();
    assert_eq!((first.retires, first.ends), (Some(after(7)), Some(after(37))));
    assert_eq!((second.created, second.activates, second.retires), (NOW, after(7), None));
}

#[test]
fn v4_a_revoked_key_of_the_logs_signs_no_head_and_another_signs_at_once_whatever_the_clock() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let now = after(1);
    let stolen = keyring.log().signing(now)[0].kid().to_owned();
    let made = keyring.revoke(&[&stolen], &mut later(), now).unwrap();
    assert_eq!(made.iter().map(KeyInfo::name).collect::<Vec<_>>(), ["log-2"]);
    for now in [now, NOW, after(99)] {
        assert_eq!(signing(&keyring, now), [2]);
    }
    assert!(keyring.keys(now).iter().any(|key| key.kid == stolen && key.state == KeyState::Revoked));

    keyring.rotate_now(Role::Log, &mut seeded(7), now).unwrap();
    let soon = now.plus(LIVE_WITHIN);
    assert_eq!(signing(&keyring, soon), [2, 3]);
    keyring.revoke(&["log-2"], &mut seeded(8), soon).unwrap();
    assert_eq!(signing(&keyring, soon), [3], "nor when another one had taken over");
}

#[test]
fn the_key_of_slot_tags_cannot_be_changed_and_says_why() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let before = (names(data.path()), keyring.vrf().public());
    let refusals = [
        keyring.rotate(Role::Vrf, &mut later(), NOW),
        keyring.rotate_now(Role::Vrf, &mut later(), NOW),
        keyring.retire("vrf-1", &mut later(), NOW),
        keyring.revoke(&["vrf-1"], &mut later(), NOW),
    ];
    for refusal in refusals {
        assert_eq!(
            refusal.unwrap_err().to_string(),
            "the key vrf-1 is for ever, since with another one every place would have another tag in the public logs, and nobody \
             could count voices any more: keep it, and a copy of it away from the database; if it was stolen, keep the database \
             from the thief"
        );
    }
    assert_eq!((names(data.path()), keyring.vrf().public()), before);
    assert!(!keyring.due(after(10_000)).contains(&Role::Vrf));
}

#[test]
fn both_are_called_by_their_thumbprint_as_in_the_registry_log() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let log = keyring.log();
    let public = jose::PublicKey::ed25519(&log.signing(NOW)[0].public()).unwrap();
    let named = NamedKey::new(PublicKey::Signature(public)).unwrap();
    assert_eq!(log.signing(NOW)[0].kid(), named.kid().as_str());
    let named = NamedKey::new(PublicKey::Slot(keyring.vrf().public())).unwrap();
    let listed = keyring.keys(NOW);
    let kid = |role| listed.iter().find(|key| key.role == role).unwrap().kid.clone();
    assert_eq!((kid(Role::Vrf), keyring.vrf().kid()), (named.kid().to_string(), named.kid().to_string()));
    assert_eq!(kid(Role::Log), log.signing(NOW)[0].kid());
}

/// An installation as it was before there were public logs.
fn older(data: &Path, purpose: Purpose, passphrase: Option<&Passphrase>) {
    Keyring::create(&data.join(DIRECTORY), purpose, &FAST, passphrase, &mut rng(), NOW).unwrap();
    for name in ["log-1.key", "vrf-1.key"] {
        fs::remove_file(data.join(DIRECTORY).join(name)).unwrap();
    }
}

fn complete(data: &Path, passphrase: Option<&Passphrase>, seed: u64) -> Result<Keyring, String> {
    let keyring = Keyring::load_or_complete(&data.join(DIRECTORY), passphrase, &mut seeded(seed), after(400));
    keyring.map_err(|error| error.to_string().replace(&*data.to_string_lossy(), "DIR"))
}

#[test]
fn an_installation_from_before_the_public_logs_gets_their_keys_at_its_first_start_and_keeps_them() {
    let passphrase = Passphrase::new("a long enough passphrase".to_owned());
    for (purpose, passphrase) in
        [(Purpose::Service, None), (Purpose::Demo, None), (Purpose::Service, Some(&passphrase))]
    {
        let data = tempfile::tempdir().unwrap();
        older(data.path(), purpose, passphrase);
        let before = names(data.path());
        let first = complete(data.path(), passphrase, 10).unwrap();
        assert_eq!(names(data.path()).len(), before.len() + 2);
        assert_eq!((first.is_demo(), signing(&first, after(400))), (purpose == Purpose::Demo, vec![1]));
        let again = complete(data.path(), passphrase, 11).unwrap();
        assert_eq!(again.vrf().public(), first.vrf().public());
        assert_eq!(again.log().public(after(400)), first.log().public(after(400)));
        assert!(Keyring::load(&data.path().join(DIRECTORY), passphrase, after(400)).is_ok());
    }
}

/// Again, when another node has made one key and not yet the other: as whatever runs the service starts it again.
fn start(data: &Path, seed: u64) -> Keyring {
    (0..100).find_map(|_| complete(data, None, seed).ok()).unwrap()
}

#[test]
fn nodes_that_make_them_at_once_have_the_same_keys() {
    let data = &tempfile::tempdir().unwrap();
    older(data.path(), Purpose::Service, None);
    let started: Vec<_> = std::thread::scope(|scope| {
        let nodes: Vec<_> = (20..28).map(|seed| scope.spawn(move || start(data.path(), seed))).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let publics: Vec<_> = started.iter().map(|node| node.vrf().public()).collect();
    assert!(publics.iter().all(|public| *public == publics[0]));
}

#[test]
fn a_key_of_the_logs_that_was_lost_or_revoked_is_asked_for_and_not_made_anew() {
    let data = tempfile::tempdir().unwrap();
    create(data.path());
    for (role, name) in [("log", "log-1.key"), ("vrf", "vrf-1.key")] {
        let path = data.path().join(DIRECTORY).join(name);
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let refused = complete(data.path(), None, 12).unwrap_err();
        assert_eq!(refused, format!("no {role} key is in DIR/keys: restore it from a backup"));
        assert!(!path.exists());
        files::write(&path, std::str::from_utf8(&kept).unwrap(), &mut rng()).unwrap();
    }
    let keyring = complete(data.path(), None, 13).unwrap();
    keyring.revoke(&["log-1"], &mut later(), NOW).unwrap();
    for name in ["log-2.key", "vrf-1.key"] {
        fs::remove_file(data.path().join(DIRECTORY).join(name)).unwrap();
    }
    assert!(complete(data.path(), None, 14).unwrap_err().starts_with("no "), "the mark says that there was one");
}
