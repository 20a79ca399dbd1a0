//! Who is looking: extractors for handlers. The router carries [`Accounts`] as an extension.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{Method, request::Parts, uri::PathAndQuery},
    response::{IntoResponse, Redirect, Response},
};

use super::{super::paths, problem, sign_in_address};
use crate::{
    accounts::{Accounts, SignedIn},
    domain::secret::Token,
    http::{Page, Problem, Site, site::SESSION_COOKIE},
};

/// Who is signed in, if anybody. Fails only when the database does not answer.
#[derive(Clone, Debug)]
pub struct CurrentSession(pub Option<SignedIn>);

/// A page for anybody, whose menu knows whether the reader is signed in.
#[derive(Debug)]
pub struct Reader {
    pub page: Page,
    pub signed_in: Option<SignedIn>,
}

/// A page for somebody who is signed in. Others are sent to sign in, and come back afterwards if they only wanted to look.
#[derive(Debug)]
pub struct Member {
    pub page: Page,
    pub signed_in: SignedIn,
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(found) = parts.extensions.get::<Self>() {
            return Ok(found.clone());
        }
        let site = parts.extensions.get::<Arc<Site>>();
        let cookie = site.and_then(|site| site.cookie(&parts.headers, SESSION_COOKIE));
        let found = match cookie {
            Some(cookie) => accounts(parts)?.session(cookie).await.map_err(problem)?,
            None => None,
        };
        let found = Self(found);
        parts.extensions.insert(found.clone());
        Ok(found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let CurrentSession(signed_in) = CurrentSession::from_request_parts(parts, state).await?;
        let mut page = Page::from_request_parts(parts, state).await?;
        page.member = signed_in.is_some().then(|| page.t("my-account").into_owned());
        Ok(Self { page, signed_in })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        if let Some(signed_in) = reader.signed_in {
            return Ok(Self { page: reader.page, signed_in });
        }
        // Whoever sent a form has lost what it said; whoever only looked comes back.
        if parts.method != Method::GET {
            return Err(Redirect::to(paths::SIGN_IN).into_response());
        }
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let here = uri.path_and_query().map_or(paths::ACCOUNT, PathAndQuery::as_str);
        let accounts = accounts(parts).map_err(IntoResponse::into_response)?;
        Err(Redirect::to(&sign_in_address(accounts, here)).into_response())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accounts {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        accounts(parts).cloned()
    }
}

/// What a ceremony is bound to: a hash of the browser's secret.
pub fn browser_tag(page: &Page) -> [u8; 32] {
    *Token::presented(page.browser()).hash().as_bytes()
}

fn accounts(parts: &Parts) -> Result<&Accounts, Problem> {
    parts.extensions.get().ok_or_else(|| Problem::internal("the router does not carry the account service"))
}
