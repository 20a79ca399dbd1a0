//! The keys of clients: inline, or fetched from an address that changes, lies, breaks down and comes back.

use std::time::Duration;

use axum::http::StatusCode;
use heteronym::{
    clients::{ClientKeys, Draft, KeySource, KeySourceError, KeysError, OutboundError},
    domain::ambient::Timestamp,
    wire::{
        jose::{Algorithm, InvalidKey, JwkSet, KeySet, Refusal, Signer, SigningKey, Typ, Verified, Verifier},
        oauth::AuthMethod,
    },
};
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::outbound_sink::{Script, Sink, guard};
use crate::harness::{self, ClientKey, Service};

const NOW: Timestamp = Timestamp(1_900_000_000_000);
const CLIENT: &str = "c_forum";
const ISSUER: &str = "https://id.example";

fn signer(seed: u64) -> Signer {
    Signer::new(SigningKey::generate(Algorithm::EdDSA, &mut StdRng::seed_from_u64(seed)).unwrap()).unwrap()
}

fn set(signers: &[&Signer]) -> JwkSet {
    JwkSet { keys: signers.iter().map(|signer| signer.public().clone()).collect() }
}

fn document(signers: &[&Signer]) -> Script {
    Script::body(&serde_json::to_string(&set(signers)).unwrap())
}

fn assertion(signer: &Signer, now: Timestamp) -> String {
    let claims = json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": now.seconds() + 60});
    signer.sign(Typ::Jwt, &claims).unwrap()
}

fn read(assertion: &str, keys: &KeySet, now: Timestamp) -> Result<Verified<Value>, Refusal> {
    Verifier::new(Typ::Jwt, CLIENT, ISSUER).verify(assertion, keys, now.seconds())
}

/// A client with a `jwks_uri`, and the server that it leads to.
struct Forum {
    sink: Sink,
    keys: ClientKeys,
    source: KeySource,
}

impl Forum {
    async fn start(script: Script) -> Self {
        let sink = Sink::start(script).await;
        let keys = ClientKeys::new(sink.guard());
        let source = KeySource::Uri(sink.at("/jwks.json"));
        Self { sink, keys, source }
    }

    /// What becomes of an assertion by this key at this time.
    async fn verify(&self, signer: &Signer, now: Timestamp) -> Result<(), KeysError> {
        let assertion = assertion(signer, now);
        let outcome = self.keys.verify(&self.source, now, |keys| read(&assertion, keys, now)).await;
        outcome.map(|verified| assert_eq!(verified.claims["sub"], CLIENT))
    }

    fn fetches(&self) -> usize {
        self.sink.connections()
    }
}

fn after(span: Duration) -> Timestamp {
    NOW.plus(span)
}

fn before(span: Duration) -> Timestamp {
    after(span).minus(INSTANT)
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const INSTANT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn keys_that_came_with_the_registration_verify_without_a_request() {
    let (key, other) = (signer(1), signer(2));
    let mut forum = Forum::start(Script::Silence).await;
    forum.source = KeySource::Inline(set(&[&key]));
    assert_eq!(forum.verify(&key, NOW).await, Ok(()));
    assert_eq!(forum.verify(&other, NOW).await, Err(KeysError::Refused(Refusal::Key)));
    assert_eq!(forum.fetches(), 0);
}

#[tokio::test]
async fn a_fetched_set_serves_for_an_hour_and_is_fetched_again_before_it_serves_longer() {
    let (old, new) = (signer(1), signer(2));
    let forum = Forum::start(document(&[&old])).await;
    for moment in [NOW, after(MINUTE), before(HOUR)] {
        assert_eq!(forum.verify(&old, moment).await, Ok(()));
    }
    assert_eq!(forum.fetches(), 1);
    assert!(forum.sink.requests()[0].starts_with("GET /jwks.json "));
    forum.sink.now_answers(document(&[&new]));
    assert_eq!(
        forum.verify(&old, after(HOUR)).await,
        Err(KeysError::Refused(Refusal::Key)),
        "its owner took it away: not once more does it open anything"
    );
    assert_eq!(forum.fetches(), 2, "and looking for it a second time has to wait");
}

#[tokio::test]
async fn an_unknown_kid_is_looked_for_at_once_and_then_once_a_minute() {
    let (old, new, unknown) = (signer(1), signer(2), signer(3));
    let forum = Forum::start(document(&[&old])).await;
    assert_eq!(forum.verify(&old, NOW).await, Ok(()));
    forum.sink.now_answers(document(&[&old, &new]));
    let later = after(MINUTE);
    assert_eq!(forum.verify(&new, later).await, Ok(()), "a key that was added opens as soon as it is used");
    assert_eq!(forum.fetches(), 2);
    for moment in [later, later.plus(INSTANT), before(2 * MINUTE)] {
        assert_eq!(forum.verify(&unknown, moment).await, Err(KeysError::Refused(Refusal::Key)));
        assert_eq!(forum.fetches(), 2, "f3: a stranger cannot make us ask more often");
    }
    assert_eq!(forum.verify(&old, later).await, Ok(()), "nor keep the others out");
    assert_eq!(forum.verify(&unknown, later.plus(MINUTE)).await, Err(KeysError::Refused(Refusal::Key)));
    assert_eq!(forum.fetches(), 3);
}

#[tokio::test]
async fn a_token_that_is_refused_for_anything_but_its_key_asks_nobody() {
    let key = signer(1);
    let forum = Forum::start(document(&[&key])).await;
    forum.verify(&key, NOW).await.unwrap();
    let later = after(2 * MINUTE);
    let stale = assertion(&key, NOW);
    let mut forged = assertion(&key, later);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    for (token, refusal) in [
        (stale.as_str(), Refusal::Expired),
        (&forged, Refusal::Signature),
        ("a.b.c", Refusal::Form),
        ("", Refusal::Form),
    ] {
        let outcome = forum.keys.verify(&forum.source, later, |keys| read(token, keys, later)).await;
        assert_eq!(outcome.err(), Some(KeysError::Refused(refusal)));
    }
    assert_eq!(forum.fetches(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_the_same_moment_one_fetches_and_all_are_served() {
    let (old, new) = (signer(1), signer(2));
    let forum = Forum::start(document(&[&old])).await;
    let crowd =
        async |signer: &Signer, now| futures_util::future::join_all((0..30).map(|_| forum.verify(signer, now))).await;
    assert_eq!(crowd(&old, NOW).await, vec![Ok(()); 30]);
    assert_eq!(forum.fetches(), 1, "the first use");
    forum.sink.now_answers(document(&[&new]));
    assert_eq!(crowd(&new, after(MINUTE)).await, vec![Ok(()); 30]);
    assert_eq!(forum.fetches(), 2, "a new kid");
    assert_eq!(crowd(&new, after(3 * HOUR)).await, vec![Ok(()); 30]);
    assert_eq!(forum.fetches(), 3, "an old set");
    forum.sink.now_answers(Script::status("503 Service Unavailable", ""));
    assert_eq!(crowd(&old, after(4 * HOUR)).await, vec![Err(KeysError::Refused(Refusal::Key)); 30]);
    assert_eq!(forum.fetches(), 4, "a failure is not tried again by each of them");
}

#[tokio::test]
async fn who_hangs_up_while_keys_are_fetched_wastes_no_attempt() {
    let key = signer(1);
    let (open, gate) = watch::channel(false);
    let Script::Say(answer) = document(&[&key]) else { unreachable!("it says a document") };
    let forum = Forum::start(Script::Held(gate, answer)).await;
    tokio::select! {
        outcome = forum.verify(&key, NOW) => panic!("the gate is closed: {outcome:?}"),
        () = forum.sink.visited() => {}
    }
    open.send(true).unwrap();
    assert_eq!(forum.verify(&key, NOW).await, Ok(()));
    assert_eq!(forum.fetches(), 1);
}

#[tokio::test]
async fn g8_while_the_address_is_down_the_last_good_set_serves_for_a_day_and_then_nothing_does() {
    let key = signer(1);
    let forum = Forum::start(document(&[&key])).await;
    forum.verify(&key, NOW).await.unwrap();
    for (down, failure) in [
        (Script::status("503 Service Unavailable", ""), KeysError::Unreachable(OutboundError::Status(503))),
        (Script::Say(Vec::new()), KeysError::Unreachable(OutboundError::Unreachable)),
        (Script::body("<html>"), KeysError::Invalid(InvalidKey::NotAKeySet)),
    ] {
        let fetched = forum.fetches();
        forum.sink.now_answers(down);
        for moment in [after(HOUR), before(DAY)] {
            assert_eq!(forum.verify(&key, moment).await, Ok(()), "{failure}");
        }
        assert_eq!(forum.verify(&key, after(DAY + MINUTE)).await, Err(failure.clone()));
        assert_eq!(forum.fetches(), fetched + 3);
        assert_eq!(
            forum.verify(&key, after(DAY + MINUTE + INSTANT)).await,
            Err(failure),
            "told again, not asked again"
        );
        assert_eq!(forum.fetches(), fetched + 3);
        // It comes back, and with it the client.
        forum.sink.now_answers(document(&[&key]));
        assert_eq!(forum.verify(&key, after(DAY + 2 * MINUTE)).await, Ok(()));
        // As fresh as at the beginning, for the next way to be down.
        assert_eq!(forum.verify(&key, NOW).await, Ok(()));
    }
}

#[tokio::test]
async fn g8_an_address_that_never_gave_a_set_gives_no_keys() {
    let forum = Forum::start(Script::status("404 Not Found", "")).await;
    let failure = Err(KeysError::Unreachable(OutboundError::Status(404)));
    assert_eq!(forum.verify(&signer(1), NOW).await, failure);
    assert_eq!(forum.verify(&signer(1), after(INSTANT)).await, failure);
    assert_eq!(forum.fetches(), 1);
}

#[tokio::test]
async fn g8_a_client_whose_keys_cannot_be_had_is_nobody_after_a_day_and_itself_when_they_are_back() {
    let key = ClientKey::new(Algorithm::EdDSA);
    let (there, away) = (Script::body(&key.jwks().to_string()), Script::status("503 Service Unavailable", ""));
    let sink = Sink::start(there.clone()).await;
    let service = Service::start_at(ISSUER, &format!("[outbound]\nallow = [\"{}\"]", sink.authority()), 1).await;
    let draft = Draft {
        name: "Forum".to_owned(),
        redirect_uris: vec!["https://forum.example/cb".to_owned()],
        scope: "openid".to_owned(),
        auth_method: AuthMethod::PrivateKeyJwt,
        jwks_uri: Some(sink.at("/jwks.json")),
        ..Draft::default()
    };
    let (client, secret) = service.services.clients.register(draft).await.unwrap();
    let forum = harness::Forum { client, secret, key: Some(key), dpop: None, certificate: None };
    let pushed = async || forum.push(&service, &forum.request("openid")).await;
    assert_eq!(pushed().await.status, StatusCode::CREATED);
    sink.now_answers(away);
    service.wait(23 * 3_600);
    assert_eq!(pushed().await.status, StatusCode::CREATED, "the last good set");
    service.wait(2 * 3_600);
    assert_eq!(pushed().await.error(), (401, "invalid_client".to_owned()));
    sink.now_answers(there);
    service.wait(61);
    assert_eq!(pushed().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_set_with_a_private_or_symmetric_key_ends_the_one_before_it() {
    let key = signer(1);
    let mut private = serde_json::to_value(set(&[&key])).unwrap();
    private["keys"][0]["d"] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into();
    for secret in [private, json!({"keys": [{"kty": "oct", "k": "AA"}]})] {
        let forum = Forum::start(document(&[&key])).await;
        assert_eq!(forum.verify(&key, NOW).await, Ok(()));
        forum.sink.now_answers(Script::body(&secret.to_string()));
        let refused = Err(KeysError::Invalid(InvalidKey::Private));
        assert_eq!(forum.verify(&key, after(HOUR)).await, refused, "whoever read it could sign");
        assert_eq!(forum.verify(&key, after(HOUR + INSTANT)).await, refused);
        forum.sink.now_answers(document(&[&key]));
        assert_eq!(forum.verify(&key, after(HOUR + MINUTE)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_old_set_young() {
    let (old, new) = (signer(1), signer(2));
    let forum = Forum::start(document(&[&old])).await;
    assert_eq!(forum.verify(&old, after(3 * DAY)).await, Ok(()));
    forum.sink.now_answers(document(&[&new]));
    assert_eq!(forum.verify(&new, NOW).await, Ok(()));
    assert_eq!(forum.verify(&old, NOW).await, Err(KeysError::Refused(Refusal::Key)));
}

#[tokio::test]
async fn of_too_many_addresses_the_longest_unused_is_forgotten() {
    let key = signer(1);
    let forum = Forum::start(document(&[&key])).await;
    let verify = async |uri: &str, moment: u64| {
        let (source, now) = (KeySource::Uri(uri.to_owned()), after(Duration::from_millis(moment)));
        let assertion = assertion(&key, now);
        forum.keys.verify(&source, now, |keys| read(&assertion, keys, now)).await.map(|_| ())
    };
    // That the guard refuses these does not keep them from being remembered.
    let other = async |number: usize, moment: u64| verify(&format!("https://10.0.0.1/{number}"), moment).await.is_err();
    let (used, unused) = (forum.sink.at("/used"), forum.sink.at("/unused"));
    assert_eq!((verify(&used, 0).await, verify(&unused, 1).await), (Ok(()), Ok(())));
    for number in 2..1_024 {
        assert!(other(number, 2).await);
    }
    assert_eq!((verify(&unused, 3).await, verify(&used, 4).await), (Ok(()), Ok(())));
    assert_eq!(forum.fetches(), 2, "there is a place for all of 1,024");
    for number in 1_024..2_047 {
        assert!(other(number, 5).await);
    }
    assert_eq!((verify(&used, 6).await, forum.fetches()), (Ok(()), 2), "the others went first");
    assert_eq!((verify(&unused, 6).await, forum.fetches()), (Ok(()), 3));
}

#[tokio::test]
async fn keys_are_registered_by_one_of_two_members_that_are_checked() {
    let guard = guard(&[]);
    let jwks = serde_json::to_value(set(&[&signer(1)])).unwrap();
    let register = |jwks: Option<&Value>, uri: Option<&str>| KeySource::register(jwks, uri, &guard);
    assert_eq!(register(None, None), Ok(None));
    assert_eq!(register(Some(&jwks), None), Ok(Some(KeySource::Inline(set(&[&signer(1)])))));
    let uri = "https://forum.example/jwks.json";
    assert_eq!(register(None, Some(uri)), Ok(Some(KeySource::Uri(uri.to_owned()))));
    assert_eq!(register(Some(&jwks), Some(uri)), Err(KeySourceError::Both));
    let mut private = jwks;
    private["keys"][0]["d"] = "AA".into();
    for (jwks, uri, told) in [
        (Some(private), None, "jwks: the key set holds a private or symmetric key"),
        (Some(json!([])), None, "jwks: the key set is not strict JSON"),
        (Some(json!("x")), None, "jwks: the key set is not strict JSON"),
        (None, Some("http://forum.example/jwks.json"), "jwks_uri: the address does not begin with https"),
        (None, Some("https://10.0.0.1/jwks.json"), "jwks_uri: the host has no public address"),
        (None, Some("https://id.example/jwks"), "jwks_uri: the address is one of this provider's own"),
    ] {
        let error = register(jwks.as_ref(), uri).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
}

/// The key source beside another member of a client.
#[derive(serde::Serialize, serde::Deserialize)]
struct Metadata {
    client_name: String,
    #[serde(flatten)]
    keys: Option<KeySource>,
}

#[test]
fn keys_are_kept_as_the_one_member_that_they_were_registered_with() {
    let uri = KeySource::Uri("https://forum.example/jwks.json".to_owned());
    assert_eq!(serde_json::to_value(&uri).unwrap(), json!({"jwks_uri": "https://forum.example/jwks.json"}));
    let inline = KeySource::Inline(set(&[&signer(1)]));
    assert_eq!(serde_json::to_value(&inline).unwrap(), json!({"jwks": set(&[&signer(1)])}));
    for source in [uri, inline] {
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<KeySource>(&text).unwrap(), source);
    }
    assert!(serde_json::from_value::<KeySource>(json!({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}})).is_err());
    for text in [r#"{"client_name":"Forum","jwks_uri":"https://a.example/"}"#, r#"{"client_name":"Forum"}"#] {
        let metadata: Metadata = serde_json::from_str(text).unwrap();
        assert_eq!(metadata.keys.is_some(), text.contains("jwks_uri"));
        assert_eq!(serde_json::to_string(&metadata).unwrap(), text);
    }
}
