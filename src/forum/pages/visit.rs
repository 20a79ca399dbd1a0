//! Who is here: the session behind a request, and what this reader may see and do.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Method, StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    fault::Fault,
    refused,
    view::{Lens, Reader, moderates},
    words::Words,
};
use crate::{
    forum::{
        Forum,
        rules::Rule,
        store::{Member, Sanction, SanctionKind, StoreError},
    },
    http::{Page, Problem, site::SESSION_COOKIE},
};

/// One request, its reader and its moment.
pub(super) struct Visit {
    pub(super) forum: Forum,
    pub(super) page: Page,
    pub(super) member: Option<Member>,
    pub(super) sanction: Option<Sanction>,
    pub(super) now: i64,
    /// The session the browser presented, alive or not.
    pub(super) session: Option<String>,
    /// What ties a sign-in under way to this browser.
    pub(super) browser: Option<String>,
    /// The ID token that the browser keeps for signing out.
    pub(super) hint: Option<String>,
    /// Reports that wait for a moderator, when one is reading.
    pub(super) reports: i64,
    /// Where to come back to after signing in.
    pub(super) here: String,
}

impl FromRequestParts<Forum> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, forum: &Forum) -> Result<Self, Problem> {
        let now = forum.ambient().now();
        let page = Page::from_request_parts(parts, forum).await?;
        let cookie = |name| page.site().cookie(&parts.headers, name).map(str::to_owned);
        let (session, browser, hint) = (cookie(SESSION_COOKIE), cookie(SIGN_IN_COOKIE), cookie(HINT_COOKIE));
        let member = match &session {
            Some(token) => forum.store().session(token, now).await?,
            None => None,
        };
        let sanction = match &member {
            Some(member) => forum.store().sanction(&member.sub, now).await?,
            None => None,
        };
        let here = if parts.method == Method::GET { parts.uri.path().to_owned() } else { "/".to_owned() };
        let forum = forum.clone();
        let mut visit = Self { forum, page, member, sanction, now, session, browser, hint, reports: 0, here };
        visit.page.member = visit.member.as_ref().map(|member| visit.lens().own_name(member));
        if visit.is_moderator() {
            visit.reports = visit.forum.store().count_open_reports().await?;
        }
        Ok(visit)
    }
}

impl Visit {
    pub(super) fn words(&self) -> Words<'_> {
        Words { texts: self.page.site().texts(), lang: self.page.lang() }
    }

    pub(super) fn lens(&self) -> Lens<'_> {
        Lens { words: self.words(), config: self.forum.config(), reader: self.reader(), now: self.now }
    }

    pub(super) fn reader(&self) -> Reader {
        let banned = self.sanction.as_ref().is_some_and(|sanction| sanction.kind == SanctionKind::Ban);
        match &self.member {
            Some(_) if banned => Reader::Guest,
            Some(member) if moderates(self.forum.config(), member) => Reader::Moderator,
            Some(_) => Reader::Member,
            None => Reader::Guest,
        }
    }

    pub(super) fn is_moderator(&self) -> bool {
        self.reader() == Reader::Moderator
    }

    /// The member, or the way to sign in and come back to `goal`.
    pub(super) fn member_or_sign_in(&self, goal: &str) -> Result<&Member, Ended> {
        self.member.as_ref().ok_or_else(|| see(&sign_in_path(goal)).into())
    }

    /// The member who may write, or why not.
    pub(super) fn writer(&self, goal: &str) -> Result<&Member, Ended> {
        let member = self.member_or_sign_in(goal)?;
        match &self.sanction {
            Some(sanction) => Err(refused::sanctioned(self, sanction).into()),
            None => Ok(member),
        }
    }

    /// The member who sends what they wrote, or why it is not published. Whoever answers shows it again: nothing that somebody
    /// typed is lost because a session ended, a quality was withdrawn or a moderator was faster.
    pub(super) fn sender(&self, fresh: bool, rule: &Rule) -> Result<&Member, Fault> {
        match &self.member {
            None => Err(Fault::SignedOut),
            Some(_) if self.sanction.is_some() => Err(Fault::Sanction),
            Some(_) if !fresh => Err(Fault::Stale),
            Some(member) if rule.check(&member.of).is_err() => Err(Fault::Quality),
            Some(member) => Ok(member),
        }
    }

    /// The moderator; to everybody else the page is not there.
    pub(super) fn moderator(&self) -> Result<&Member, Ended> {
        match &self.member {
            Some(member) if self.is_moderator() => Ok(member),
            _ => Err(Problem::not_found().into()),
        }
    }

    /// Answers with a page.
    pub(super) fn show(&self, view: &impl Template) -> Answer {
        self.show_as(StatusCode::OK, view)
    }

    #[expect(clippy::unnecessary_wraps, reason = "handlers end with it, and their other ends can fail")]
    pub(super) fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
        Ok(self.rendered(status, view))
    }

    /// Answers with a page that search engines are told not to keep.
    pub(super) fn rendered(&self, status: StatusCode, view: &impl Template) -> Response {
        let mut response = self.page.render_as(status, view);
        response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
        response
    }

    /// Answers with a page that search engines may keep if every name on it may be kept.
    pub(super) fn show_listed(&self, indexable: bool, view: &impl Template) -> Answer {
        if indexable { Ok(self.page.render(view)) } else { self.show(view) }
    }

    /// From here on the reader is nobody: the page that follows shows no name.
    pub(super) fn forget(&mut self) {
        self.member = None;
        self.sanction = None;
        self.page.member = None;
    }

    /// The members of these numbers.
    pub(super) async fn people(
        &self,
        ids: impl Iterator<Item = Option<i64>>,
    ) -> Result<BTreeMap<i64, Member>, StoreError> {
        let ids: BTreeSet<i64> = ids.flatten().collect();
        if ids.is_empty() { Ok(BTreeMap::new()) } else { self.forum.store().members(&ids).await }
    }
}

/// Where signing in begins, to come back to `goal`.
pub(super) fn sign_in_path(goal: &str) -> String {
    format!("/sign-in?goal={}", form_urlencoded::byte_serialize(goal.as_bytes()).collect::<String>())
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(sqlx::Error::PoolTimedOut) => Self::unavailable("the forum's database is busy"),
            error => Self::internal(error),
        }
    }
}

/// What a handler ends with when it does not answer with its page: a redirect, a refusal, a problem.
pub(super) struct Ended(Box<Response>);

impl IntoResponse for Ended {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Response> for Ended {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        problem.into_response().into()
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

/// The answer of every handler.
pub(super) type Answer = Result<Response, Ended>;

/// See other (RFC 9110 §15.4.4): the browser fetches the page that shows what was done.
pub(super) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A page that says the form holds a fault.
pub(super) const FAULTY: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Ties a sign-in under way to the browser that began it.
pub(super) const SIGN_IN_COOKIE: &str = "sign-in";
/// Keeps the ID token on the browser's side, as the hint for signing out at the provider.
pub(super) const HINT_COOKIE: &str = "hint";
