//! What is linked, and why: `Cargo.toml` against `specs/decisions/0001-direct-dependencies.md`, `Cargo.lock` against the
//! bans of `.deny.toml`, which hold here also on a machine without cargo-deny.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use toml::Table;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn parsed(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every crate that `Cargo.toml` names, also under `[target.….dependencies]`.
fn direct(manifest: &Table) -> BTreeSet<String> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(|targets| targets.as_table()) {
        tables.extend(targets.values().filter_map(|target| target.as_table()));
    }
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let named = tables.into_iter().flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()));
    named.flat_map(|table| table.keys().cloned()).collect()
}

/// The rows "| `crate` | reason |" of a decision.
fn rows(page: &str) -> BTreeMap<String, String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let mut rows = BTreeMap::new();
    for (name, reason) in cells {
        assert!(rows.insert(name.to_owned(), reason.to_owned()).is_none(), "{name} has two rows");
    }
    rows
}

/// Every package of the lock file with the names of what it depends on.
fn locked(lock: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let needs = package.get("dependencies").and_then(|needs| needs.as_array()).into_iter().flatten();
        let names = needs.map(|need| need.as_str().unwrap().split(' ').next().unwrap().to_owned());
        packages.entry(package["name"].as_str().unwrap().to_owned()).or_default().extend(names);
    }
    packages
}

/// Who depends on a banned crate without being one of its wrappers.
fn offenders(deny: &Table, lock: &Table) -> Vec<String> {
    let mut offenders = Vec::new();
    for ban in deny["bans"]["deny"].as_array().unwrap() {
        let banned = ban["crate"].as_str().unwrap();
        let wrappers = ban.get("wrappers").and_then(|wrappers| wrappers.as_array()).into_iter().flatten();
        let wrappers: Vec<_> = wrappers.filter_map(|wrapper| wrapper.as_str()).collect();
        for (package, needs) in locked(lock) {
            if needs.contains(banned) && !wrappers.contains(&package.as_str()) {
                offenders.push(format!("{package} depends on {banned}"));
            }
        }
    }
    offenders
}

#[test]
fn each_direct_dependency_has_its_reason_and_each_reason_its_dependency() {
    let rows = rows(&read("specs/decisions/0001-direct-dependencies.md"));
    let named: BTreeSet<_> = rows.keys().cloned().collect();
    let direct = direct(&parsed("Cargo.toml"));
    let missing: Vec<_> = direct.difference(&named).collect();
    let stale: Vec<_> = named.difference(&direct).collect();
    assert!(missing.is_empty(), "in Cargo.toml without a row in specs/decisions/0001: {missing:?}");
    assert!(stale.is_empty(), "in specs/decisions/0001 but not in Cargo.toml: {stale:?}");
    for (name, reason) in rows {
        assert!(reason.len() >= 20 && reason.ends_with('.'), "the reason of {name} is no sentence: {reason:?}");
    }
}

/// Every text below a folder that can name a crate.
fn sources(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Whether a source uses a crate: its name, as one word, before `::` or after `use`.
fn uses(sources: &str, name: &str) -> bool {
    let name = name.replace('-', "_");
    sources.match_indices(&name).any(|(at, _)| {
        let (before, rest) = sources.split_at(at);
        let after = &rest[name.len()..];
        let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        whole && (after.starts_with("::") || before.ends_with("use ") && after.starts_with(';'))
    })
}

#[test]
fn each_direct_dependency_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    for folder in ["src", "tests", "benches"] {
        sources(&root.join(folder), &mut texts);
    }
    let idle: Vec<_> = direct(&parsed("Cargo.toml")).into_iter().filter(|name| !uses(&texts, name)).collect();
    let unexpected: Vec<_> = idle.iter().filter(|name| !AWAITED.contains(&name.as_str())).collect();
    assert!(unexpected.is_empty(), "in Cargo.toml and used nowhere, so linked for nothing: {unexpected:?}");
}

#[test]
fn a_crate_that_is_only_mentioned_is_not_used() {
    for used in ["use foo_bar::Baz;", "foo_bar::baz()", "#[derive(foo_bar::Baz)]", "use foo_bar;"] {
        assert!(uses(used, "foo-bar"), "{used}");
    }
    for idle in ["// foo-bar", "use xfoo_bar::Baz;", "let foo_bar = 1;", "foo_bar_baz::x()"] {
        assert!(!uses(idle, "foo-bar"), "{idle}");
    }
}

/// Crates whose users are not there yet: batches of people and their progress, the activation sheet, the real browser.
const AWAITED: [&str; 4] = ["csv", "fantoccini", "indicatif", "qrcode"];

#[test]
fn no_banned_crate_is_linked_but_behind_the_crates_that_may() {
    let offenders = offenders(&parsed(".deny.toml"), &parsed("Cargo.lock"));
    assert!(offenders.is_empty(), "{offenders:?}");
}

#[test]
fn a_planted_ban_is_found_behind_its_user() {
    let deny = "bans.deny = [{ crate = \"rsa\", wrappers = [\"good\"] }, { crate = \"openssl\" }]".parse().unwrap();
    let lock = "
        [[package]]
        name = \"good\"
        dependencies = [\"rsa 0.9.10\"]
        [[package]]
        name = \"house\"
        dependencies = [\"good\", \"openssl\", \"rsa 0.9.10\"]
        [[package]]
        name = \"rsa\"
    ";
    assert_eq!(offenders(&deny, &lock.parse().unwrap()), ["house depends on rsa", "house depends on openssl"]);
}

#[test]
fn dependencies_of_every_kind_and_target_are_direct() {
    let manifest = "
        [dependencies]\na = \"1\"\n[dev-dependencies]\nb = \"1\"\n[build-dependencies]\nc = \"1\"
        [target.'cfg(unix)'.dependencies]\nd = { version = \"1\" }
    ";
    let direct = direct(&manifest.parse().unwrap());
    assert_eq!(direct.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}
