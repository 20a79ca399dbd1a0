//! What a handler needs to answer with a page: the language, the texts, the assets, the form token.

use std::{
    borrow::Cow,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Response},
};

use super::{
    form::Guard,
    locale::Lang,
    problem::Problem,
    site::{BROWSER_COOKIE, Site},
    texts::ToArg,
};

/// The reader's side of a page. Templates hold it as `page` and extend `http/templates/layout.html`.
#[derive(Debug)]
pub struct Page {
    site: Arc<Site>,
    lang: Lang,
    /// Path and query of a page that can be asked for again, to come back to in another language.
    here: Option<String>,
    guard: Guard,
    has_form: AtomicBool,
    /// Who is signed in, as the header of the page shows it; set by the face that knows.
    pub member: Option<String>,
}

impl Page {
    pub(super) fn of_request(site: Arc<Site>, headers: &HeaderMap, method: &Method, uri: &Uri) -> Self {
        let here = (method == Method::GET).then(|| uri.path_and_query().map(ToString::to_string)).flatten();
        let lang = site.lang(headers);
        let guard = Guard::of_request(&site, headers);
        Self { site, lang, here, guard, has_form: AtomicBool::new(false), member: None }
    }

    pub fn site(&self) -> &Site {
        &self.site
    }

    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The page in another language than the browser's, as `ui_locales` asks.
    #[must_use]
    pub fn in_lang(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// A text without variables.
    pub fn t<'a>(&'a self, key: &'a str) -> Cow<'a, str> {
        self.site.texts().get(self.lang, key)
    }

    /// A text with one variable.
    pub fn with<'a>(&'a self, key: &'a str, name: &str, value: impl ToArg) -> Cow<'a, str> {
        self.site.texts().format(self.lang, key, &[(name, &value)])
    }

    /// A text with two variables.
    pub fn with2<'a>(
        &'a self,
        key: &'a str,
        name: &str,
        value: impl ToArg,
        other: &str,
        second: impl ToArg,
    ) -> Cow<'a, str> {
        self.site.texts().format(self.lang, key, &[(name, &value), (other, &second)])
    }

    /// A text whose name is put together from two parts, such as `claim-` and `age`.
    pub fn t2(&self, prefix: &str, rest: &str) -> String {
        self.site.texts().get(self.lang, &format!("{prefix}{rest}")).into_owned()
    }

    /// A count as the language writes it.
    pub fn number(&self, number: impl TryInto<i64>) -> String {
        self.lang.number(number.try_into().unwrap_or(i64::MAX))
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> &str {
        self.site.asset(name)
    }

    /// The value of the hidden field `csrf` that every form carries. Asking for it gives the browser its secret.
    pub fn csrf(&self) -> String {
        self.has_form.store(true, Ordering::Relaxed);
        self.guard.token(&self.site)
    }

    /// The secret of this browser: what goes out sealed and has to come back to the same browser is bound to it. Asking
    /// for it gives it to the browser.
    pub fn browser(&self) -> &str {
        self.has_form.store(true, Ordering::Relaxed);
        self.guard.secret()
    }

    /// Sends the browser to another address by GET, whatever it asked with (RFC 9110 §15.4.4).
    pub fn see_other(&self, location: &str) -> Response {
        let Ok(location) = HeaderValue::from_str(location) else {
            return Problem::internal("an address to redirect to is not one").into_response();
        };
        self.with_secret((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
    }

    /// The other languages, with the address that switches to each.
    pub fn languages(&self) -> Vec<(Lang, String)> {
        // A long address is somebody's request; repeated in every link, it would make the page as long again.
        let back = self.here.as_deref().filter(|here| here.len() <= LONGEST_BACK).unwrap_or("/");
        let link = |lang: Lang| {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("to", lang.tag())
                .append_pair("back", back)
                .finish();
            (lang, format!("/lang?{query}"))
        };
        Lang::ALL.into_iter().filter(|lang| *lang != self.lang).map(link).collect()
    }

    /// Answers with a page that only this reader may see; nothing keeps a copy.
    pub fn render(&self, template: &impl Template) -> Response {
        self.render_as(StatusCode::OK, template)
    }

    /// The same with another status.
    pub fn render_as(&self, status: StatusCode, template: &impl Template) -> Response {
        let text = match template.render() {
            Ok(text) => text,
            Err(error) => return Problem::internal(error).into_response(),
        };
        let mut response = (status, Html(text)).into_response();
        response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.lang.tag()));
        self.with_secret(response)
    }

    /// Gives the browser its secret, if a form or a sealed value is bound to one that it does not have yet.
    fn with_secret(&self, mut response: Response) -> Response {
        if self.has_form.load(Ordering::Relaxed)
            && let Some(secret) = self.guard.fresh_secret()
            && let Some(cookie) = self.site.set_cookie(BROWSER_COOKIE, secret, None)
        {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Answers with a page that is the same for every reader of this language. It must hold no form and no name; browsers
    /// may keep it but ask each time.
    pub fn render_public(&self, template: &impl Template) -> Response {
        let mut response = self.render(template);
        if !self.has_form.load(Ordering::Relaxed) && response.status().is_success() {
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie, accept-encoding"));
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let site = Site::of(parts).ok_or_else(|| Problem::internal("the router is not inside the shell"))?;
        // Nested routers see a shortened address; the original one is what the browser asked for.
        let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Self::of_request(site.clone(), &parts.headers, &parts.method, uri))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Site::of(parts).map_or(Self::default(), |site| site.lang(&parts.headers)))
    }
}

const LONGEST_BACK: usize = 4_096;
