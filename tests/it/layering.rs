//! What each module may import, and which may say a person's name. The map in words: `specs/architecture.md`.
//!
//! A rule that is only written down is broken within a year; this one is a table that the sources are read against.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, fs,
    path::Path,
};

use crate::rust_source::{Located, Token, module_of, paths, tokens};

/// One row a unit: a top-level module, or one directory of `web`. Each imports itself and what stands to its right, and
/// everything on the right has a row above.
const TABLE: &str = "
    domain        :
    wire          :
    http          :
    telemetry     :
    config        : domain wire
    store         : domain wire
    keyring       : domain wire config store
    transparency  : domain wire store keyring
    vault         : domain wire store keyring
    logout        : domain store keyring
    accounts      : domain store keyring transparency vault logout
    attributes    : domain store keyring vault
    sampling      : domain wire store keyring transparency accounts attributes
    proofing      : domain wire store keyring transparency vault logout accounts attributes
    pseudonym     : domain store keyring transparency vault logout
    clients       : domain wire config store transparency
    consent       : domain store keyring transparency logout
    issuance      : domain wire store keyring attributes pseudonym consent transparency
    provider      : domain wire store keyring transparency logout accounts clients consent pseudonym attributes issuance
    lifting       : domain wire store transparency accounts
    tasks         : domain store keyring vault accounts proofing attributes sampling pseudonym clients consent transparency issuance provider lifting
    web           : domain wire http telemetry config store keyring vault logout accounts proofing attributes sampling pseudonym clients consent transparency issuance provider lifting
    web/shared    : domain wire http telemetry config accounts attributes pseudonym web
    web/oidc      : domain wire http telemetry config accounts attributes pseudonym clients consent issuance provider web web/shared
    web/public    : domain wire http telemetry config clients transparency web web/shared
    web/connect   : domain wire http telemetry config accounts attributes clients issuance provider web web/shared
    web/account   : domain wire http telemetry config accounts attributes pseudonym clients consent transparency web web/shared
    web/registrar : domain wire http telemetry config vault accounts proofing attributes web web/shared
    web/audit     : domain wire http telemetry config accounts sampling web web/shared
    web/admin     : domain wire http telemetry config accounts clients web web/shared
    web/lifting   : domain wire http telemetry config accounts lifting transparency web web/shared
    forum         : wire http telemetry
    auditor       : wire http telemetry
    custodian     : wire http telemetry
    witness       : wire http telemetry
    app           : domain wire http telemetry config store keyring vault logout accounts proofing attributes sampling pseudonym clients consent transparency issuance provider lifting tasks web forum auditor custodian witness
    main          : app
    lib           :
";

/// Types that hold who somebody really is.
const NAMES_OF_PEOPLE: [&str; 2] = ["LegalName", "BirthDate"];
/// Where they may be named: where they are sealed, where a case is decided, and the counter's form.
const MAY_NAME_PEOPLE: [&str; 3] = ["vault", "proofing", "web/registrar"];
/// Longer than this a file is two.
const MOST_LINES: usize = 600;

#[test]
fn each_module_imports_only_what_the_table_allows() {
    let violations = check(&sources());
    assert!(violations.is_empty(), "{}", listed(&violations));
}

#[test]
fn each_source_file_says_why_it_is_there_and_is_no_longer_than_a_chapter() {
    let violations: Vec<_> = sources().iter().flat_map(|(file, source)| form(file, source)).collect();
    assert!(violations.is_empty(), "{}", listed(&violations));
}

#[test]
fn the_table_has_no_cycle_because_each_row_names_only_rows_above() {
    let mut above = Vec::new();
    for (unit, allowed) in rows() {
        for module in allowed {
            assert!(above.contains(&module), "{unit} imports {module}, which has no row above it");
        }
        assert!(!above.contains(&unit), "{unit} has two rows");
        above.push(unit);
    }
}

#[test]
fn the_map_in_words_says_what_the_table_says() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/architecture.md")).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let written: HashMap<_, _> = cells.filter_map(|(unit, rest)| Some((unit, rest.split_once(" | ")?.1))).collect();
    for (unit, allowed) in rows() {
        let in_words = match unit {
            "tasks" => "those it drives".to_owned(),
            "web" => "services and `http`, below".to_owned(),
            "app" => "everything".to_owned(),
            "main" | "lib" => continue,
            _ if unit.starts_with("web/") => continue,
            _ if allowed.is_empty() => "–".to_owned(),
            _ => allowed.join(" "),
        };
        assert_eq!(written.get(unit).copied(), Some(in_words.as_str()), "{unit}");
    }
}

#[test]
fn planted_violations_are_named_with_file_line_and_reason() {
    let planted = [
        ("src/domain/area.rs", "//! Areas.\n\nuse crate::store::Rows;"),
        ("src/wire/jose/verify.rs", "//! Verify.\nuse super::super::super::config::Settings;"),
        ("src/http/mod.rs", "//! Server.\nmod tests { mod deep { use super::super::super::domain::ids; } }"),
        ("src/consent/mod.rs", "//! Consent.\nfn agree() {\n    crate::vault::open();\n}"),
        ("src/provider/token.rs", "//! Token.\nuse crate::{\n    domain::ids::ClientId,\n    vault::LegalName,\n};"),
        ("src/issuance/mod.rs", "//! Issuance.\nstruct Claims(BirthDate);"),
        ("src/web/oidc/consent.rs", "//! Page.\nuse crate::web::{shared::Page, registrar::Form};"),
        ("src/web/account/mod.rs", "//! Page.\nmacro_rules! m { () => { $crate::store::rows() } }"),
        ("src/web/extra/mod.rs", "//! A page outside the table."),
        ("src/forum/store.rs", "//! The forum.\nuse crate::domain::ids::PersonId;"),
        ("src/shortcut/mod.rs", "//! A module outside the table.\nuse crate::store::Rows;"),
        ("src/config/mod.rs", "//! Config.\nuse crate::helpers::x;\nuse crate::*;\nuse crate as everything;"),
        ("src/vault/mod.rs", "//! Vault.\n#[path = \"../provider/token.rs\"]\nmod token;\ninclude!(\"x.rs\");"),
        ("src/main.rs", "//! Main.\nfn main() { heteronym::store::open(); }"),
    ];
    let violations = check(&tree(&planted));
    insta::assert_snapshot!(listed(&violations), @r"
    src/config/mod.rs:2: names helpers, which has no row in the table of tests/it/layering.rs
    src/config/mod.rs:3: names the crate's root; name the module that is meant
    src/config/mod.rs:4: names the crate's root; name the module that is meant
    src/consent/mod.rs:3: consent may not import vault; it may import domain, store, keyring, transparency, logout
    src/domain/area.rs:3: domain may not import store; it may import nothing of the house
    src/forum/store.rs:2: forum may not import domain; it may import wire, http, telemetry
    src/http/mod.rs:2: http may not import domain; it may import nothing of the house
    src/issuance/mod.rs:2: issuance may not name BirthDate; only vault, proofing, web/registrar may
    src/main.rs:2: main may not import store; it may import app
    src/provider/token.rs:4: provider may not import vault; it may import domain, wire, store, keyring, transparency, logout, accounts, clients, consent, pseudonym, attributes, issuance
    src/provider/token.rs:4: provider may not name LegalName; only vault, proofing, web/registrar may
    src/shortcut/mod.rs:1: shortcut has no row in the table of tests/it/layering.rs
    src/vault/mod.rs:2: a module's file stands where its name says; no #[path]
    src/vault/mod.rs:4: include! hides what a module imports; make it a module
    src/web/account/mod.rs:2: web/account may not import store; it may import domain, wire, http, telemetry, config, accounts, attributes, pseudonym, clients, consent, transparency, web, web/shared
    src/web/extra/mod.rs:1: web/extra has no row in the table of tests/it/layering.rs
    src/web/oidc/consent.rs:2: web/oidc may not import web/registrar; it may import domain, wire, http, telemetry, config, accounts, attributes, pseudonym, clients, consent, issuance, provider, web, web/shared
    src/wire/jose/verify.rs:2: wire may not import config; it may import nothing of the house
    ");
}

#[test]
fn what_only_looks_like_a_violation_is_left_alone() {
    let innocent = [
        ("src/domain/mod.rs", "//! See [`crate::store::Rows`].\n// use crate::store::Rows;\npub(crate) struct A;"),
        (
            "src/domain/name/mod.rs",
            "//! Names.\nuse super::ids::PersonId;\nconst A: &str = \"crate::store::Rows LegalName\";",
        ),
        (
            "src/domain/name/tests.rs",
            "//! Tests.\nuse super::*;\nuse crate::domain::ids;\nfn f<'store>(a: &'store u8) {}",
        ),
        (
            "src/proofing/mod.rs",
            "//! Cases.\nuse crate::vault::{BirthDate, LegalName};\npub(in crate::proofing) mod case;",
        ),
        ("src/web/registrar/enrol.rs", "//! Page.\nuse crate::{vault::LegalName, web::shared};"),
        ("src/web/mod.rs", "//! Routes.\nmod oidc;\nuse self::oidc::routes;\nuse crate::store::Store;"),
        ("src/lib.rs", "//! The house.\npub mod domain;"),
        ("src/main.rs", "//! Main.\nfn main() { heteronym::app::run(); include_str!(\"x\"); }"),
    ];
    assert_eq!(listed(&check(&tree(&innocent))), "");
}

#[test]
fn for_every_pair_of_modules_the_checker_says_what_the_table_says() {
    for (unit, allowed) in rows() {
        for (module, _) in rows().into_iter().filter(|(module, _)| !matches!(*module, "main" | "lib")) {
            let file =
                if matches!(unit, "main" | "lib") { format!("src/{unit}.rs") } else { format!("src/{unit}/mod.rs") };
            let source = format!("//! Planted.\nuse crate::{}::thing;", module.replace('/', "::"));
            let refused = !check(&tree(&[(&file, &source)])).is_empty();
            let own = unit == module || unit == "web" && module.starts_with("web/");
            assert_eq!(refused, !own && !allowed.contains(&module), "{unit} imports {module}");
        }
    }
}

#[test]
fn a_file_without_its_reason_or_too_long_is_named() {
    let long = format!("//! Long.\n{}", "\n".repeat(MOST_LINES));
    let named = [form("src/a.rs", "use std::fmt;"), form("src/b.rs", &long), form("src/c.rs", "//! Why.\n")].concat();
    insta::assert_snapshot!(listed(&named), @r"
    src/a.rs:1: opens with no `//!` that says why the file is there
    src/b.rs:601: is 601 lines long; beyond 600 it is two files
    ");
}

/// A broken rule: where, and what to know.
#[derive(Clone, Debug)]
struct Violation {
    file: String,
    line: usize,
    reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads a tree of sources (path from the repository's root, text) against the table.
fn check(sources: &BTreeMap<String, String>) -> Vec<Violation> {
    let table: HashMap<&str, Vec<&str>> = rows().into_iter().collect();
    let mut violations = Vec::new();
    for (file, source) in sources {
        let unit = unit_of(file);
        let mut report = |line, reason| violations.push(Violation { file: file.clone(), line, reason });
        let Some(allowed) = table.get(unit.as_str()) else {
            report(1, format!("{unit} has no row in the table of tests/it/layering.rs"));
            continue;
        };
        let tokens = tokens(source);
        for named in paths(&tokens, &module_of(file)) {
            if let Err(reason) = judge(&unit, allowed, &table, &named.path) {
                report(named.line, reason);
            }
        }
        for (line, reason) in words(&unit, &tokens) {
            report(line, reason);
        }
    }
    violations
}

fn judge(unit: &str, allowed: &[&str], table: &HashMap<&str, Vec<&str>>, path: &[String]) -> Result<(), String> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let target = match parts.as_slice() {
        [] | ["*", ..] => return Err("names the crate's root; name the module that is meant".to_owned()),
        ["web", page, ..] if table.contains_key(format!("web/{page}").as_str()) => format!("web/{page}"),
        [module, ..] => (*module).to_owned(),
    };
    if !table.contains_key(target.as_str()) {
        return Err(format!("names {target}, which has no row in the table of tests/it/layering.rs"));
    }
    let own = target == unit || unit == "web" && target.starts_with("web/");
    if own || allowed.contains(&target.as_str()) {
        return Ok(());
    }
    let may = if allowed.is_empty() { "nothing of the house".to_owned() } else { allowed.join(", ") };
    Err(format!("{unit} may not import {target}; it may import {may}"))
}

/// Words that break a rule wherever they stand.
fn words(unit: &str, tokens: &[Located<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, Located { token, line }) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let before = at.checked_sub(1).map(|before| tokens[before].token);
        let after = tokens.get(at + 1).map(|after| after.token);
        if NAMES_OF_PEOPLE.contains(word) && !MAY_NAME_PEOPLE.contains(&unit) {
            found.push((*line, format!("{unit} may not name {word}; only {} may", MAY_NAME_PEOPLE.join(", "))));
        }
        if *word == "path" && before == Some(Token::Other('[')) && after == Some(Token::Other('=')) {
            found.push((*line, "a module's file stands where its name says; no #[path]".to_owned()));
        }
        if *word == "include" && after == Some(Token::Other('!')) {
            found.push((*line, "include! hides what a module imports; make it a module".to_owned()));
        }
    }
    found
}

/// The row of a file: its top-level module, or its directory of `web`.
fn unit_of(file: &str) -> String {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    match inner.split('/').collect::<Vec<_>>().as_slice() {
        ["web", "mod"] => "web".to_owned(),
        ["web", page, ..] => format!("web/{page}"),
        [module, ..] => (*module).to_owned(),
        [] => String::new(),
    }
}

fn form(file: &str, source: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut report = |line, reason| violations.push(Violation { file: file.to_owned(), line, reason });
    if !source.starts_with("//! ") {
        report(1, "opens with no `//!` that says why the file is there".to_owned());
    }
    let lines = source.lines().count();
    if lines > MOST_LINES {
        report(lines, format!("is {lines} lines long; beyond {MOST_LINES} it is two files"));
    }
    violations
}

fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = TABLE.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(unit, allowed)| (unit.trim(), allowed.split_whitespace().collect())).collect()
}

fn tree(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(file, source)| ((*file).to_owned(), (*source).to_owned())).collect()
}

/// Every `.rs` file under `src`.
pub(crate) fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = BTreeMap::new();
    let mut directories = vec![root.join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.insert(file, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(sources.contains_key("src/lib.rs") && sources.len() > 5, "the sources are found");
    sources
}
