//! A browser without script: cookies, links and forms.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use http_body_util::BodyExt;
use tower::ServiceExt;
use url::Url;

use super::ORIGIN;

pub(super) struct Browser {
    router: Router,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) language: &'static str,
    /// The form token of the last page that had one.
    pub(super) csrf: String,
    /// What it says a form comes from, if it says so.
    pub(super) origin: Option<&'static str>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The address a redirect leads to.
    pub(super) fn leads_to(&self) -> Url {
        Url::parse(ORIGIN).unwrap().join(self.location()).unwrap()
    }

    pub(super) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION).unwrap_or_else(|| panic!("no redirect: {}", self.text));
        location.to_str().unwrap()
    }

    pub(super) fn is_for_search_engines(&self) -> bool {
        let header = self.headers.get("x-robots-tag").is_none();
        assert_eq!(header, !self.text.contains("<meta name=\"robots\" content=\"noindex\">"), "header and page agree");
        header
    }
}

impl Browser {
    pub(super) fn new(router: Router) -> Self {
        Self { router, cookies: BTreeMap::new(), language: "en", csrf: String::new(), origin: Some(ORIGIN) }
    }

    /// The same browser, in front of a forum that was started again.
    pub(super) fn moves_to(&mut self, router: Router) {
        self.router = router;
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Fills in and sends a form of the last page.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let form =
            form_urlencoded::Serializer::new(String::new()).append_pair("csrf", &csrf).extend_pairs(fields).finish();
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = self.origin {
            let fetched = if origin == ORIGIN { "same-origin" } else { "cross-site" };
            request = request.header(header::ORIGIN, origin).header("sec-fetch-site", fetched);
        }
        self.send(request, Body::from(form)).await
    }

    /// Sends a form and follows where it leads.
    pub(super) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let next = answer.leads_to();
        self.get(&next[url::Position::BeforePath..url::Position::AfterQuery]).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request
            .header(header::HOST, "127.0.0.1:8401")
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, self.language);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        if let Some((_, rest)) = text.split_once("name=\"csrf\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.csrf);
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    fn keep(&mut self, cookie: &str) {
        let (name, rest) = cookie.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap();
        if cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
