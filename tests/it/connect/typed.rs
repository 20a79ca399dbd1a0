//! The printed command, typed into a shell: it registers exactly what is to be pasted.

use std::process::Command;

use clap::Parser as _;
use heteronym::app::{Cli, answer};

use super::{SOFTWARE, block, fields, query};
use crate::harness::{ISSUER, Service};

/// The words that a shell makes of a command, without its name.
fn words(command: &str) -> Vec<String> {
    let script = format!("heteronym() {{ printf '%s\\0' \"$@\"; }}\n{command}");
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// An installation that nothing serves.
struct Installation {
    dir: tempfile::TempDir,
}

impl Installation {
    async fn new() -> Self {
        let Service { services, dir, .. } = Service::start().await;
        services.store.close().await;
        std::fs::write(dir.path().join("config.toml"), format!("[server]\nissuer = \"{ISSUER}\"\n")).unwrap();
        Self { dir }
    }

    /// What the command prints there.
    async fn run(&self, words: &[String]) -> String {
        let [data, config] = ["", "config.toml"].map(|file| self.dir.path().join(file).display().to_string());
        assert_eq!(words[..2], ["clients", "add"]);
        let place = ["heteronym", "clients", "--data", &data, "--config", &config].map(str::to_owned);
        let cli = Cli::try_parse_from(place.iter().chain(&words[1..])).unwrap_or_else(|error| panic!("{error}"));
        let mut out = Vec::new();
        answer(cli, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// A line of what `clients show` prints.
fn line<'a>(printed: &'a str, name: &str) -> &'a str {
    let found = printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("  ")).map(str::trim);
    found.unwrap_or_else(|| panic!("no {name} in {printed}"))
}

#[tokio::test]
async fn the_printed_command_registers_the_values_that_are_to_be_pasted() {
    let service = Service::start().await;
    let name = "L'agora \"$(id)\" `x` \\";
    let choices = [
        vec![("ask", "profile"), ("ask", "age"), ("ask", "residence"), ("ask", "sex"), ("ask", "roles")],
        vec![("name", name), ("require", "residence"), ("residence", "commune")],
        vec![("name", "-forum"), ("ask", "age"), ("brackets", "four"), ("require", "age_over_18"), ("id_token", "yes")],
    ];
    for (software, address) in SOFTWARE {
        for choice in &choices {
            let mut pairs = vec![("software", software), ("address", address)];
            pairs.extend(choice);
            let page = service.browser().get(&format!("/connect?{}", query(&pairs))).await;
            let printed = Installation::new().await.run(&words(&block(&page, "command"))).await;
            let [id, scope, redirect] = ["client_id", "scope", "redirect_uri"].map(|name| line(&printed, name));
            let pasted = fields(&page);
            let file = if software == "decidim" { block(&page, "snippet") } else { String::new() };
            let is_pasted = |value: &str, in_file: &str| {
                assert!(
                    pasted.iter().any(|(_, field)| field == value) || file.contains(in_file),
                    "{value}: {pasted:?}"
                );
            };
            is_pasted(id, &format!("identifier: \"{id}\""));
            let scopes = scope.split(' ').map(|scope| format!(":{scope}")).collect::<Vec<_>>().join(", ");
            is_pasted(scope, &format!("scope: [{scopes}]"));
            assert!(redirect.starts_with(address), "{redirect}");
            let in_body = ["nodebb", "wordpress"].contains(&software);
            let method = if in_body { "client_secret_post" } else { "client_secret_basic" };
            assert_eq!(line(&printed, "authentication"), method);
            assert_eq!(line(&printed, "what to paste"), format!("{ISSUER}/connect?client_id={id}"));
            match choice.iter().find(|(field, _)| *field == "name") {
                Some((_, name)) => assert_eq!(printed.lines().next(), Some(*name)),
                None => assert!(printed.starts_with(id.strip_prefix("c_").unwrap().split('-').next().unwrap())),
            }
        }
    }
}
