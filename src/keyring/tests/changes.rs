//! What changes under a running process: by schedule, by hand, by another node, in an emergency.

use std::thread;

use super::*;

fn open(data: &Path, now: Timestamp) -> Keyring {
    Keyring::load(&data.join(DIRECTORY), None, now).unwrap()
}

fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Version and state of the keys of one role; of the issuer, those for `EdDSA`.
fn states(keyring: &Keyring, role: Role, now: Timestamp) -> Vec<(u32, KeyState)> {
    let keys = keyring.keys(now).into_iter();
    let of = keys.filter(|key| key.role == role && key.algorithm.is_none_or(|of| of == Algorithm::EdDSA));
    of.map(|key| (key.version, key.state)).collect()
}

fn kid(keyring: &Keyring, now: Timestamp) -> String {
    keyring.signer(Algorithm::EdDSA, now).unwrap().kid().to_owned()
}

fn at(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(now.0 + seconds * 1_000)
}

fn refused(outcome: Result<Vec<KeyInfo>, KeyringError>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn the_next_version_is_made_before_the_old_one_has_served_its_time_and_takes_over_when_it_has() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let hours = |day: u64, hours: u64| after(day).minus(Duration::from_hours(hours));
    assert_eq!(keyring.due(hours(30, 4)), []);
    assert_eq!(keyring.rotate_due(&mut seeded(7), hours(30, 4)).unwrap(), []);
    assert_eq!(keyring.due(hours(30, 3)), [Role::Token]);
    assert_eq!(keyring.due(hours(90, 26)), [Role::Issuer, Role::Token]);

    let made = keyring.rotate_due(&mut seeded(7), hours(30, 3)).unwrap();
    assert_eq!(made.iter().map(KeyInfo::name).collect::<Vec<_>>(), ["token-2"]);
    assert_eq!(made[0].activates, after(30));
    assert_eq!(keyring.due(after(30)), []);
    assert_eq!(keyring.overdue(after(30)), []);

    let made = keyring.rotate_due(&mut seeded(8), hours(90, 26)).unwrap();
    assert_eq!(made.iter().map(KeyInfo::name).collect::<Vec<_>>(), ["issuer-es256-2", "issuer-eddsa-2", "token-3"]);
    assert!(made.iter().take(2).all(|key| key.activates == after(90)), "{made:?}");
    assert_eq!(states(&keyring, Role::Issuer, after(90)), [(1, KeyState::Retired), (2, KeyState::Active)]);
}

#[test]
fn what_was_forgotten_is_made_late_but_never_used_before_it_was_published() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    assert_eq!(keyring.overdue(Timestamp(after(90).0 - 1)), [Role::Token]);
    assert_eq!(keyring.overdue(after(90)), [Role::Issuer, Role::Token]);
    keyring.rotate_due(&mut seeded(7), after(100)).unwrap();
    assert_eq!(
        states(&keyring, Role::Issuer, Timestamp(after(101).0 - 1)),
        [(1, KeyState::Active), (2, KeyState::Next)]
    );
    assert_eq!(states(&keyring, Role::Issuer, after(101)), [(1, KeyState::Retired), (2, KeyState::Active)]);
}

#[test]
fn a_process_sees_what_another_made_and_seals_with_it_when_its_hour_has_come() {
    let data = tempfile::tempdir().unwrap();
    let (ours, theirs) = (create(data.path()), open(data.path(), NOW));
    theirs.rotate(Role::Token, &mut seeded(7), NOW).unwrap();
    theirs.rotate(Role::Issuer, &mut seeded(8), NOW).unwrap();
    assert!(!ours.jwks(NOW).contains(&kid(&theirs, after(1))));
    assert!(ours.refresh(NOW).unwrap().changed);
    assert!(!ours.refresh(NOW).unwrap().changed, "nothing new, and nothing was read");
    assert_eq!(ours.jwks(NOW), theirs.jwks(NOW));

    let sealed = |keyring: &Keyring| keyring.token().seal("code", b"", b"x", &mut rng());
    assert!(theirs.token().open("code", b"", &sealed(&ours)).is_ok());
    let hour = NOW.plus(Duration::from_hours(1));
    assert_eq!(states(&ours, Role::Token, hour), [(1, KeyState::Retired), (2, KeyState::Active)]);
    let before = sealed(&ours);
    assert!(ours.refresh(hour).unwrap().changed, "a version has taken over");
    assert_ne!(before[..7], sealed(&ours)[..7], "the version stands in front");
    assert!(theirs.token().open("code", b"", &sealed(&ours)).is_ok(), "who has not looked again opens it");
}

#[test]
fn s15_of_many_who_make_the_next_version_at_once_one_wins_and_the_others_take_it_up() {
    let data = tempfile::tempdir().unwrap();
    create(data.path());
    let nodes: Vec<_> = (0..8).map(|_| open(data.path(), NOW)).collect();
    let due = after(90).minus(Duration::from_hours(25));
    thread::scope(|scope| {
        for (seed, node) in (100..).zip(&nodes) {
            scope.spawn(move || {
                node.rotate_due(&mut seeded(seed), due).unwrap();
                node.refresh(due).unwrap();
            });
        }
    });
    let kids: Vec<_> = nodes.iter().map(|node| kid(node, after(90))).collect();
    assert!(kids.iter().all(|kid| *kid == kids[0] && *kid != self::kid(&nodes[0], due)), "{kids:?}");
    assert!(names(data.path()).iter().all(|name| !name.contains("-4") && !name.starts_with('.')), "nothing unfinished");
    assert_eq!(states(&nodes[3], Role::Issuer, after(90)), [(1, KeyState::Retired), (2, KeyState::Active)]);
}

#[test]
fn rotating_at_once_brings_the_waiting_version_forward_and_all_nodes_know_it_before_it_signs() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    let (waiting, other) = (kid(&keyring, after(1)), open(data.path(), NOW));
    let made = keyring.rotate_now(Role::Issuer, &mut seeded(7), NOW).unwrap();
    assert_eq!(made.iter().map(KeyInfo::name).collect::<Vec<_>>(), ["issuer-es256-2", "issuer-eddsa-2"]);
    assert_ne!(kid(&keyring, at(NOW, 9)), waiting);
    assert_eq!(kid(&keyring, at(NOW, 10)), waiting);
    assert!(keyring.rotate_now(Role::Issuer, &mut seeded(8), at(NOW, 5)).unwrap().is_empty(), "it is on its way");
    other.refresh(at(NOW, 7)).unwrap();
    assert_eq!(kid(&other, at(NOW, 10)), waiting);

    keyring.rotate_now(Role::Issuer, &mut seeded(9), at(NOW, 60)).unwrap();
    assert_eq!(
        states(&keyring, Role::Issuer, at(NOW, 70)),
        [(1, KeyState::Retired), (2, KeyState::Retired), (3, KeyState::Active)]
    );
}

#[test]
fn a_retired_key_signs_no_more_and_still_verifies() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let old = kid(&keyring, NOW);
    let made = keyring.retire(&old, &mut later(), NOW).unwrap();
    assert_eq!(made.iter().map(KeyInfo::name).collect::<Vec<_>>(), ["issuer-eddsa-2"], "of its algorithm alone");
    assert_ne!(kid(&keyring, at(NOW, 10)), old);
    assert!(keyring.jwks(after(29)).contains(&old) && !keyring.jwks(after(31)).contains(&old));

    let now = at(NOW, 10);
    let say = |key: &str| refused(keyring.retire(key, &mut seeded(7), now));
    assert_eq!(
        say("issuer-eddsa-1"),
        "the key issuer-eddsa-1 is retired already: it signs nothing, and what it signed verifies"
    );
    assert_eq!(say("nothing"), "no key is called nothing: `heteronym keys list` shows all, by name and kid");
    keyring.rotate(Role::Vault, &mut seeded(8), now).unwrap();
    assert!(say("vault-2").contains("has not been used yet"));
    assert_eq!(keyring.retire("vault-1", &mut seeded(9), now).unwrap()[0].name(), "vault-2");
}

#[test]
fn v4_a_revoked_key_is_gone_from_every_node_at_its_next_look_and_another_signs_at_once() {
    let data = tempfile::tempdir().unwrap();
    let (here, there) = (create(data.path()), open(data.path(), NOW));
    let stolen = kid(&here, NOW);
    here.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    let now = at(NOW, 60);
    let made = here.revoke(&[&stolen], &mut seeded(7), now).unwrap();
    assert_eq!(
        made.iter().map(KeyInfo::name).collect::<Vec<_>>(),
        ["issuer-eddsa-3"],
        "not the one that lay beside it"
    );

    let refreshed = there.refresh(at(now, 8)).unwrap();
    assert_eq!(refreshed.revoked.iter().map(|key| key.kid.clone()).collect::<Vec<_>>(), [stolen.as_str()]);
    for keyring in [&here, &there, &open(data.path(), now)] {
        assert_eq!(kid(keyring, now), made[0].kid);
        assert!(!keyring.jwks(now).contains(&stolen));
        assert_eq!(
            states(keyring, Role::Issuer, after(2)),
            [(1, KeyState::Revoked), (2, KeyState::Retired), (3, KeyState::Active)]
        );
        let signer = keyring.signer(Algorithm::EdDSA, NOW).unwrap();
        assert_eq!(signer.kid(), made[0].kid, "a request that began before, or a clock that is behind");
    }
    let gone = names(data.path());
    assert!(gone.contains(&"issuer-eddsa-1.revoked".to_owned()) && !gone.contains(&"issuer-eddsa-1.key".to_owned()));
}

#[test]
fn f24_what_a_revoked_key_signed_is_refused_whenever_it_was_signed_and_f20_no_other_kid_helps() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let stolen = keyring.signer(Algorithm::EdDSA, NOW).unwrap();
    let made = keyring.revoke(&["issuer-eddsa-1"], &mut later(), NOW).unwrap();
    let verify = |token: &str| {
        let verified =
            Verifier::new(Typ::Jwt, "i", "a").verify::<Value>(token, &keyring.verification_keys(), NOW.seconds());
        verified.map(drop)
    };
    for iat in [NOW.seconds() - 60, NOW.seconds()] {
        let claims = json!({"iss": "i", "aud": "a", "sub": "s", "iat": iat, "exp": NOW.seconds() + 60});
        let token = stolen.sign(Typ::Jwt, &claims).unwrap();
        assert_eq!(verify(&token), Err(Refusal::Key));
        let (_, rest) = token.split_once('.').unwrap();
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"JWT"}}"#, made[0].kid);
        let other = format!("{}.{rest}", data_encoding::BASE64URL_NOPAD.encode(header.as_bytes()));
        assert_eq!(verify(&other), Err(Refusal::Signature));
    }
}

#[test]
fn a_copy_of_a_revoked_key_is_not_believed_under_any_name_and_is_deleted() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let path = |name: &str| data.path().join(DIRECTORY).join(name);
    let copy = fs::read_to_string(path("issuer-eddsa-1.key")).unwrap();
    let stolen = kid(&keyring, NOW);
    keyring.revoke(&[&stolen], &mut later(), NOW).unwrap();
    for (name, text) in
        [("issuer-eddsa-1.key", copy.clone()), ("issuer-eddsa-9.key", copy.replace("version: 1", "version: 9"))]
    {
        files::write(&path(name), &text, &mut rng()).unwrap();
        assert_eq!(keyring.refresh(NOW).unwrap().restored, [name]);
        for keyring in [&keyring, &open(data.path(), NOW)] {
            assert!(!keyring.jwks(NOW).contains(&stolen) && kid(keyring, after(9)) != stolen, "{name}");
            assert_eq!(keyring.restored(), [name]);
        }
        assert_eq!(keyring.purge(NOW).unwrap(), 1);
        assert!(!path(name).exists());
    }
    let again = refused(keyring.revoke(&[&stolen], &mut seeded(7), NOW));
    assert_eq!(again, "the key issuer-eddsa-1 is revoked already: nobody believes it any more");
}

#[test]
fn a_revoked_token_key_opens_nothing_and_a_revoked_number_never_comes_again() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let sealed = keyring.token().seal("code", b"", b"x", &mut rng());
    keyring.revoke(&["token-1"], &mut later(), NOW).unwrap();
    assert!(keyring.token().open("code", b"", &sealed).is_err());
    let sealed = keyring.token().seal("code", b"", b"x", &mut rng());
    assert!(keyring.token().open("code", b"", &sealed).is_ok());
    keyring.revoke(&["token-2"], &mut seeded(7), NOW).unwrap();
    assert_eq!(
        states(&keyring, Role::Token, NOW),
        [(1, KeyState::Revoked), (2, KeyState::Revoked), (3, KeyState::Active)]
    );
}

#[test]
fn what_cannot_be_replaced_is_not_revoked_and_a_command_with_one_mistake_does_nothing() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let before = names(data.path());
    for (key, remedy) in [
        ("vault-1", "keys rotate vault --now"),
        ("pseudonym-1", "keys rotate pseudonym --now"),
        ("vrf-1", "if it was stolen, keep the database from the thief"),
    ] {
        let refusal = refused(keyring.revoke(&["issuer-eddsa-1", key], &mut later(), NOW));
        assert!(refusal.contains(key) && refusal.contains(remedy), "{refusal}");
    }
    assert_eq!(names(data.path()), before);
}

#[test]
fn revoking_what_does_not_sign_leaves_the_one_that_does() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let first = kid(&keyring, NOW);
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    assert!(keyring.revoke(&["issuer-eddsa-2"], &mut seeded(7), NOW).unwrap().is_empty());
    assert_eq!(kid(&keyring, after(5)), first, "the revoked one never took over");
    assert_eq!(states(&keyring, Role::Issuer, after(5)), [(1, KeyState::Active), (2, KeyState::Revoked)]);
    keyring.rotate(Role::Issuer, &mut seeded(8), after(5)).unwrap();
    assert_eq!(states(&keyring, Role::Issuer, after(6))[2], (3, KeyState::Active));
    keyring.revoke(&["issuer-eddsa-1"], &mut seeded(9), after(6)).unwrap();
    assert_eq!(keyring.keys(after(6)).iter().filter(|key| key.algorithm == Some(Algorithm::EdDSA)).count(), 3);
}

#[test]
fn a_damaged_file_keeps_no_revocation_from_being_seen_and_what_was_known_stays_in_use() {
    let data = tempfile::tempdir().unwrap();
    let (here, there) = (create(data.path()), open(data.path(), NOW));
    let (stolen, vault) = (kid(&here, NOW), data.path().join(DIRECTORY).join("vault-1.key"));
    here.revoke(&[&stolen], &mut later(), NOW).unwrap();
    fs::write(&vault, "cut").unwrap();
    let refreshed = there.refresh(NOW).unwrap();
    assert!(refreshed.fault.unwrap().to_string().contains("vault-1.key: the key file is cut short"));
    assert_eq!(refreshed.revoked.len(), 1);
    assert!(!there.jwks(NOW).contains(&stolen));
    let sealed = there.vault().seal_row("person", b"r", b"x", &mut rng());
    assert!(here.vault().open_row("person", b"r", &sealed).is_ok());
    assert!(there.refresh(NOW).unwrap().fault.is_some(), "said until it is mended");
    fs::remove_file(&vault).unwrap();
    assert!(there.refresh(NOW).unwrap_err().to_string().contains("no vault key is in"));
    assert!(here.vault().open_row("person", b"r", &there.vault().seal_row("person", b"r", b"x", &mut rng())).is_ok());
}

#[test]
fn locked_files_that_come_later_are_taken_up_without_the_passphrase_being_given_again() {
    let data = tempfile::tempdir().unwrap();
    let (directory, passphrase) = (data.path().join(DIRECTORY), Passphrase::new("a long enough passphrase".to_owned()));
    let create = Keyring::create(&directory, Purpose::Service, &[Algorithm::EdDSA], Some(&passphrase), &mut rng(), NOW);
    let (here, there) = (create.unwrap(), Keyring::load(&directory, Some(&passphrase), NOW).unwrap());
    there.rotate_now(Role::Issuer, &mut later(), NOW).unwrap();
    there.rotate(Role::Issuer, &mut seeded(7), at(NOW, 10)).unwrap();
    there.rotate_now(Role::Issuer, &mut seeded(8), at(NOW, 10)).unwrap();
    assert!(here.refresh(at(NOW, 20)).unwrap().fault.is_none());
    assert_eq!(kid(&here, at(NOW, 20)), kid(&there, at(NOW, 20)));
    assert_eq!(Keyring::load(&directory, Some(&passphrase), at(NOW, 20)).unwrap().jwks(NOW), here.jwks(NOW));
    for name in names(data.path()) {
        assert!(fs::read_to_string(directory.join(&name)).unwrap().contains("\nlock: argon2id"), "{name}");
    }
}

#[test]
fn what_is_published_ends_by_itself_without_another_look() {
    let data = tempfile::tempdir().unwrap();
    let keyring = create(data.path());
    let old = kid(&keyring, NOW);
    keyring.rotate(Role::Issuer, &mut later(), NOW).unwrap();
    let last = Timestamp(after(31).0 - 1);
    assert!(keyring.jwks(last).contains(&old) && !keyring.jwks(after(31)).contains(&old));
}
