//! `heteronym clients`, as an operator types it.

use clap::Parser as _;
use heteronym::app::{Cli, answer};
use tempfile::TempDir;

use crate::harness::{ISSUER, Service};

/// An installation that nothing serves.
struct Installation {
    dir: TempDir,
}

impl Installation {
    async fn new() -> Self {
        let Service { services, dir, .. } = Service::start().await;
        services.store.close().await;
        std::fs::write(dir.path().join("config.toml"), format!("[server]\nissuer = \"{ISSUER}\"\n")).unwrap();
        Self { dir }
    }

    /// What the command prints, or what it says on its way out.
    async fn clients(&self, args: &[&str]) -> Result<String, String> {
        let [data, config] = ["", "config.toml"].map(|file| self.dir.path().join(file).display().to_string());
        let place = ["heteronym", "clients", "--data", &data, "--config", &config];
        let cli = Cli::try_parse_from(place.iter().chain(args)).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        answer(cli, &mut out).await.map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn add(&self, id: &str, host: &str, more: &[&str]) -> Result<String, String> {
        let uri = format!("https://{host}/cb");
        let args = ["add", "--name", "Budget participatif", "--client-id", id, "--redirect-uri", &uri];
        self.clients(&args.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()).await
    }
}

fn secret(printed: &str) -> Option<&str> {
    printed.lines().find_map(|line| line.strip_prefix("client_secret   "))
}

#[tokio::test]
async fn a_forum_is_added_listed_and_shown_with_what_its_software_asks_for() {
    let place = Installation::new().await;
    let none = place.clients(&["list"]).await.unwrap();
    assert_eq!(none, "No forum is registered yet: `heteronym clients add --help`\n");
    let added = place.add("c_budget", "forum.example", &["--required", "residence"]).await.unwrap();
    let shown = "\
Budget participatif
issuer          https://id.example
client_id       c_budget
scope           openid profile age residence
algorithm       RS256
authentication  client_secret_basic
sector          forum.example
residence       departement
redirect_uri    https://forum.example/cb
what to paste   https://id.example/connect?client_id=c_budget
";
    let told = secret(&added).unwrap();
    assert_eq!(added, format!("{shown}client_secret   {told}\n\nThe secret is shown this once.\n"));
    assert_eq!(place.clients(&["show", "c_budget"]).await.unwrap(), shown, "without the secret");
    let list = place.clients(&["list"]).await.unwrap();
    assert_eq!(list.split_whitespace().collect::<Vec<_>>().join(" "), "c_budget forum.example Budget participatif");
    let database = std::fs::read(place.dir.path().join("heteronym.db")).unwrap();
    assert!(database.windows(8).any(|bytes| bytes == b"c_budget"));
    assert!(!database.windows(told.len()).any(|bytes| bytes == told.as_bytes()), "kept as a hash");
}

#[tokio::test]
async fn joining_the_members_of_another_forum_is_said_aloud() {
    let place = Installation::new().await;
    place.add("c_budget", "forum.example", &[]).await.unwrap();
    let error = place.add("c_wiki", "wiki.example", &["--sector", "forum.example"]).await.unwrap_err();
    assert!(error.starts_with("sector: forum.example is that of c_budget (Budget participatif); "), "{error}");
    let joined = place.add("c_wiki", "wiki.example", &["--sector", "forum.example", "--join-sector"]).await.unwrap();
    assert!(joined.contains("same members    c_budget (Budget participatif)\n"), "{joined}");
    let shown = place.clients(&["show", "c_budget"]).await.unwrap();
    assert!(shown.contains("same members    c_wiki (Budget participatif)\n"), "{shown}");
}

#[tokio::test]
async fn a_secret_is_replaced_and_a_forum_ended() {
    let place = Installation::new().await;
    let added = place.add("c_budget", "forum.example", &[]).await.unwrap();
    let rotated = place.clients(&["rotate-secret", "c_budget"]).await.unwrap();
    assert!(secret(&rotated).is_some_and(|new| Some(new) != secret(&added)), "{rotated}");
    place.add("c_reader", "reader.example", &["--auth-method", "none"]).await.unwrap();
    let error = place.clients(&["rotate-secret", "c_reader"]).await.unwrap_err();
    assert_eq!(error, "c_reader has no secret: its software can keep none (authentication none)");

    assert_eq!(place.clients(&["disable", "c_budget"]).await.unwrap(), "c_budget gets nothing more.\n");
    assert_eq!(place.clients(&["disable", "c_budget"]).await.unwrap_err(), "c_budget is disabled already");
    assert!(place.clients(&["list"]).await.unwrap().contains("Budget participatif disabled\n"));
    assert!(place.clients(&["show", "c_budget"]).await.unwrap().starts_with("Budget participatif (disabled)\n"));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_reason_and_the_remedy() {
    let place = Installation::new().await;
    for command in ["show", "rotate-secret", "disable"] {
        let error = place.clients(&[command, "c_nobody"]).await.unwrap_err();
        assert_eq!(error, "c_nobody is unknown: `heteronym clients list` prints all", "{command}");
    }
    let add =
        |more: &[&'static str]| [&["add", "--name", "F", "--redirect-uri", "https://f.example/cb"], more].concat();
    for (args, says) in [
        (add(&["--client-id", "budget"]), "does not begin with c_"),
        (add(&["--residence", "quartier"]), "quartier"),
        (add(&["--required", "name"]), "not a quality: use age_bracket, age_over_18, residence, sex or roles"),
        (add(&["--age-brackets", "18-25"]), "not an age bracket: write it as Y_LT18, Y30-39 or Y_GE80"),
        (add(&["--algorithm", "none"]), "none"),
        (add(&["--scope", "openid email"]), "scope: email is unknown"),
        (add(&["--heteronyms", "0"]), "heteronyms_per_person has to be 1 to 100"),
        (vec!["add", "--name", "F"], "--redirect-uri"),
        (vec!["add", "--name", "F", "--redirect-uri", "http://f.example/cb"], "begins with http: use https"),
    ] {
        let error = place.clients(&args).await.unwrap_err();
        assert!(error.contains(says), "{args:?}: {error}");
    }
    assert!(place.clients(&["list"]).await.unwrap().starts_with("No forum"));
}
