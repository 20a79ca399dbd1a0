//! What is told when the database is away, and when it holds what it should not: never a token, and who can mend it.

use axum::{
    body::Body,
    http::{Request as HttpRequest, StatusCode, header},
};
use heteronym::store::{StoreError, persons};

use crate::harness::{Answer, Choices, Citizen, Forum, Reply, Request, Service, Tokens};

struct House {
    service: Service,
    forum: Forum,
    citizen: Citizen,
    tokens: Tokens,
    request: Request,
    answer: Answer,
}

async fn house() -> House {
    let service = Service::start().await;
    let forum = service.forum("forum.example", "openid profile age").await;
    let citizen = service.arnaud().await;
    let tokens = service.sign_in(&forum, &citizen, "openid age", &Choices::all("Genêt")).await;
    let mut browser = service.browser();
    browser.sign_in(&service, &citizen).await;
    let request = forum.request("openid age");
    let answer = browser.authorize(&request, &Choices::all("Genêt")).await;
    House { service, forum, citizen, tokens, request, answer }
}

impl House {
    async fn userinfo(&self) -> Reply {
        let bearer = format!("Bearer {}", self.tokens.access_token);
        let request = HttpRequest::get("/userinfo").header(header::AUTHORIZATION, bearer).body(Body::empty());
        self.service.browser().send_to_broken(request.unwrap()).await
    }

    /// The sign-in to the forum.
    async fn page(&self, session: &str) -> Reply {
        self.page_at(&self.forum.request("openid").target(), session).await
    }

    async fn page_at(&self, target: &str, session: &str) -> Reply {
        let mut browser = self.service.browser();
        browser.hold_session(session);
        let request = HttpRequest::get(target).header(header::ACCEPT, "text/html");
        browser.send_to_broken(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn r107_r108_a_database_that_is_away_is_said_with_a_time_to_come_back() {
    let house = house().await;
    let session = house.citizen.begin_session(&house.service).await;
    house.service.services.store.close().await;
    house.service.wait(6);
    let token = house.forum.redeem(&house.service, &house.request, &house.answer).await;
    for (what, reply) in [("token", token), ("userinfo", house.userinfo().await)] {
        assert_eq!(reply.error(), (503, "temporarily_unavailable".to_owned()), "{what}");
        assert_eq!(reply.header(header::RETRY_AFTER), Some("5"), "{what}");
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"), "{what}");
    }
    let page = house.page(session.token.expose()).await;
    assert_eq!((page.status, page.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, Some("5")));
}

#[tokio::test]
async fn a_row_that_nobody_can_read_is_an_error_of_ours_and_trying_again_is_not_advised() {
    let house = house().await;
    let session = house.citizen.begin_session(&house.service).await;
    let person = house.citizen.person;
    let broken = house.service.services.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let mut row = persons::find(tx, person).await?.unwrap();
            row.facts = b"broken".to_vec();
            persons::update(tx, &row).await
        })
    });
    assert!(broken.await.unwrap());
    house.service.services.attributes.forget(person);
    let reply = house.userinfo().await;
    assert_eq!(reply.error(), (500, "server_error".to_owned()));
    assert_eq!(reply.header(header::RETRY_AFTER), None);
    let session = session.token.expose();
    let own = [house.page_at("/account", session).await, house.page_at("/account/forums", session).await];
    for page in own.into_iter().chain([house.page(session).await]) {
        assert_eq!((page.status, page.header(header::RETRY_AFTER)), (StatusCode::INTERNAL_SERVER_ERROR, None));
        assert!(!page.text().contains("facts"), "the page does not say which row");
    }
}
