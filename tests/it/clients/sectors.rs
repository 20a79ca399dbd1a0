//! Sectors: two clients share the pseudonyms of their members only when that was said.

use heteronym::{
    clients::{Client, Draft},
    wire::oauth::{ApplicationType, AuthMethod},
};

use super::{forum, refused};
use crate::harness::{Answer, Choices, Service};

fn at(uris: &[&str]) -> Draft {
    Draft { redirect_uris: uris.iter().map(ToString::to_string).collect(), ..forum() }
}

fn native(uris: &[&str]) -> Draft {
    Draft { application_type: ApplicationType::Native, auth_method: AuthMethod::None, ..at(uris) }
}

fn named(sector: &str, draft: Draft) -> Draft {
    Draft { sector: Some(sector.to_owned()), ..draft }
}

fn joining(sector: &str, draft: Draft) -> Draft {
    Draft { join_sector: true, ..named(sector, draft) }
}

async fn register(service: &Service, draft: Draft) -> Client {
    service.services.clients.register(draft).await.unwrap().0
}

#[tokio::test]
async fn a_client_with_one_host_belongs_to_that_host() {
    let service = Service::start().await;
    for (uris, sector) in [
        (&["https://forum.example/cb", "https://forum.example/other"][..], "forum.example"),
        (&["https://forum.example:8443/cb"], "forum.example:8443"),
        (&["https://[2001:db8::1]/cb"], "[2001:db8::1]"),
    ] {
        assert_eq!(register(&service, at(uris)).await.sector.as_str(), sector);
    }
    let both = native(&["http://127.0.0.1/cb", "https://app.example/cb"]);
    assert_eq!(register(&service, both).await.sector.as_str(), "app.example", "one's own machine is no host");
}

#[tokio::test]
async fn two_programs_on_peoples_own_machines_are_two_sectors() {
    let service = Service::start().await;
    for uri in ["http://127.0.0.1/cb", "http://127.0.0.1/cb", "http://[::1]:7000/cb"] {
        let client = register(&service, native(&[uri])).await;
        assert_eq!(client.sector.as_str(), client.id.as_str(), "its own, whoever else there is");
    }
    let error = refused(&service, named("127.0.0.1", native(&["http://127.0.0.1/cb"]))).await.to_string();
    assert!(error.starts_with("sector: no client has 127.0.0.1 yet, and it is not where this one is"), "{error}");
}

#[tokio::test]
async fn a_sector_that_is_there_is_joined_only_when_that_is_said() {
    let service = Service::start().await;
    let first = register(&service, forum()).await;
    let second = at(&["https://wiki.example/cb"]);
    for silent in [forum(), named("forum.example", second.clone())] {
        let error = refused(&service, silent).await.to_string();
        assert!(error.starts_with(&format!("sector: forum.example is that of {} (Forum); ", first.id)), "{error}");
        assert!(error.contains("by the same sub") && error.contains("--join-sector"), "{error}");
    }
    let joined = register(&service, joining("forum.example", second)).await;
    assert_eq!(joined.sector, first.sector);
    let sharing = service.services.clients.sharing(&joined).await.unwrap();
    assert_eq!(sharing.iter().map(|client| &client.id).collect::<Vec<_>>(), [&first.id]);
}

#[tokio::test]
async fn who_was_in_a_sector_and_is_disabled_is_named_too() {
    let service = Service::start().await;
    let first = register(&service, forum()).await;
    service.services.clients.disable(&first.id).await.unwrap();
    let error = refused(&service, forum()).await.to_string();
    assert!(error.contains(&format!("{} (Forum, disabled)", first.id)), "its database remembers every sub: {error}");
}

#[tokio::test]
async fn a_misspelt_sector_neither_makes_one_nor_joins_one() {
    let service = Service::start().await;
    register(&service, forum()).await;
    let other = at(&["https://wiki.example/cb"]);
    let error = refused(&service, named("forun.example", other.clone())).await.to_string();
    assert_eq!(
        error,
        "sector: no client has forun.example yet, and it is not where this one is; leave it out, or name wiki.example"
    );
    let error = refused(&service, joining("forun.example", other.clone())).await.to_string();
    assert_eq!(
        error,
        "join_sector: no client has the sector forun.example; look at its spelling, or leave join_sector out"
    );
    for odd in ["...::", "Forum.example", "https://forum.example", "forum.example:443x", ""] {
        let error = refused(&service, named(odd, other.clone())).await.to_string();
        assert_eq!(error, format!("sector: {odd} is not a host in lower case, with a port if it has one"));
    }
    register(&service, other).await;
}

#[tokio::test]
async fn of_several_hosts_one_is_named() {
    let service = Service::start().await;
    let two = at(&["https://forum.example/cb", "https://www.example/cb"]);
    let error = refused(&service, two.clone()).await.to_string();
    assert_eq!(
        error,
        "sector: the redirect URIs have several hosts; name the one that pseudonyms belong to: forum.example, www.example"
    );
    assert_eq!(register(&service, named("www.example", two)).await.sector.as_str(), "www.example");
    register(&service, forum()).await;
}

#[tokio::test]
async fn g16_members_of_a_forum_that_moves_stay_who_they_were_and_agree_anew_only_to_what_changed() {
    let service = Service::start().await;
    let clients = &service.services.clients;
    let mut forum = service.forum("forum.example", "openid profile").await;
    let citizen = service.arnaud().await;
    let before = service.sign_in(&forum, &citizen, "openid profile", &Choices::all("Genêt")).await;
    let before = service.told(&before).await;
    let new = vec!["https://new.example/callback".to_owned()];
    let draft = Draft { redirect_uris: new, ..Draft::of(&forum.client, &[], false).unwrap() };
    let refused = clients.update(&forum.client, &draft, false).await.unwrap_err().to_string();
    assert!(refused.starts_with("redirect_uris: new.example is not where this client was"), "{refused}");
    let (moved, secret) = clients.update(&forum.client, &draft, true).await.unwrap();
    assert_eq!((moved.sector.as_str(), secret.is_none()), ("forum.example", true));
    let stale = clients.update(&forum.client, &draft, true).await.unwrap_err().to_string();
    assert!(stale.contains("busy") || stale.contains("again"), "somebody changed it since it was read: {stale}");

    let old = forum.request("openid profile").target();
    forum.client = moved;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    browser.get(&old).await.assert_error_page("the address that it had");
    let request = forum.request("openid profile").with("prompt", "none");
    let answer = Answer::of(&browser.get(&request.target()).await);
    assert_eq!(answer.address, "https://new.example/callback");
    let after = service.told(&forum.tokens(&service, &request, &answer).await).await;
    assert_eq!((&after["sub"], &after["name"]), (&before["sub"], &before["name"]));

    let policy_uri = Some("https://new.example/privacy".to_owned());
    let draft = Draft { policy_uri, ..Draft::of(&forum.client, &[], false).unwrap() };
    forum.client = clients.update(&forum.client, &draft, false).await.unwrap().0;
    let request = forum.request("openid profile").with("prompt", "none");
    let answer = Answer::of(&browser.get(&request.target()).await);
    assert_eq!(answer.error(), "consent_required", "to another policy");
}

#[tokio::test]
async fn who_joins_a_sector_takes_its_policy() {
    let service = Service::start().await;
    register(&service, Draft { heteronyms_per_person: 2, ..forum() }).await;
    let error = refused(&service, joining("forum.example", at(&["https://wiki.example/cb"]))).await.to_string();
    assert_eq!(error, "heteronyms_per_person: the sector forum.example has 2 already, and that cannot be changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_registered_at_the_same_moment_one_makes_the_sector_and_nine_are_told_of_it() {
    let service = Service::start().await;
    let tries: Vec<_> = (0..10)
        .map(|_| {
            let clients = service.services.clients.clone();
            tokio::spawn(async move { clients.register(forum()).await })
        })
        .collect();
    let mut made = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(error.to_string().contains("is that of c_"), "{error}"),
        }
    }
    assert_eq!(made, 1);
}
