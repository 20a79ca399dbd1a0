//! What holds for every page: rules over all templates, and the public pages as a reader gets them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use heteronym::{
    http::{Lang, Site, SiteConfig, shell},
    web,
};
use tower::ServiceExt;

use crate::harness::Service;

/// Every template below `src`, with its text.
fn templates() -> Vec<(PathBuf, String)> {
    fn visit(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "html") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() >= 5, "the templates have moved");
    found
}

/// What is wrong with a template.
fn faults(text: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        rest = after;
        let words: Vec<&str> = tag.split_ascii_whitespace().collect();
        let has = |start: &str| words.iter().any(|word| word.starts_with(start));
        match words.first().copied().unwrap_or_default() {
            "style" => faults.push("inline style"),
            "script" if !has("src=") => faults.push("inline script"),
            "form" if has("method=\"post\"") && !form_of(rest).contains("name=\"csrf\"") => {
                faults.push("form without token");
            }
            "img" if !has("alt=") => faults.push("image without text"),
            _ => {}
        }
        if has("style=") {
            faults.push("inline style");
        }
        if has("on") && words.iter().any(|word| word.starts_with("on") && word.contains("=\"")) {
            faults.push("inline handler");
        }
        if ["src=\"http", "src=\"//"].iter().any(|start| has(start)) || (has("href=\"http") && words[0] == "link") {
            faults.push("resource of another site");
        }
    }
    faults
}

fn form_of(text: &str) -> &str {
    text.split("</form").next().unwrap_or_default()
}

#[test]
fn no_template_has_inline_script_or_style_or_a_form_without_token() {
    for (path, text) in templates() {
        let mut faults = faults(&text);
        if path.ends_with(LEADS_ELSEWHERE) {
            faults.retain(|fault| *fault != "form without token");
            assert!(!text.contains("csrf"), "a token must not be sent to another site");
        }
        assert_eq!(faults, Vec::<&str>::new(), "{}", path.display());
    }
}

/// The one form that goes to another site: the answer to a relying party (OAuth 2.0 Form Post Response Mode §2).
const LEADS_ELSEWHERE: &str = "web/oidc/form_post.html";

#[test]
fn the_rules_over_templates_find_what_they_forbid() {
    for (planted, fault) in [
        ("<p style=\"color:red\">", "inline style"),
        ("<style>p{}</style>", "inline style"),
        ("<script>alert(1)</script>", "inline script"),
        ("<a onclick=\"x()\">", "inline handler"),
        ("<form method=\"post\"><input name=\"a\"></form><input name=\"csrf\">", "form without token"),
        ("<img src=\"/a.png\">", "image without text"),
        ("<script src=\"https://cdn.example/x.js\"></script>", "resource of another site"),
        ("<link rel=\"stylesheet\" href=\"https://cdn.example/x.css\">", "resource of another site"),
    ] {
        assert!(faults(planted).contains(&fault), "{planted}");
    }
    assert!(
        faults("<form method=\"post\"><input type=\"hidden\" name=\"csrf\"></form><a href=\"https://a\">b</a>")
            .is_empty()
    );
}

const SOURCE: &str = "An office of statistics, under its licence.";

fn provider() -> Router {
    let site = Site::new(SiteConfig {
        name: "Heteronym".to_owned(),
        origin: "https://id.example".to_owned(),
        default_lang: Lang::Fr,
        form_key: [0; 32],
        cookie_prefix: String::new(),
        texts: web::texts().unwrap(),
        assets: &[],
        random: Box::new(|bytes| bytes.fill(1)),
    });
    shell(Router::new().merge(web::public::routes(SOURCE)), site.unwrap())
}

async fn get(path: &str, headers: &[(header::HeaderName, &str)]) -> (header::HeaderMap, StatusCode, String) {
    let mut request = Request::get(path).header(header::HOST, "id.example").header(header::ACCEPT, "text/html");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = provider().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    (parts.headers, parts.status, text)
}

#[tokio::test]
async fn the_public_pages_speak_the_readers_language_and_set_no_cookie() {
    for path in ["/", "/privacy", "/nowhere"] {
        for (lang, switch) in [("fr", "English"), ("en", "Français")] {
            let (headers, _, text) = get(path, &[(header::ACCEPT_LANGUAGE, lang)]).await;
            assert!(text.starts_with(&format!("<!doctype html>\n<html lang=\"{lang}\">")), "{text}");
            assert!(text.contains(switch) && text.contains("href=\"#main\"") && text.contains("id=\"main\""), "{path}");
            assert!(text.len() < 50_000 && !headers.contains_key(header::SET_COOKIE));
            assert_eq!(headers[header::CONTENT_LANGUAGE], lang);
        }
    }
}

#[tokio::test]
async fn the_source_and_the_licence_of_the_areas_stand_on_a_page() {
    for (lang, title) in [("fr", "D’où viennent les territoires"), ("en", "Where the areas come from")] {
        let (_, _, text) = get("/privacy", &[(header::ACCEPT_LANGUAGE, lang)]).await;
        assert!(text.contains(title) && text.contains(SOURCE), "{text}");
    }
    let whole = Service::start().await;
    let text = whole.browser().get("/privacy").await.text();
    assert!(text.contains("INSEE") && text.contains("Licence Ouverte 2.0 (Etalab)"), "of the table that is embedded");
}

#[tokio::test]
async fn the_language_chosen_once_stays_and_the_switch_comes_back_here() {
    let (_, _, text) = get("/privacy", &[]).await;
    let address = text.split("href=\"").find(|rest| rest.starts_with("/lang?")).unwrap().split('"').next().unwrap();
    let (headers, status, _) = get(&address.replace("&amp;", "&").replace("&#38;", "&"), &[]).await;
    assert_eq!((status, &headers[header::LOCATION]), (StatusCode::SEE_OTHER, &"/privacy".parse().unwrap()));
    let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (_, _, text) = get("/privacy", &[(header::COOKIE, &cookie), (header::ACCEPT_LANGUAGE, "fr")]).await;
    assert!(text.contains("Who learns what"), "{text}");
}

#[tokio::test]
async fn addresses_that_only_look_like_pages_do_not_exist() {
    for path in
        ["/privacy.css", "/privacy;x.js", "//privacy", "/privacy/", "/PRIVACY", "/%2e%2e/privacy", "/.git/config"]
    {
        assert_eq!(get(path, &[]).await.1, StatusCode::NOT_FOUND, "{path}");
    }
}
