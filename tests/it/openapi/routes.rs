//! The routes as the sources say them, to compare with the page: every call of `Router::route` outside the reference
//! forum, which is a client, and the witness, which is another server.

use std::collections::{BTreeMap, BTreeSet};

use super::page::{METHODS, Page};
use crate::layering::sources;

type Files = BTreeMap<String, String>;

/// "GET /path" for each method of each route.
fn routes(files: &Files) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    let other_programs = ["src/forum/", "src/witness/"];
    for (file, text) in files.iter().filter(|(file, _)| !other_programs.iter().any(|other| file.starts_with(other))) {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for other in [".nest(", ".nest_service(", ".route_service(", ".fallback_service("] {
            assert!(
                !code.contains("Router") || !code.contains(other),
                "{file}: {other}…) makes routes that are not looked for here"
            );
        }
        for call in code.split(".route(").skip(1) {
            let [path, handler] = arguments(call).unwrap_or_else(|| panic!("{file}: .route({call}"));
            let path = resolved(files, file, path).unwrap_or_else(|| panic!("{file}: {path} is not known"));
            let methods = methods(code, handler);
            assert!(!methods.is_empty(), "{file}: {handler} has no method");
            // That a parameter takes slashes along is said in words on the page.
            let path = path.replace("{*", "{");
            routes.extend(methods.into_iter().map(|method| format!("{method} {path}")));
        }
    }
    routes
}

/// The two arguments at the beginning of a text that goes on after the call.
fn arguments(call: &str) -> Option<[&str; 2]> {
    let (mut depth, mut quoted, mut comma) = (0, false, None);
    for (at, character) in call.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '{' | '[' => depth += 1,
            ')' if depth == 0 => {
                let comma: usize = comma?;
                return Some([call[..comma].trim(), call[comma + 1..at].trim()]);
            }
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 && comma.is_none() => comma = Some(at),
            _ => {}
        }
    }
    None
}

/// A path as it is at run time: a text, a constant, or `&format!("{}…", constant)`.
fn resolved(files: &Files, file: &str, path: &str) -> Option<String> {
    if let Some(text) = path.strip_prefix('"') {
        return text.strip_suffix('"').map(str::to_owned);
    }
    if let Some(arguments) = path.strip_prefix("&format!(\"").and_then(|rest| rest.strip_suffix(')')) {
        let (format, constant) = arguments.split_once("\", ")?;
        let constant = resolved(files, file, constant)?;
        return Some(format.replacen("{}", &constant, 1).replace("{{", "{").replace("}}", "}"));
    }
    let (module, name) = path.rsplit_once("::").unwrap_or(("", path));
    let elsewhere = match module {
        "path" => "src/provider/discovery.rs",
        "paths" => "src/web/mod.rs",
        _ => file,
    };
    [file, elsewhere].iter().find_map(|file| {
        let (_, rest) = files.get(*file)?.split_once(&format!("const {name}: &str = \""))?;
        rest.split_once('"').map(|(text, _)| text.to_owned())
    })
}

/// The methods of `get(…).post(…)`, or of the variable that holds it. That a head alone is refused is no method.
fn methods(code: &str, handler: &str) -> Vec<&'static str> {
    let is_name = handler.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let bound = || code.split_once(&format!("let {handler} = "))?.1.split(';').next();
    let handler = if is_name { bound().unwrap_or_default() } else { handler };
    let calls = |method: &&str| {
        let call = format!("{}(", method.to_ascii_lowercase());
        handler.match_indices(&call).any(|(at, _)| !handler[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    METHODS.into_iter().filter(|method| *method != "HEAD").filter(calls).collect()
}

/// What the sources have and the page has not, and the reverse.
fn differences(files: &Files, page: &Page) -> [Vec<String>; 2] {
    let served = routes(files);
    let documented: BTreeSet<_> = page.operations().iter().map(super::page::Operation::name).collect();
    [&served - &documented, &documented - &served].map(|names| names.into_iter().collect())
}

#[test]
fn every_route_of_the_sources_is_on_the_page_and_every_operation_of_the_page_is_a_route() {
    let [missing, stale] = differences(&sources(), &Page::read());
    assert!(missing.is_empty(), "not in specs/openapi.yaml: {missing:#?}");
    assert!(stale.is_empty(), "in specs/openapi.yaml and no route: {stale:#?}");
}

#[test]
fn a_planted_route_a_planted_method_and_a_removed_route_are_found() {
    let (files, page) = (sources(), Page::read());
    let changed = |file: &str, from: &str, to: &str| {
        let mut files = files.clone();
        let text = files.get_mut(file).unwrap();
        assert!(text.contains(from), "{file}");
        *text = text.replacen(from, to, 1);
        differences(&files, &page)
    };
    let oidc = "src/web/oidc/mod.rs";
    let planted = changed(oidc, ".route(path::JWKS", ".route(\"/planted/{id}\", get(x).delete(y)).route(path::JWKS");
    assert_eq!(planted, [vec!["DELETE /planted/{id}".to_owned(), "GET /planted/{id}".to_owned()], vec![]]);
    let method = changed(oidc, "post(endpoints::token)", "post(endpoints::token).put(endpoints::token)");
    assert_eq!(method, [vec!["PUT /token".to_owned()], vec![]]);
    let renamed = changed("src/web/mod.rs", "\"/privacy\"", "\"/secrecy\"");
    assert_eq!(renamed, [vec!["GET /secrecy".to_owned()], vec!["GET /privacy".to_owned()]]);
    let bound =
        changed("src/web/oidc/registration.rs", "let register = post(register)", "let register = put(register)");
    assert_eq!(bound, [vec!["PUT /register".to_owned()], vec!["POST /register".to_owned()]]);
}
