//! Reading `specs/openapi.yaml`: references followed, operations listed.

use std::fs;

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// The page.
pub(super) struct Page(Value);

/// A method at a path.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    /// In capital letters.
    pub(super) method: &'static str,
    pub(super) is_for_operators: bool,
    value: &'a Value,
    item: &'a Value,
}

impl Page {
    pub(super) fn read() -> Self {
        Self::parse(&fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/openapi.yaml")).unwrap())
    }

    pub(super) fn parse(text: &str) -> Self {
        let documents = YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("specs/openapi.yaml: {error}"));
        let [document] = documents.as_slice() else { panic!("{} documents", documents.len()) };
        Self(json(document))
    }

    /// The value itself, or what its `$ref` names.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value.get("$ref") else { return value };
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#')).unwrap();
        self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there"))
    }

    pub(super) fn schema(&self, name: &str) -> &Value {
        self.0["components"]["schemas"].get(name).unwrap_or_else(|| panic!("the schema {name} is not there"))
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let items = self.0["paths"].as_object().unwrap();
        let of_item = |(path, item)| {
            let in_item = |method: &&'static str| {
                let value = Value::get(item, method.to_ascii_lowercase())?;
                let is_for_operators = item.get("servers").is_some();
                Some(Operation { path: String::as_str(path), method, is_for_operators, value, item })
            };
            METHODS.iter().filter_map(in_item).collect::<Vec<_>>()
        };
        items.iter().flat_map(of_item).collect()
    }

    pub(super) fn operation(&self, method: &str, path: &str) -> Operation<'_> {
        let found = self.operations().into_iter().find(|known| (known.method, known.path) == (method, path));
        found.unwrap_or_else(|| panic!("{method} {path} is not on the page"))
    }

    /// Every mapping of the page, from the outermost.
    pub(super) fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Value)) {
        visit(&self.0, see);
    }
}

impl<'a> Operation<'a> {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(super) fn summary(&self) -> &'a str {
        self.value["summary"].as_str().unwrap_or_default()
    }

    /// What stands for this status.
    pub(super) fn response(&self, page: &'a Page, status: u16) -> Option<&'a Value> {
        self.value["responses"].get(status.to_string()).map(|response| page.resolve(response))
    }

    pub(super) fn responses(&self, page: &'a Page) -> Vec<(u16, &'a Value)> {
        let responses = self.value["responses"].as_object().unwrap().iter();
        responses.map(|(status, response)| (status.parse().unwrap(), page.resolve(response))).collect()
    }

    /// The address of the example.
    pub(super) fn target(&self, page: &Page) -> String {
        let (mut path, mut query) = (self.path.to_owned(), form_urlencoded::Serializer::new(String::new()));
        let of_item = self.item.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let own = self.value.get("parameters").and_then(Value::as_array).into_iter().flatten();
        for parameter in of_item.chain(own).map(|parameter| page.resolve(parameter)) {
            let name = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str().unwrap(), parameter.get("example")) {
                ("path", Some(Value::String(example))) => path = path.replace(&format!("{{{name}}}"), example),
                ("query", Some(Value::String(example))) => _ = query.append_pair(name, example),
                ("query", Some(Value::Object(members))) => _ = query.extend_pairs(pairs(members)),
                ("header", None) => {}
                other => panic!("{} {name}: {other:?} is no example", self.name()),
            }
        }
        let query = query.finish();
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// Media type and text of the body of the example; of a form without one, nothing but its type.
    pub(super) fn body(&self) -> Option<(&'a str, String)> {
        let Some(body) = self.value.get("requestBody") else {
            return (self.method == "POST").then(|| (FORM, String::new()));
        };
        let (media_type, content) = body["content"].as_object().unwrap().iter().next().unwrap();
        let example = content.get("example").unwrap_or_else(|| panic!("{} has no example", self.name()));
        let text = if media_type == FORM {
            let members = pairs(example.as_object().unwrap());
            form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish()
        } else {
            example.to_string()
        };
        Some((media_type, text))
    }
}

fn pairs(members: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    members.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
}

fn visit<'a>(value: &'a Value, see: &mut impl FnMut(&'a Value)) {
    match value {
        Value::Object(members) => {
            see(value);
            members.values().for_each(|member| visit(member, see));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        _ => {}
    }
}

/// YAML as JSON. What JSON cannot say, such as a key that is a number, is a slip of the pen.
fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) => text.as_str().into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Boolean(boolean) => (*boolean).into(),
        Yaml::Array(items) => items.iter().map(json).collect(),
        Yaml::Hash(members) => {
            let key = |key: &Yaml| key.as_str().unwrap_or_else(|| panic!("the key {key:?} is not a text")).to_owned();
            members.iter().map(|(name, value)| (key(name), json(value))).collect()
        }
        other => panic!("{other:?}: a comma or colon in a text without quotes?"),
    }
}

pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn every_reference_leads_somewhere_and_every_operation_says_what_it_is() {
    let page = Page::read();
    page.visit(&mut |value| _ = page.resolve(value));
    for operation in page.operations() {
        assert!(operation.summary().ends_with('.'), "{}: {:?}", operation.name(), operation.summary());
        assert!(!operation.responses(&page).is_empty(), "{}", operation.name());
    }
}

#[test]
#[should_panic(expected = "is not there")]
fn a_reference_that_leads_nowhere_is_found() {
    let page = Page::parse("a: { $ref: '#/components/schemas/Lost' }");
    page.visit(&mut |value| _ = page.resolve(value));
}

#[test]
#[should_panic(expected = "duplicated key")]
fn a_key_that_comes_twice_is_found() {
    Page::parse("paths: { /a: {}, /a: {} }");
}
