//! What `store::accounts` promises.

use heteronym::{
    domain::{
        ambient::Timestamp,
        ids::{AccountId, PersonId, RegistrarId},
    },
    store::{
        StoreError,
        accounts::{self, Account, Holder, Purpose},
    },
};

use super::{
    both::{Db, on_both_engines},
    world::{DAY, LATER, NOW, World, account, hash, leak, passkey},
};

on_both_engines! {
    an_account_of_each_holder_is_found_as_it_was_written
    an_unknown_account_invite_passkey_passphrase_or_code_is_none
    a_login_and_a_person_have_one_account_only
    an_account_is_disabled_once_and_enabled_once
    staff_is_everybody_but_citizens_in_byte_order
    an_invite_opens_once
    an_invite_opens_until_its_last_millisecond_and_not_after
    a_revoked_invite_opens_nothing
    a_credential_is_registered_once_to_whomever
    a_passkey_is_updated_by_whoever_read_it_last
    the_last_thing_that_opens_an_account_stays
    recovery_begins_anew_without_passkeys_and_passphrase
    a_passphrase_replaces_the_one_before
    a_recovery_code_is_spent_once
    a_ceremony_is_used_once_and_in_time
}

async fn an_account_of_each_holder_is_found_as_it_was_written(db: Db) {
    let world = World::add_to(&db).await;
    let officer = Holder::Officer(world.registrar.id);
    let staff = [officer, Holder::Auditor, Holder::Custodian, Holder::Administrator];
    let mut accounts: Vec<Account> = (10..).zip(staff).map(|(n, holder)| account(n, holder)).collect();
    accounts[1].disabled_at = Some(NOW);
    for account in leak(accounts) {
        db.write(move |tx| Box::pin(accounts::insert(tx, account))).await.unwrap();
        let by_id = db.read(move |tx| Box::pin(accounts::find(tx, account.id))).await.unwrap();
        assert_eq!(by_id.as_ref(), Some(account));
        let by_login = db.read(move |tx| Box::pin(accounts::find_by_login(tx, &account.login))).await.unwrap();
        assert_eq!(by_login.as_ref(), Some(account));
    }
    let by_person = db.read(move |tx| Box::pin(accounts::find_by_person(tx, world.person.id))).await.unwrap();
    assert_eq!(by_person.as_ref(), Some(world.account));
}

async fn an_unknown_account_invite_passkey_passphrase_or_code_is_none(db: Db) {
    let (id, person) = (AccountId::from_bytes([9; 16]), PersonId::from_bytes([9; 16]));
    assert_eq!(db.read(move |tx| Box::pin(accounts::find(tx, id))).await.unwrap(), None);
    assert_eq!(db.read(|tx| Box::pin(accounts::find_by_login(tx, "nobody"))).await.unwrap(), None);
    assert_eq!(db.read(move |tx| Box::pin(accounts::find_by_person(tx, person))).await.unwrap(), None);
    assert_eq!(db.read(|tx| Box::pin(accounts::find_invite(tx, hash("x")))).await.unwrap(), None);
    assert!(db.read(|tx| Box::pin(accounts::find_passkey(tx, b"x"))).await.unwrap().is_none());
    assert!(db.read(move |tx| Box::pin(accounts::passkeys(tx, id))).await.unwrap().is_empty());
    assert_eq!(db.read(move |tx| Box::pin(accounts::find_passphrase(tx, id))).await.unwrap(), None);
    assert_eq!(db.read(move |tx| Box::pin(accounts::count_recovery_codes(tx, id))).await.unwrap(), 0);
    assert_eq!(db.write(|tx| Box::pin(accounts::use_invite(tx, hash("x"), NOW))).await.unwrap(), None);
    assert_eq!(db.write(|tx| Box::pin(accounts::use_recovery_code(tx, hash("x"), NOW))).await.unwrap(), None);
    assert_eq!(db.write(|tx| Box::pin(accounts::use_ceremony(tx, hash("x"), NOW))).await.unwrap(), None);
    assert!(!db.write(move |tx| Box::pin(accounts::lock(tx, id))).await.unwrap());
}

async fn a_login_and_a_person_have_one_account_only(db: Db) {
    let world = World::add_to(&db).await;
    let same_person = account(2, world.account.holder);
    let same_login = Account { login: world.account.login.clone(), ..account(3, Holder::Auditor) };
    let same_id = Account { id: world.account.id, ..account(4, Holder::Auditor) };
    for refused in leak([same_person, same_login, same_id]) {
        let outcome = db.write(move |tx| Box::pin(accounts::insert(tx, refused))).await;
        assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    }
    let nobody = Holder::Citizen(PersonId::from_bytes([99; 16]));
    let no_office = Holder::Officer(RegistrarId::from_bytes([99; 16]));
    for refused in leak([account(5, nobody), account(6, no_office)]) {
        let outcome = db.write(move |tx| Box::pin(accounts::insert(tx, refused))).await;
        assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
    }
}

async fn an_account_is_disabled_once_and_enabled_once(db: Db) {
    let id = World::add_to(&db).await.account.id;
    let disable = || db.write(move |tx| Box::pin(accounts::disable(tx, id, NOW)));
    let enable = || db.write(move |tx| Box::pin(accounts::enable(tx, id)));
    assert!(!enable().await.unwrap());
    assert!(disable().await.unwrap());
    assert!(!disable().await.unwrap());
    let found = db.read(move |tx| Box::pin(accounts::find(tx, id))).await.unwrap().unwrap();
    assert_eq!(found.disabled_at, Some(DAY), "the day, never the time");
    assert!(enable().await.unwrap());
    let found = db.read(move |tx| Box::pin(accounts::find(tx, id))).await.unwrap().unwrap();
    assert_eq!(found.disabled_at, None);
    let unknown = AccountId::from_bytes([9; 16]);
    assert!(!db.write(move |tx| Box::pin(accounts::disable(tx, unknown, NOW))).await.unwrap());
    assert!(!db.write(move |tx| Box::pin(accounts::enable(tx, unknown))).await.unwrap());
}

async fn staff_is_everybody_but_citizens_in_byte_order(db: Db) {
    World::add_to(&db).await;
    let named = |n, login: &str| Account { login: login.to_owned(), ..account(n, Holder::Auditor) };
    for account in leak([named(10, "été"), named(11, "Zoo"), named(12, "abc"), account(13, Holder::Administrator)]) {
        db.write(move |tx| Box::pin(accounts::insert(tx, account))).await.unwrap();
    }
    let staff = db.read(|tx| Box::pin(accounts::staff(tx))).await.unwrap();
    let logins: Vec<_> = staff.iter().map(|account| account.login.as_str()).collect();
    assert_eq!(logins, ["login-13", "Zoo", "abc", "été"]);
}

async fn an_invite_opens_once(db: Db) {
    let id = World::add_to(&db).await.account.id;
    let code = hash("code");
    db.write(move |tx| Box::pin(accounts::insert_invite(tx, code, id, Purpose::Recover, NOW, LATER))).await.unwrap();
    let fresh = db.read(move |tx| Box::pin(accounts::find_invite(tx, code))).await.unwrap().unwrap();
    let expected = accounts::Invite {
        account_id: id,
        purpose: Purpose::Recover,
        expires_at: LATER,
        used_at: None,
        revoked_at: None,
    };
    assert_eq!(fresh, expected);

    let open = || db.write(move |tx| Box::pin(accounts::use_invite(tx, code, NOW)));
    assert_eq!(open().await.unwrap(), Some((id, Purpose::Recover)));
    assert_eq!(open().await.unwrap(), None);
    let spent = db.read(move |tx| Box::pin(accounts::find_invite(tx, code))).await.unwrap().unwrap();
    assert_eq!(spent, accounts::Invite { used_at: Some(NOW.month()), ..expected });

    let again =
        db.write(move |tx| Box::pin(accounts::insert_invite(tx, code, id, Purpose::Activate, NOW, LATER))).await;
    assert!(matches!(again, Err(StoreError::Taken)), "{again:?}");
}

async fn an_invite_opens_until_its_last_millisecond_and_not_after(db: Db) {
    let id = World::add_to(&db).await.account.id;
    let code = hash("code");
    db.write(move |tx| Box::pin(accounts::insert_invite(tx, code, id, Purpose::Activate, NOW, LATER))).await.unwrap();
    assert_eq!(db.write(move |tx| Box::pin(accounts::use_invite(tx, code, LATER))).await.unwrap(), None);
    let last = Timestamp(LATER.0 - 1);
    let opened = db.write(move |tx| Box::pin(accounts::use_invite(tx, code, last))).await.unwrap();
    assert_eq!(opened, Some((id, Purpose::Activate)));
}

async fn a_revoked_invite_opens_nothing(db: Db) {
    let id = World::add_to(&db).await.account.id;
    for code in ["spent", "open", "open too"] {
        let code = hash(code);
        db.write(move |tx| Box::pin(accounts::insert_invite(tx, code, id, Purpose::Activate, NOW, LATER)))
            .await
            .unwrap();
    }
    db.write(|tx| Box::pin(accounts::use_invite(tx, hash("spent"), NOW))).await.unwrap().unwrap();
    assert_eq!(db.write(move |tx| Box::pin(accounts::revoke_invites(tx, id, NOW))).await.unwrap(), 2);
    assert_eq!(db.write(move |tx| Box::pin(accounts::revoke_invites(tx, id, NOW))).await.unwrap(), 0);
    assert_eq!(db.write(|tx| Box::pin(accounts::use_invite(tx, hash("open"), NOW))).await.unwrap(), None);
    let revoked = db.read(|tx| Box::pin(accounts::find_invite(tx, hash("open")))).await.unwrap().unwrap();
    assert_eq!((revoked.used_at, revoked.revoked_at), (None, Some(NOW.month())));
}

async fn a_credential_is_registered_once_to_whomever(db: Db) {
    let world = World::add_to(&db).await;
    let other = leak(account(2, Holder::Auditor));
    db.write(move |tx| Box::pin(accounts::insert(tx, other))).await.unwrap();
    let first = leak(passkey(1, world.account.id));
    let second = leak(passkey(2, world.account.id));
    for passkey in [second, first] {
        db.write(move |tx| Box::pin(accounts::insert_passkey(tx, passkey))).await.unwrap();
    }
    assert!(
        db.read(|tx| Box::pin(accounts::find_passkey(tx, &first.credential))).await.unwrap().as_ref() == Some(first)
    );
    let listed = db.read(move |tx| Box::pin(accounts::passkeys(tx, world.account.id))).await.unwrap();
    assert!(listed == [first.clone(), second.clone()]);

    let stolen = leak(passkey(1, other.id));
    let outcome = db.write(move |tx| Box::pin(accounts::insert_passkey(tx, stolen))).await;
    assert!(matches!(outcome, Err(StoreError::Taken)), "{outcome:?}");
    let orphan = leak(passkey(3, AccountId::from_bytes([99; 16])));
    let outcome = db.write(move |tx| Box::pin(accounts::insert_passkey(tx, orphan))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn a_passkey_is_updated_by_whoever_read_it_last(db: Db) {
    let world = World::add_to(&db).await;
    let key = leak(passkey(1, world.account.id));
    db.write(move |tx| Box::pin(accounts::insert_passkey(tx, key))).await.unwrap();
    let update = |version| db.write(move |tx| Box::pin(accounts::update_passkey(tx, &key.credential, b"new", version)));
    assert!(!update(2).await.unwrap());
    assert!(update(1).await.unwrap());
    assert!(!update(1).await.unwrap());
    let found = db.read(|tx| Box::pin(accounts::find_passkey(tx, &key.credential))).await.unwrap().unwrap();
    assert_eq!((found.sealed.as_slice(), found.version), (b"new".as_slice(), 2));
}

async fn the_last_thing_that_opens_an_account_stays(db: Db) {
    let world = World::add_to(&db).await;
    let id = world.account.id;
    let (first, second) = (leak(passkey(1, id)), leak(passkey(2, id)));
    for passkey in [first, second] {
        db.write(move |tx| Box::pin(accounts::insert_passkey(tx, passkey))).await.unwrap();
    }
    let remove = |key: &'static accounts::Passkey| {
        db.write(move |tx| Box::pin(accounts::remove_passkey(tx, id, &key.credential)))
    };
    let remove_passphrase = || db.write(move |tx| Box::pin(accounts::remove_passphrase(tx, id, false)));

    let stranger = AccountId::from_bytes([9; 16]);
    let by_stranger =
        db.write(move |tx| Box::pin(accounts::remove_passkey(tx, stranger, &first.credential))).await.unwrap();
    assert!(!by_stranger);
    assert!(remove(first).await.unwrap());
    assert!(!remove(first).await.unwrap(), "removed already");
    assert!(!remove(second).await.unwrap(), "the last one");

    db.write(move |tx| Box::pin(accounts::put_passphrase(tx, id, b"hash", NOW))).await.unwrap();
    assert!(remove_passphrase().await.unwrap(), "the passkey is left");
    db.write(move |tx| Box::pin(accounts::put_passphrase(tx, id, b"hash", NOW))).await.unwrap();
    assert!(remove(second).await.unwrap(), "the passphrase is left");
    assert!(!remove_passphrase().await.unwrap(), "the last one");
}

async fn recovery_begins_anew_without_passkeys_and_passphrase(db: Db) {
    let id = World::add_to(&db).await.account.id;
    for n in 1..=3 {
        let key = leak(passkey(n, id));
        db.write(move |tx| Box::pin(accounts::insert_passkey(tx, key))).await.unwrap();
    }
    db.write(move |tx| Box::pin(accounts::put_passphrase(tx, id, b"hash", NOW))).await.unwrap();
    assert_eq!(db.write(move |tx| Box::pin(accounts::remove_passkeys(tx, id))).await.unwrap(), 3);
    assert!(db.write(move |tx| Box::pin(accounts::remove_passphrase(tx, id, true))).await.unwrap());
    assert!(!db.write(move |tx| Box::pin(accounts::remove_passphrase(tx, id, true))).await.unwrap());
    assert_eq!(db.write(move |tx| Box::pin(accounts::remove_passkeys(tx, id))).await.unwrap(), 0);
}

async fn a_passphrase_replaces_the_one_before(db: Db) {
    let id = World::add_to(&db).await.account.id;
    for sealed in [b"one", b"two"] {
        db.write(move |tx| Box::pin(accounts::put_passphrase(tx, id, sealed, NOW))).await.unwrap();
        let found = db.read(move |tx| Box::pin(accounts::find_passphrase(tx, id))).await.unwrap();
        assert_eq!(found.as_deref(), Some(sealed.as_slice()));
    }
    let unknown = AccountId::from_bytes([9; 16]);
    let outcome = db.write(move |tx| Box::pin(accounts::put_passphrase(tx, unknown, b"x", NOW))).await;
    assert!(matches!(outcome, Err(StoreError::Refused)), "{outcome:?}");
}

async fn a_recovery_code_is_spent_once(db: Db) {
    let id = World::add_to(&db).await.account.id;
    for code in ["a", "b", "c"] {
        let code = hash(code);
        db.write(move |tx| Box::pin(accounts::insert_recovery_code(tx, code, id, NOW))).await.unwrap();
    }
    let again = db.write(move |tx| Box::pin(accounts::insert_recovery_code(tx, hash("a"), id, NOW))).await;
    assert!(matches!(again, Err(StoreError::Taken)), "{again:?}");
    let spend = || db.write(|tx| Box::pin(accounts::use_recovery_code(tx, hash("a"), NOW)));
    assert_eq!(spend().await.unwrap(), Some(id));
    assert_eq!(spend().await.unwrap(), None);
    assert_eq!(db.read(move |tx| Box::pin(accounts::count_recovery_codes(tx, id))).await.unwrap(), 2);
    assert_eq!(db.write(move |tx| Box::pin(accounts::remove_recovery_codes(tx, id))).await.unwrap(), 3);
    assert_eq!(db.read(move |tx| Box::pin(accounts::count_recovery_codes(tx, id))).await.unwrap(), 0);
}

async fn a_ceremony_is_used_once_and_in_time(db: Db) {
    for id in ["one", "two"] {
        db.write(move |tx| Box::pin(accounts::insert_ceremony(tx, hash(id), b"state", LATER))).await.unwrap();
    }
    let use_at = |id, now| db.write(move |tx| Box::pin(accounts::use_ceremony(tx, hash(id), now)));
    assert_eq!(use_at("one", LATER).await.unwrap(), None, "over");
    assert_eq!(use_at("one", NOW).await.unwrap().as_deref(), Some(b"state".as_slice()));
    assert_eq!(use_at("one", NOW).await.unwrap(), None);
    let remove = |now| db.write(move |tx| Box::pin(accounts::remove_old_ceremonies(tx, now)));
    assert_eq!(remove(Timestamp(LATER.0 - 1)).await.unwrap(), 0);
    assert_eq!(remove(LATER).await.unwrap(), 2, "the unused one too");
}
