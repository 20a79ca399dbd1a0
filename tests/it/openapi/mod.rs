//! `specs/openapi.yaml` is what the program does: its routes against those of the sources, its answers against those of
//! the running server, its error codes against the one list of them.

mod answers;
mod page;
mod routes;
mod schema;

use std::collections::BTreeSet;

use heteronym::wire::oauth::ErrorCode;
use serde_json::Value;

use self::page::Page;

/// The values that the page gives for the member `error`.
fn documented_codes(page: &Page) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    page.visit(&mut |value| {
        let listed = value.pointer("/properties/error/enum").and_then(Value::as_array);
        codes.extend(listed.into_iter().flatten().map(|code| code.as_str().unwrap()));
    });
    codes
}

#[test]
fn every_error_code_of_the_page_is_one_of_ours_and_every_code_that_is_given_is_on_the_page() {
    let page = Page::read();
    let documented = documented_codes(&page);
    let ours: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented.difference(&ours).collect::<Vec<_>>(), Vec::<&&str>::new());
    let unused: Vec<_> = ours.difference(&documented).copied().collect();
    assert_eq!(unused, NEVER_GIVEN);
}

#[test]
fn a_code_that_nobody_defined_is_found() {
    let page = Page::parse("components: { schemas: { E: { properties: { error: { enum: [invalid_grant, odd] } } } } }");
    assert_eq!(documented_codes(&page).into_iter().collect::<Vec<_>>(), ["invalid_grant", "odd"]);
}

/// Defined by the standards for what does not happen here: no source outside the list names them.
const NEVER_GIVEN: [&str; 3] = ["interaction_required", "request_not_supported", "unsupported_token_type"];
