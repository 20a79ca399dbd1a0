//! Keys made, loaded, rotated and wiped; every fault of a key file refused with one clear line.

mod changes;
mod log;

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::*;
use crate::wire::jose::{JwkSet, Refusal, Typ, Verifier};

/// Symmetric keys whose bytes are all their own number.
pub(super) fn versions(role: Role, numbers: &[u32]) -> versions::Versions {
    let key = |number: &u32| {
        let file = armour::KeyFile {
            role,
            algorithm: None,
            version: *number,
            created: Timestamp(0),
            activates: Timestamp(0),
            purpose: Purpose::Service,
            material: vec![number.to_le_bytes()[0]; 32].into(),
        };
        Arc::new(Key::from_file(&file).unwrap())
    };
    let keys: Vec<_> = numbers.iter().map(key).collect();
    versions::Versions::new(keys.iter(), Timestamp(0)).unwrap()
}

const DIRECTORY: &str = "keys";
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Without RSA, whose generation takes long without optimisation.
const FAST: [Algorithm; 2] = [Algorithm::EdDSA, Algorithm::ES256];

fn rng() -> StdRng {
    StdRng::seed_from_u64(5)
}

/// Another generator than the one that made the first keys: from the same one the same keys would come again.
fn later() -> StdRng {
    StdRng::seed_from_u64(6)
}

fn create(data: &Path) -> Keyring {
    Keyring::create(&data.join(DIRECTORY), Purpose::Service, &FAST, None, &mut rng(), NOW).unwrap()
}

fn names(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data.join(DIRECTORY)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn load_error(data: &Path) -> String {
    Keyring::load(&data.join(DIRECTORY), None, NOW).unwrap_err().to_string().replace(&*data.to_string_lossy(), "DIR")
}

fn after(days: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(days * 86_400))
}

#[test]
fn what_was_created_is_loaded_again() {
    let data = tempfile::tempdir().unwrap();
    let made = create(data.path());
    assert_eq!(
        names(data.path()),
        [
            "issuer-eddsa-1.key",
            "issuer-es256-1.key",
            "log-1.key",
            "pseudonym-1.key",
            "token-1.key",
            "vault-1.key",
            "vrf-1.key"
        ]
    );
    for name in names(data.path()) {
        let bits = fs::metadata(data.path().join(DIRECTORY).join(name)).unwrap().permissions().mode();
        assert_eq!(bits & 0o777, 0o600);
    }
    let read = Keyring::load(&data.path().join(DIRECTORY), None, NOW).unwrap();
    assert_eq!(read.jwks(NOW), made.jwks(NOW));
    let sealed = made.vault().seal_row("person", b"r", b"x", &mut rng());
    assert!(read.vault().open_row("person", b"r", &sealed).is_ok());
    assert_eq!(read.pseudonym().current().expose(), made.pseudonym().current().expose());
    assert_eq!(read.log().public(NOW), made.log().public(NOW));
    assert_eq!(read.vrf().public(), made.vrf().public());
    assert!(read.token().open("code", b"", &made.token().seal("code", b"", b"x", &mut rng())).is_ok());
    assert!(!read.is_demo());
    assert_eq!(read.algorithms(NOW), [Algorithm::EdDSA, Algorithm::ES256]);
    assert!(!format!("{read:?}").contains("master"));
}

#[test]
fn every_key_of_a_new_keyring_is_another() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let derived = |versions: &versions::Versions| *versions.current().derive(&[b"x"]);
    let all = [derived(&keyring.vault().0), derived(&keyring.pseudonym().0), derived(&keyring.token().0)];
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    assert_ne!(keyring.log().signing(NOW)[0].public(), keyring.vrf().public().to_bytes());
}

#[test]
fn keys_are_never_made_over_others() {
    let data = tempfile::tempdir().unwrap();
    let before = create(data.path()).jwks(NOW);
    let again = Keyring::create(&data.path().join(DIRECTORY), Purpose::Demo, &FAST, None, &mut rng(), NOW);
    assert!(matches!(again, Err(KeyringError::Exists(_))));
    assert_eq!(Keyring::load(&data.path().join(DIRECTORY), None, NOW).unwrap().jwks(NOW), before);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "nothing unfinished stays behind");
}

#[test]
fn keys_for_a_demonstration_say_so_and_do_not_mix_with_others() {
    let (demo, real) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Keyring::create(&demo.path().join(DIRECTORY), Purpose::Demo, &FAST, None, &mut rng(), NOW).unwrap();
    assert!(Keyring::load(&demo.path().join(DIRECTORY), None, NOW).unwrap().is_demo());
    create(real.path());
    let name = Path::new(DIRECTORY).join("token-1.key");
    fs::copy(real.path().join(&name), demo.path().join(&name)).unwrap();
    assert!(load_error(demo.path()).starts_with("some keys of DIR/keys are for a demonstration"));
}

#[test]
fn a_passphrase_locks_every_file_also_those_that_come_later() {
    let data = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("a long enough passphrase".to_owned());
    Keyring::create(&data.path().join(DIRECTORY), Purpose::Service, &FAST, Some(&passphrase), &mut rng(), NOW).unwrap();
    assert_eq!(
        load_error(data.path()),
        "DIR/keys/issuer-eddsa-1.key: the key file is locked: name a file with its passphrase in keys.passphrase_file"
    );
    let keyring = Keyring::load(&data.path().join(DIRECTORY), Some(&passphrase), NOW).unwrap();
    keyring.rotate(Role::Token, &mut later(), NOW).unwrap();
    for name in names(data.path()) {
        let text = fs::read_to_string(data.path().join(DIRECTORY).join(&name)).unwrap();
        assert!(text.contains("\nlock: argon2id m=65536 t=3 p=1 salt="), "{name}");
    }
    assert!(Keyring::load(&data.path().join(DIRECTORY), Some(&passphrase), NOW).is_ok());
    let wrong =
        Keyring::load(&data.path().join(DIRECTORY), Some(&Passphrase::new("another".to_owned())), NOW).unwrap_err();
    assert!(wrong.to_string().contains("the passphrase is wrong"), "{wrong}");
}

#[test]
fn v1_a_key_file_that_is_not_as_it_should_be_keeps_the_service_from_starting() {
    let data = tempfile::tempdir().unwrap();
    create(data.path());
    let path = |name: &str| data.path().join(DIRECTORY).join(name);
    let vault = path("vault-1.key");
    let good = fs::read_to_string(&vault).unwrap();
    let with = |text: &str| {
        fs::write(&vault, text).unwrap();
        let error = load_error(data.path());
        fs::write(&vault, &good).unwrap();
        error
    };
    assert_eq!(with(""), "DIR/keys/vault-1.key: the key file is empty: restore it from a backup");
    assert_eq!(
        with(&good[..60]),
        "DIR/keys/vault-1.key: the key file is cut short or damaged: restore it from a backup"
    );
    let other = good.replace("XChaCha20-Poly1305", "HKDF-SHA256");
    assert_eq!(with(&other), "DIR/keys/vault-1.key: the key file has another algorithm or size than its role needs");
    let renamed = good.replace("version: 1", "version: 2");
    assert_eq!(with(&renamed), "DIR/keys/vault-1.key: the file holds the key vault-2.key: give it its name back");

    fs::set_permissions(&vault, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(load_error(data.path()), "DIR/keys/vault-1.key: is open to others (mode 644): run `chmod 600` on it");
    fs::set_permissions(&vault, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(path(""), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(load_error(data.path()), "DIR/keys: is open to others (mode 755): run `chmod 700` on it");
    fs::set_permissions(path(""), fs::Permissions::from_mode(0o700)).unwrap();

    fs::remove_file(&vault).unwrap();
    assert_eq!(load_error(data.path()), "no vault key is in DIR/keys: restore it from a backup");
    for name in names(data.path()) {
        fs::remove_file(path(&name)).unwrap();
    }
    assert_eq!(load_error(data.path()), "there are no keys in DIR/keys: make them with `heteronym init`");
}

#[test]
fn v1_a_key_file_of_another_user_is_refused() {
    // Only the superuser can give files away; elsewhere there is nothing to try.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    create(data.path());
    std::os::unix::fs::chown(data.path().join(DIRECTORY).join("vault-1.key"), Some(4321), None).unwrap();
    assert_eq!(
        load_error(data.path()),
        "DIR/keys/vault-1.key: belongs to user 4321, and this is user 0: run `chown 0` on it"
    );
}

#[test]
fn v2_the_jwks_holds_public_members_only_and_each_kid_once() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    let jwks: Value = serde_json::from_str(&keyring.jwks(NOW)).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4);
    let known = ["kty", "crv", "n", "e", "x", "y", "alg", "use", "kid"];
    for key in keys {
        assert!(key.as_object().unwrap().keys().all(|name| known.contains(&name.as_str())), "{key}");
        assert_eq!(keys.iter().filter(|other| other["kid"] == key["kid"]).count(), 1);
    }
    assert_eq!(JwkSet::parse(keyring.jwks(NOW).as_bytes()).unwrap().keys.len(), 4);
}

#[test]
fn r48_a_new_key_is_published_a_day_before_it_signs_and_the_old_one_for_a_month_after() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let states = |at| {
        let keyring = Keyring::load(&data.path().join(DIRECTORY), None, at).unwrap();
        let of_eddsa = keyring.keys(at).into_iter().filter(|key| key.algorithm == Some(Algorithm::EdDSA));
        let states: Vec<_> = of_eddsa.map(|key| (key.version, key.state)).collect();
        let published = keyring.jwks(at).matches("\"EdDSA\"").count();
        (states, published)
    };
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    let soon = Timestamp(after(1).0 - 1);
    assert_eq!(states(soon), (vec![(1, KeyState::Active), (2, KeyState::Next)], 2));
    assert_eq!(states(after(1)), (vec![(1, KeyState::Retired), (2, KeyState::Active)], 2));
    assert_eq!(states(after(31)), (vec![(1, KeyState::Expired), (2, KeyState::Active)], 1));

    let kid = |at| keyring.signer(Algorithm::EdDSA, at).unwrap().kid().to_owned();
    assert_eq!(kid(NOW), kid(soon));
    assert_ne!(kid(NOW), kid(after(1)));

    let claims = json!({"iss": "i", "aud": "a", "sub": "s", "exp": after(40).seconds()});
    let token = keyring.signer(Algorithm::EdDSA, NOW).unwrap().sign(Typ::Jwt, &claims).unwrap();
    let verify = |at: Timestamp| {
        let verifier = Verifier::new(Typ::Jwt, "i", "a").max_lifetime(i64::MAX);
        verifier.verify::<Value>(&token, &keyring.verification_keys(), at.seconds()).map(|_| ())
    };
    assert_eq!(verify(Timestamp(after(31).0 - 1_000)), Ok(()));
    assert_eq!(verify(after(31)), Err(Refusal::Key));
}

#[test]
fn old_issuer_and_token_keys_are_deleted_in_time_and_no_others() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let mut later = later();
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Vrf) {
        keyring.rotate(role, &mut later, NOW).unwrap();
    }
    assert_eq!(names(data.path()).len(), 13);
    let sealed = keyring.token().seal("code", b"", b"x", &mut rng());
    assert_eq!(keyring.purge(after(30)).unwrap(), 0);
    assert_eq!(keyring.purge(after(31)).unwrap(), 3);
    assert_eq!(
        names(data.path()),
        [
            "issuer-eddsa-2.key",
            "issuer-es256-2.key",
            "log-1.key",
            "log-2.key",
            "pseudonym-1.key",
            "pseudonym-2.key",
            "token-2.key",
            "vault-1.key",
            "vault-2.key",
            "vrf-1.key"
        ]
    );
    assert!(keyring.token().open("code", b"", &sealed).is_err());
    let loaded = Keyring::load(&data.path().join(DIRECTORY), None, after(31)).unwrap();
    assert_eq!((loaded.jwks(after(31)), loaded.pseudonym().current().version()), (keyring.jwks(after(31)), 2));
}

#[test]
fn a_new_version_of_a_sealing_key_is_known_before_it_seals() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    keyring.rotate(Role::Pseudonym, &mut later(), NOW).unwrap();
    assert_eq!(keyring.pseudonym().current().version(), 1);
    assert!(keyring.pseudonym().version(2).is_some());
    assert_eq!(Keyring::load(&data.path().join(DIRECTORY), None, after(1)).unwrap().pseudonym().current().version(), 2);
}

#[test]
fn an_algorithm_can_be_added_and_signs_a_day_later() {
    let data = tempfile::tempdir().unwrap();
    let keyring =
        Keyring::create(&data.path().join(DIRECTORY), Purpose::Service, &[Algorithm::EdDSA], None, &mut rng(), NOW)
            .unwrap();
    keyring.add_algorithm(Algorithm::ES256, &mut rng(), NOW).unwrap();
    keyring.add_algorithm(Algorithm::ES256, &mut rng(), NOW).unwrap();
    assert_eq!(keyring.algorithms(NOW), [Algorithm::EdDSA]);
    assert_eq!(keyring.algorithms(after(1)), [Algorithm::EdDSA, Algorithm::ES256]);
    assert!(keyring.jwks(NOW).contains("ES256"));
}

#[test]
fn rsa_keys_are_stored_and_sign() {
    let data = tempfile::tempdir().unwrap();
    Keyring::create(&data.path().join(DIRECTORY), Purpose::Service, &[Algorithm::RS256], None, &mut rng(), NOW)
        .unwrap();
    let keyring = Keyring::load(&data.path().join(DIRECTORY), None, NOW).unwrap();
    let claims = json!({"iss": "i", "aud": "a", "sub": "s", "exp": NOW.seconds() + 60});
    let token = keyring.signer(Algorithm::RS256, NOW).unwrap().sign(Typ::Jwt, &claims).unwrap();
    let verified =
        Verifier::new(Typ::Jwt, "i", "a").verify::<Value>(&token, &keyring.verification_keys(), NOW.seconds());
    assert_eq!(verified.unwrap().claims, claims);
}
