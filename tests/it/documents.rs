//! What `README.md` and `SECURITY.md` cite is there: a promise whose proof was renamed or removed is a promise no more.

use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backquotes, outside blocks of code.
fn quoted(page: &str) -> Vec<&str> {
    page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// Files of this repository, by their look: with a directory, or one of the pages at the top.
fn is_file(text: &str) -> bool {
    let endings = [".rs", ".toml", ".md", ".sql", ".yaml"];
    let of_ours = text.contains('/') || ["README.md", "SECURITY.md"].contains(&text);
    of_ours && endings.iter().any(|ending| text.ends_with(ending)) && !text.contains(['{', '*', ' ', '<'])
}

/// Tests are named by sentences.
fn is_test(text: &str) -> bool {
    let words = text.split('_').count() >= 5;
    words && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Cited files and tests that do not exist.
fn missing(page: &str, code: &str) -> Vec<String> {
    let lost = |text: &&str| {
        is_file(text) && !root().join(text).exists() || is_test(text) && !code.contains(&format!("fn {text}("))
    };
    quoted(page).into_iter().filter(lost).map(str::to_owned).collect()
}

/// All sources and tests, one after the other.
fn code() -> String {
    let (mut code, mut directories) = (String::new(), vec![root().join("src"), root().join("tests/it")]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    code
}

#[test]
fn the_pages_at_the_top_cite_only_files_and_tests_that_exist() {
    let code = code();
    for name in ["README.md", "SECURITY.md"] {
        let page = fs::read_to_string(root().join(name)).unwrap();
        assert_eq!(missing(&page, &code), Vec::<String>::new(), "{name}");
    }
    let security = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    assert!(quoted(&security).into_iter().filter(|text| is_test(text)).count() > 30, "the proofs were found");
}

#[test]
fn a_promise_without_proof_is_found() {
    let page = "held by `a_test_that_nobody_ever_wrote` in `tests/it/nowhere.rs`, and `src/lib.rs`\n```\n`x/y.rs`\n```";
    assert_eq!(missing(page, ""), ["a_test_that_nobody_ever_wrote", "tests/it/nowhere.rs"]);
}
