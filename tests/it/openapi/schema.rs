//! Whether a value is as a schema of the page says: the part of JSON Schema that the page uses, and stricter in one
//! thing, because an undescribed member is what it is there to find.

use std::collections::BTreeSet;

use heteronym::domain::claim::PERSON_CLAIMS;
use serde_json::Value;

use super::page::Page;

/// What is wrong with a value; each line begins with the place.
pub(super) fn faults(page: &Page, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(page, &[schema], value, "", &mut faults);
    faults
}

/// Checks against several schemas at once, because what one of them leaves out another may describe.
fn check(page: &Page, schemas: &[&Value], value: &Value, at: &str, faults: &mut Vec<String>) {
    let parts: Vec<_> = schemas.iter().flat_map(|schema| parts(page, schema)).collect();
    for part in &parts {
        if part.get("type").is_some_and(|expected| !is_of(expected.as_str().unwrap(), value)) {
            faults.push(format!("{at}: {value} is no {}", part["type"]));
        }
        if part.get("enum").is_some_and(|known| !known.as_array().unwrap().contains(value)) {
            faults.push(format!("{at}: {value} is none of {}", part["enum"]));
        }
        if part.get("const").is_some_and(|known| known != value) {
            faults.push(format!("{at}: {value} is not {}", part["const"]));
        }
        if value.is_object() {
            let required = part.get("required").and_then(Value::as_array).into_iter().flatten();
            let absent = required.filter_map(Value::as_str).filter(|name| value.get(name).is_none());
            faults.extend(absent.map(|name| format!("{at}/{name} is required and absent")));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let described: Vec<_> = parts.iter().filter_map(|part| part.get("properties")?.get(name)).collect();
        let is_open = parts.iter().any(|part| part.get("additionalProperties") == Some(&Value::Bool(true)));
        if described.is_empty() && !is_open {
            faults.push(format!("{at}/{name} is not described"));
        }
        check(page, &described, member, &format!("{at}/{name}"), faults);
    }
    let items: Vec<_> = parts.iter().filter_map(|part| part.get("items")).collect();
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(page, &items, item, &format!("{at}/{index}"), faults);
    }
}

/// A schema and all that it is made of.
fn parts<'a>(page: &'a Page, schema: &'a Value) -> Vec<&'a Value> {
    let schema = page.resolve(schema);
    let mut all = vec![schema];
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        all.extend(parts(page, part));
    }
    all
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        other => panic!("the check knows no type {other}"),
    }
}

/// The keywords of the page's schemas that this check would pass over in silence.
fn unknown_keywords(page: &Page) -> BTreeSet<&str> {
    let mut unknown = BTreeSet::new();
    page.visit(&mut |value| {
        let named = ["schemas", "properties"].into_iter().filter_map(|group| value.get(group)?.as_object());
        let alone = ["schema", "items"].into_iter().filter_map(|member| value.get(member));
        let all = value.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for schema in named.flat_map(|group| group.values()).chain(alone).chain(all) {
            let keywords = schema.as_object().into_iter().flatten().map(|(keyword, _)| keyword.as_str());
            unknown.extend(keywords.filter(|keyword| !CHECKED.contains(keyword) && !TOLD.contains(keyword)));
        }
    });
    unknown
}

const CHECKED: [&str; 9] =
    ["$ref", "additionalProperties", "allOf", "const", "enum", "items", "properties", "required", "type"];
/// For the reader, and for requests.
const TOLD: [&str; 4] = ["default", "description", "format", "maxLength"];

#[test]
fn every_keyword_of_the_page_is_one_that_is_checked() {
    assert_eq!(unknown_keywords(&Page::read()), BTreeSet::new());
    let other = Page::parse("components: { schemas: { A: { properties: { b: { oneOf: [] } } } } }");
    assert_eq!(unknown_keywords(&other), BTreeSet::from(["oneOf"]));
}

/// The members that a schema describes by itself.
fn members<'a>(page: &'a Page, name: &str) -> BTreeSet<&'a str> {
    let schema = page.schema(name)["properties"].as_object().unwrap();
    schema.keys().map(String::as_str).collect()
}

#[test]
fn the_members_of_a_registration_are_those_that_the_page_on_clients_explains() {
    let clients = include_str!("../../../specs/clients.md");
    let table = clients.split("## 3. The members").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let explained: BTreeSet<_> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert_eq!(members(&Page::read(), "ClientMetadata"), explained);
}

#[test]
fn the_claims_of_userinfo_are_those_of_the_program() {
    let ours = PERSON_CLAIMS.iter().map(|(claim, _)| *claim).chain(["sub", "verified_claims"]);
    assert_eq!(members(&Page::read(), "UserInfo"), ours.collect());
}

#[test]
fn what_is_undescribed_missing_or_of_another_kind_is_found() {
    let page = Page::parse(
        "components:
          schemas:
            Base: { type: object, required: [a], properties: { a: { enum: [x] } } }
            Whole: { allOf: [{ $ref: '#/components/schemas/Base' }, { properties: { b: { type: array, items: { type: integer } } } }] }",
    );
    let schema = serde_json::json!({ "$ref": "#/components/schemas/Whole" });
    let found = |value: Value| faults(&page, &schema, &value);
    assert_eq!(found(serde_json::json!({ "a": "x", "b": [1] })), Vec::<String>::new());
    assert_eq!(
        found(serde_json::json!({ "b": [1, "2"], "c": null })),
        ["/a is required and absent", "/b/1: \"2\" is no \"integer\"", "/c is not described"]
    );
    assert_eq!(found(serde_json::json!({ "a": "y" })), ["/a: \"y\" is none of [\"x\"]"]);
}
