//! Passkeys, kind and hostile: rows I2 to I18 of what an attacker may send.

use std::{collections::BTreeSet, time::Duration};

use heteronym::{
    accounts::{Error, Grounds, Holder, PasskeyFault},
    domain::authentication::Method,
    store::accounts as rows,
};
use serde_json::{Value, json};

use super::{
    House, ISSUER, MINE, OTHER,
    authenticator::{Authenticator, BACKED_UP, Draft, ELIGIBLE, PRESENT, VERIFIED, bytes, cose, text},
};

fn is_refused<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::SignIn | Error::Ceremony | Error::Passkey(_)))
}

/// A citizen's device, registered; and the refusal of a sign-in that it is made to answer differently.
async fn refused_sign_in(change: impl FnOnce(&mut Draft)) -> Error {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    house.sign_in(&mut key).await.expect("untouched, it opens");
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let changed = key.get_with(&options, ISSUER, change);
    let error = house.answer(&changed).await.expect_err("it must not open");
    let again = house.answer(&key.get(&options, ISSUER)).await;
    assert!(matches!(again, Err(Error::Ceremony)), "the challenge is spent, also for the right answer");
    error
}

/// The refusal of a registration that the device is made to answer differently. The code it needed stays good.
async fn refused_registration(change: impl FnOnce(&mut Draft)) -> Error {
    let house = House::new().await;
    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let mut key = Authenticator::key();
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    let error = house.finish(&key.create_with(&options, ISSUER, change), &grounds).await.expect_err("it must not pass");
    house.register(&mut Authenticator::key(), &grounds).await.expect("the code is not spent");
    error
}

#[tokio::test]
async fn a_passkey_opens_its_account_and_says_how() {
    let house = House::new().await;
    let (mut key, mut phone) = (Authenticator::key(), Authenticator::phone());
    let (mine, first) = house.account_with(house.citizen().await, &mut key).await;
    let (theirs, _) = house.account_with(house.citizen().await, &mut phone).await;
    assert_eq!(first.signed_in.method, Method::DeviceKey);
    let signed_in = house.sign_in(&mut key).await.unwrap().signed_in;
    assert_eq!((signed_in.account, signed_in.method), (mine.id, Method::DeviceKey));
    let signed_in = house.sign_in(&mut phone).await.unwrap().signed_in;
    assert_eq!((signed_in.account, signed_in.method), (theirs.id, Method::SyncedKey));
}

#[tokio::test]
async fn the_question_asks_for_a_discoverable_key_that_checks_its_holder() {
    let house = House::new().await;
    let (account, code) = house.invite(house.citizen().await).await;
    let options = house.accounts.start_passkey(&Grounds::Code(house.open(&code).await), MINE).await.unwrap();
    let asked = &options["publicKey"];
    assert_eq!(asked["rp"], json!({"id": "localhost", "name": "Identité de Grenoble"}));
    assert_eq!(bytes(&asked["user"]["id"]), account.id.as_bytes());
    assert_eq!(asked["attestation"], "none");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"], json!([]), "nobody is named");
    assert_eq!(options["publicKey"]["userVerification"], "required");
}

#[tokio::test]
async fn several_passkeys_open_one_account_and_a_device_is_registered_once() {
    let house = House::new().await;
    let (mut key, mut phone) = (Authenticator::key(), Authenticator::phone());
    let (account, session) = house.account_with(house.citizen().await, &mut key).await;
    let grounds = Grounds::Session(session.signed_in.clone());
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 1);
    let second = house.register(&mut phone, &grounds).await.unwrap();
    assert!(!house.is_live(&session).await && house.is_live(&second).await, "the session has a new token");
    assert_eq!(second.signed_in.method, Method::DeviceKey, "one more way in is no other sign-in");
    for device in [&mut key, &mut phone] {
        assert_eq!(house.sign_in(device).await.unwrap().signed_in.account, account.id);
    }
}

#[tokio::test]
async fn i2_create_and_get_are_not_exchanged() {
    let swap = |draft: &mut Draft| draft.client_data = draft.client_data.replace("webauthn.get", "webauthn.create");
    assert!(matches!(refused_sign_in(swap).await, Error::SignIn));
    let swap = |draft: &mut Draft| draft.client_data = draft.client_data.replace("webauthn.create", "webauthn.get");
    assert!(matches!(refused_registration(swap).await, Error::Passkey(PasskeyFault::Wrong)));
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    let (_, code) = house.invite(house.citizen().await).await;
    let options = house.accounts.start_passkey(&Grounds::Code(house.open(&code).await), MINE).await.unwrap();
    let asked = json!({"publicKey": {"challenge": options["publicKey"]["challenge"], "rpId": "localhost"}});
    assert!(matches!(house.answer(&key.get(&asked, ISSUER)).await, Err(Error::Ceremony)), "asked to register");
}

#[tokio::test]
async fn i3_a_challenge_is_of_this_browser_unspent_whole_and_not_over() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let answer = key.get(&options, ISSUER);
    let foreign = house.accounts.sign_in_with_passkey(&answer.to_string(), OTHER, "", None).await;
    assert!(matches!(foreign, Err(Error::Ceremony)), "another browser's");
    house.answer(&answer).await.expect("and the stranger did not spend it");
    assert!(matches!(house.answer(&answer).await, Err(Error::Ceremony)), "the same answer again");
    assert!(matches!(house.answer(&key.get(&options, ISSUER)).await, Err(Error::Ceremony)), "a new answer to it");

    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let cut = json!({"publicKey": {"challenge": "AAAA", "rpId": "localhost"}});
    assert!(matches!(house.answer(&key.get(&cut, ISSUER)).await, Err(Error::Ceremony)), "one that nobody asked");
    house.wait(std::time::Duration::from_mins(31));
    assert!(matches!(house.answer(&key.get(&options, ISSUER)).await, Err(Error::Ceremony)), "over");
}

#[tokio::test]
async fn i4_without_presence_or_verification_nothing_opens() {
    assert!(matches!(
        refused_sign_in(|draft| draft.flags &= !VERIFIED).await,
        Error::Passkey(PasskeyFault::Unverified)
    ));
    assert!(matches!(refused_sign_in(|draft| draft.flags &= !PRESENT).await, Error::Passkey(PasskeyFault::Unverified)));
    let unverified = refused_registration(|draft| draft.flags &= !VERIFIED).await;
    assert!(matches!(unverified, Error::Passkey(PasskeyFault::Unverified)));
}

#[tokio::test]
async fn i5_a_key_does_not_become_one_that_can_be_copied() {
    assert!(matches!(refused_sign_in(|draft| draft.flags |= ELIGIBLE).await, Error::SignIn));
    assert!(matches!(refused_sign_in(|draft| draft.flags |= BACKED_UP).await, Error::Passkey(_)));
    assert!(matches!(refused_registration(|draft| draft.flags |= BACKED_UP).await, Error::Passkey(_)));
    let house = House::new().await;
    let mut phone = Authenticator::phone();
    house.account_with(house.citizen().await, &mut phone).await;
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let bound = phone.get_with(&options, ISSUER, |draft| draft.flags &= !(ELIGIBLE | BACKED_UP));
    assert!(is_refused(&house.answer(&bound).await), "nor the reverse");
}

#[tokio::test]
async fn i6_a_counter_that_goes_back_or_stands_still_is_refused() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    key.counter = 41;
    house.sign_in(&mut key).await.unwrap();
    for counter in [41, 42, 0] {
        let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
        let copy = key.get_with(&options, ISSUER, |draft| draft.counter = counter);
        assert!(matches!(house.answer(&copy).await, Err(Error::SignIn)), "{counter}");
    }
    house.sign_in(&mut key).await.expect("the original goes on counting");
}

#[tokio::test]
async fn i7_a_credential_is_known_registered_once_and_no_longer_than_allowed() {
    let house = House::new().await;
    let (mut key, mut stranger) = (Authenticator::key(), Authenticator::key());
    house.account_with(house.citizen().await, &mut key).await;
    let elsewhere = House::new().await;
    elsewhere.account_with(elsewhere.citizen().await, &mut stranger).await;
    assert!(matches!(house.sign_in(&mut stranger).await, Err(Error::SignIn)), "unknown");

    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    let mut taken = Vec::new();
    let asked = house.accounts.start_sign_in(None, MINE).await.unwrap();
    key.get_with(&asked, ISSUER, |draft| taken.clone_from(&draft.id));
    let answer = Authenticator::key().create_with(&options, ISSUER, |draft| draft.id = taken);
    assert!(matches!(house.finish(&answer, &grounds).await, Err(Error::Registered)), "another's");

    let long = refused_registration(|draft| draft.id = vec![7; 1_024]).await;
    assert!(matches!(long, Error::Passkey(PasskeyFault::Unreadable)));
}

#[tokio::test]
async fn i7_the_id_that_the_browser_names_is_the_one_that_was_signed() {
    let house = House::new().await;
    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    let mut answer = Authenticator::key().create(&options, ISSUER);
    answer["rawId"] = text(&[5; 32]).into();
    assert!(matches!(house.finish(&answer, &grounds).await, Err(Error::Passkey(PasskeyFault::Wrong))));
}

#[tokio::test]
async fn i8_a_user_handle_names_the_owner() {
    assert!(matches!(refused_sign_in(|draft| draft.user = Some(vec![9; 16])).await, Error::SignIn));
    assert!(matches!(refused_sign_in(|draft| draft.user = None).await, Error::SignIn));
}

#[tokio::test]
async fn i9_attestation_that_does_not_verify_is_refused() {
    for format in ["packed", "fido-u2f", "tpm", "android-key", "android-safetynet", "apple", "other"] {
        let refused = refused_registration(|draft| draft.format = format).await;
        assert!(matches!(refused, Error::Passkey(PasskeyFault::Wrong)), "{format}");
    }
}

#[tokio::test]
async fn i10_a_public_key_is_of_an_algorithm_that_was_offered_and_on_its_curve() {
    let keys: [(&str, Vec<u8>); 6] = [
        ("not on the curve", cose(&[&[4][..], &[1; 64]].concat())),
        ("EdDSA was not offered", [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32][..], &[3; 32]].concat()),
        ("RS1", rsa(&[0x39, 0xff, 0xfe], [1, 0, 1])),
        ("e = 1", rsa(&[0x39, 1, 0], [0, 0, 1])),
        ("one member more", [&[0xa6][..], &cose(&[4; 65])[1..], &[4, 0x40]].concat()),
        ("no key at all", vec![0xa0]),
    ];
    for (name, key) in keys {
        let refused = refused_registration(move |draft| draft.public_key = key).await;
        assert!(matches!(refused, Error::Passkey(_)), "{name}: {refused}");
    }
}

fn rsa(algorithm: &[u8], exponent: [u8; 3]) -> Vec<u8> {
    [&[0xa4, 1, 3, 3][..], algorithm, &[0x20, 0x59, 1, 0], &[0xff; 256], &[0x21, 0x43], &exponent].concat()
}

#[tokio::test]
async fn i11_bytes_left_over_and_texts_that_are_none_are_refused() {
    assert!(matches!(
        refused_sign_in(|draft| draft.trailing = vec![0]).await,
        Error::Passkey(PasskeyFault::Unreadable)
    ));
    let left_over = refused_registration(|draft| draft.trailing = vec![0xa0]).await;
    assert!(matches!(left_over, Error::Passkey(PasskeyFault::Unreadable)));
    let nested = refused_registration(|draft| draft.public_key = [&[0x81; 10_000][..], &[0]].concat()).await;
    assert!(matches!(nested, Error::Passkey(PasskeyFault::Unreadable)));
    let house = House::new().await;
    for answer in ["", "null", "{}", "[[", &"[".repeat(100_000), &format!("{{\"id\":\"{}\"}}", "A".repeat(40_000))] {
        let outcome = house.accounts.sign_in_with_passkey(answer, MINE, "", None).await;
        assert!(
            matches!(outcome, Err(Error::Passkey(PasskeyFault::Unreadable))),
            "{}",
            &answer[..answer.len().min(20)]
        );
    }
}

#[tokio::test]
async fn i12_the_clients_data_is_one_plain_json_object() {
    assert!(is_refused(&Err::<(), _>(refused_with_client_data(|data| format!("\u{feff}{data}")).await)), "BOM");
    let doubled = |data: String| data.replacen('{', "{\"challenge\":\"AAAA\",", 1);
    assert!(is_refused(&Err::<(), _>(refused_with_client_data(doubled).await)), "a member twice");
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let more = |draft: &mut Draft| draft.client_data = draft.client_data.replacen('{', "{\"extra_key\":[1],", 1);
    house.answer(&key.get_with(&options, ISSUER, more)).await.expect("members that are new are let through");
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let mut answer = key.get(&options, ISSUER);
    let mut data = bytes(&answer["response"]["clientDataJSON"]);
    data.push(0xff);
    answer["response"]["clientDataJSON"] = text(&data).into();
    assert!(matches!(house.answer(&answer).await, Err(Error::Ceremony)), "not UTF-8");
}

async fn refused_with_client_data(change: impl FnOnce(String) -> String) -> Error {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
    let change = |draft: &mut Draft| draft.client_data = change(std::mem::take(&mut draft.client_data));
    house.answer(&key.get_with(&options, ISSUER, change)).await.expect_err("it must not open")
}

#[tokio::test]
async fn i13_a_signature_is_over_this_answer_by_this_key() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    let twists: [fn(&mut Value); 5] = [
        |answer| answer["response"]["signature"] = text(&[0; 70]).into(),
        |answer| answer["response"]["signature"] = "".into(),
        |answer| answer["response"]["signature"] = text(&[0x30, 6, 2, 1, 0, 2, 1, 0]).into(),
        |answer| {
            let mut data = bytes(&answer["response"]["authenticatorData"]);
            data[36] ^= 64;
            answer["response"]["authenticatorData"] = text(&data).into();
        },
        |answer| answer["type"] = "password".into(),
    ];
    for twist in twists {
        let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
        let mut answer = key.get(&options, ISSUER);
        twist(&mut answer);
        assert!(is_refused(&house.answer(&answer).await));
    }
}

#[tokio::test]
async fn an_answer_given_to_another_site_is_refused() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    house.account_with(house.citizen().await, &mut key).await;
    for origin in [
        "https://evil.example",
        "http://localhost:8401",
        "http://localhost.evil.example:8400",
        "https://localhost:8400",
    ] {
        let options = house.accounts.start_sign_in(None, MINE).await.unwrap();
        assert!(matches!(house.answer(&key.get(&options, origin)).await, Err(Error::SignIn)), "{origin}");
    }
    assert!(matches!(refused_sign_in(|draft| draft.relying_party = "evil.example".to_owned()).await, Error::SignIn));
    let framed = |draft: &mut Draft| draft.client_data = draft.client_data.replace("false", "true");
    assert!(matches!(refused_sign_in(framed).await, Error::Passkey(PasskeyFault::Wrong)), "in a frame of another site");
    let framed = |draft: &mut Draft| draft.client_data = draft.client_data.replace("false", "true");
    assert!(matches!(refused_registration(framed).await, Error::Passkey(PasskeyFault::Wrong)));
}

#[tokio::test]
async fn i15_the_last_way_in_stays() {
    let house = House::new().await;
    let (mut key, mut phone) = (Authenticator::key(), Authenticator::phone());
    let (_, session) = house.account_with(house.citizen().await, &mut key).await;
    let only = house.accounts.authenticators(&session.signed_in).await.unwrap().passkeys[0].id.clone();
    let removed = house.accounts.remove_passkey(&session.signed_in, &only).await;
    assert!(matches!(removed, Err(Error::LastOne)));
    let session = house.register(&mut phone, &Grounds::Session(session.signed_in)).await.unwrap();
    house.accounts.remove_passkey(&session.signed_in, &only).await.unwrap();
    assert!(matches!(house.accounts.remove_passkey(&session.signed_in, &only).await, Err(Error::Gone)));
    assert!(matches!(house.sign_in(&mut key).await, Err(Error::SignIn)));
    house.sign_in(&mut phone).await.unwrap();
}

#[tokio::test]
async fn two_removals_at_once_leave_one_way_in() {
    let house = House::new().await;
    let (mut key, mut phone) = (Authenticator::key(), Authenticator::phone());
    let (_, session) = house.account_with(house.citizen().await, &mut key).await;
    let session = house.register(&mut phone, &Grounds::Session(session.signed_in)).await.unwrap().signed_in;
    let passkeys = house.accounts.authenticators(&session).await.unwrap().passkeys;
    let [one, two] = [0, 1].map(|at| {
        let (accounts, session, id) = (house.accounts.clone(), session.clone(), passkeys[at].id.clone());
        tokio::spawn(async move { accounts.remove_passkey(&session, &id).await.is_ok() })
    });
    assert_ne!(one.await.unwrap(), two.await.unwrap());
    assert_eq!(house.accounts.authenticators(&session).await.unwrap().passkeys.len(), 1);
}

#[tokio::test]
async fn i18_a_passkey_opens_its_own_account_whoever_else_is_signed_in() {
    let house = House::new().await;
    let (mut mine, mut theirs) = (Authenticator::key(), Authenticator::key());
    let (account, session) = house.account_with(house.citizen().await, &mut mine).await;
    let (other, _) = house.account_with(house.citizen().await, &mut theirs).await;
    let me = &session.signed_in;
    let options = house.accounts.start_sign_in(Some(me), MINE).await.unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"].as_array().unwrap().len(), 1, "only mine will do");
    let open = json!({"publicKey": {"challenge": options["publicKey"]["challenge"], "rpId": "localhost"}});
    let answer = theirs.get(&open, ISSUER);
    let outcome = house.accounts.sign_in_with_passkey(&answer.to_string(), MINE, "", Some(me)).await;
    assert!(matches!(outcome, Err(Error::SignIn)), "another's passkey confirms nothing");
    let options = house.accounts.start_sign_in(Some(me), MINE).await.unwrap();
    let answer = mine.get_with(&options, ISSUER, |draft| draft.user = None);
    let confirmed = house.accounts.sign_in_with_passkey(&answer.to_string(), MINE, "", Some(me)).await.unwrap();
    assert_eq!((confirmed.signed_in.account, confirmed.signed_in.tag()), (account.id, me.tag()));
    assert!(!house.is_live(&session).await, "the token is another one");
    let changed = house.sign_in(&mut theirs).await.unwrap();
    assert_eq!(changed.signed_in.account, other.id);
}

#[tokio::test]
async fn staff_need_a_key_that_stays_on_one_device() {
    let house = House::new().await;
    let (_, code) = house.invite(Holder::Administrator).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let refused = house.register(&mut Authenticator::phone(), &grounds).await;
    assert!(matches!(refused, Err(Error::Passkey(PasskeyFault::Synced))));
    let passphrase = house.accounts.set_passphrase(grounds.clone(), "quatre tortues bleues rament", "", None).await;
    assert!(matches!(passphrase, Err(Error::NotAllowed)));
    let mut key = Authenticator::key();
    house.register(&mut key, &grounds).await.expect("and the code was not spent on either");
    house.sign_in(&mut key).await.unwrap();
}

#[tokio::test]
async fn a_disabled_account_opens_for_no_passkey() {
    let house = House::new().await;
    let mut key = Authenticator::key();
    let (account, session) = house.account_with(house.citizen().await, &mut key).await;
    let (accounts, id) = (house.accounts.clone(), account.id);
    house.write(move |tx| Box::pin(async move { accounts.disable(tx, id).await })).await;
    assert!(!house.is_live(&session).await);
    assert!(matches!(house.sign_in(&mut key).await, Err(Error::SignIn)));
}

#[tokio::test]
async fn an_independent_authenticator_registers() {
    use webauthn_authenticator_rs::{AuthenticatorBackend, softpasskey::SoftPasskey};
    let house = House::new().await;
    let (_, code) = house.invite(house.citizen().await).await;
    let grounds = Grounds::Code(house.open(&code).await);
    let mut options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    // It is a security key of the old kind: without a memory of its own.
    options["publicKey"]["authenticatorSelection"]["requireResidentKey"] = false.into();
    let options = serde_json::from_value(options["publicKey"].clone()).unwrap();
    let answer = SoftPasskey::new(true).perform_register(ISSUER.parse().unwrap(), options, 1_000).unwrap();
    house.finish(&serde_json::to_value(answer).unwrap(), &grounds).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_that_grew_old_between_question_and_answer_adds_no_passkey() {
    let house = House::new().await;
    let (_, session) = house.account_with(house.citizen().await, &mut Authenticator::key()).await;
    let grounds = Grounds::Session(session.signed_in.clone());
    let mut device = Authenticator::phone();
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    house.wait(Duration::from_mins(6));
    let outcome = house.finish(&device.create(&options, ISSUER), &grounds).await;
    assert!(matches!(outcome, Err(Error::Stale)), "{outcome:?}");
    assert!(house.is_live(&session).await);
}

#[tokio::test]
async fn the_length_of_a_row_tells_neither_label_nor_kind_nor_what_a_ceremony_is_for() {
    let house = House::new().await;
    let (account, session) = house.account_with(house.citizen().await, &mut Authenticator::key()).await;
    let mut device = Authenticator::phone();
    let grounds = Grounds::Session(session.signed_in.clone());
    let options = house.accounts.start_passkey(&grounds, MINE).await.unwrap();
    let answer = device.create(&options, ISSUER).to_string();
    let label = "Le téléphone que ma sœur m’a prêté";
    house.accounts.finish_passkey(&answer, label, MINE, "", Some(&session.signed_in)).await.unwrap();
    house.sign_in(&mut device).await.unwrap();
    let id = account.id;
    let passkeys = house.write(move |tx| Box::pin(async move { rows::passkeys(tx, id).await })).await;
    let lengths: BTreeSet<_> = passkeys.iter().map(|row| row.sealed.len()).collect();
    assert_eq!((passkeys.len(), lengths.len()), (2, 1), "{lengths:?}");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.dir.path().join("heteronym.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let lengths: Vec<(i64, i64)> =
        sqlx::query_as("SELECT LENGTH(sealed), COUNT(*) FROM ceremonies GROUP BY 1").fetch_all(&pool).await.unwrap();
    assert!(lengths.len() == 1 && lengths[0].1 == 3, "{lengths:?}");
    pool.close().await;
}
