//! A client in a process of its own. It and its test say one JSON object a line to each other:
//!
//! ```text
//! test    {"issuer": …, "client_id": …, …}            how the client is registered
//! client  {"authorize": URL}                          the browser is to go there
//! test    {"callback": URL, "form": …, "genuine": …}  what the browser brings back; forged ones first
//! client  {"refused": WHY}                            it does not believe that
//! client  {"end_session": URL}                        the browser is to go there
//! test    {"ended": URL}                              where the browser ended
//! client  {"done": {…}}                               what it was told
//! ```

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    tools,
    town::{Returned, Town},
};
use crate::harness::{Choices, Forum};

/// A running client. It ends when it is dropped.
pub(super) struct Script {
    child: Child,
    stdin: ChildStdin,
    lines: UnboundedReceiver<String>,
    directory: tempfile::TempDir,
}

impl Script {
    /// A file of `tests/clients/npm`; `None` where Node.js or its modules are missing.
    pub(super) fn node(file: &str, settings: &Value) -> Option<Self> {
        let modules = tools::node_modules()?;
        let directory = copied("npm");
        symlink(modules, directory.path().join("node_modules")).unwrap();
        let mut command = Command::new("node");
        // `localhost` is first what the provider of the tests listens on.
        command.arg("--dns-result-order=ipv4first").arg(directory.path().join(file));
        Some(Self::spawn(command, directory, settings))
    }

    /// A file of `tests/clients/pypi`; `None` where Python or its packages are missing.
    pub(super) fn python(file: &str, settings: &Value) -> Option<Self> {
        let python = tools::python()?;
        let directory = copied("pypi");
        let mut command = Command::new(python);
        command.args(["-W", "ignore"]).arg(directory.path().join(file));
        Some(Self::spawn(command, directory, settings))
    }

    fn spawn(mut command: Command, directory: tempfile::TempDir, settings: &Value) -> Self {
        let complaints = File::create(directory.path().join(COMPLAINTS)).unwrap();
        command.current_dir(directory.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = unbounded_channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let stdin = child.stdin.take().unwrap();
        let mut script = Self { child, stdin, lines, directory };
        script.say(settings);
        script
    }

    /// Plays the citizen's part until the client is done: what it says that it was told.
    pub(super) async fn accompany(&mut self, town: &mut Town, choices: &Choices, forgery: Forgery) -> Value {
        loop {
            let said = self.hear().await;
            if let Some(address) = said["authorize"].as_str() {
                let returned = town.authorize(address, choices).await;
                if let Forgery::OfIssuer = forgery {
                    self.say(&returned.forged("iss", "https://elsewhere.example").told(false));
                    let answer = self.hear().await;
                    let why = answer["refused"].as_str().unwrap_or_default().to_lowercase();
                    assert!(why.contains("iss"), "not refused for its issuer: {answer}");
                }
                self.say(&returned.told(true));
            } else if let Some(address) = said["end_session"].as_str() {
                assert!(town.is_signed_in().await);
                let ended = town.follow(address, choices).await;
                assert!(!town.is_signed_in().await, "the session has not ended");
                let Returned::Address(ended) = ended else { panic!("the end of a session is no form") };
                self.say(&json!({ "ended": ended }));
            } else {
                assert!(said["done"].is_object(), "{said}\n{}", self.complaints());
                return said["done"].clone();
            }
        }
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
        let line = line.ok().flatten().unwrap_or_else(|| panic!("the client ended\n{}", self.complaints()));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn say(&mut self, message: &Value) {
        // A client that has ended meanwhile is told of by what it said last.
        let _ = writeln!(self.stdin, "{message}");
    }

    fn complaints(&self) -> String {
        fs::read_to_string(self.directory.path().join(COMPLAINTS)).unwrap()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the browser brings back before the genuine answer.
#[derive(Clone, Copy)]
pub(super) enum Forgery {
    None,
    /// The answer, as if another issuer had given it (RFC 9207 §2.4).
    OfIssuer,
}

/// What a client has to know of its registration.
pub(super) fn settings(town: &Town, forum: &Forum) -> Value {
    let metadata = &forum.client.metadata;
    json!({
        "issuer": town.issuer(),
        "client_id": forum.id(),
        "client_secret": forum.secret.as_ref().map(|secret| secret.expose().to_owned()),
        "auth_method": metadata.token_endpoint_auth_method,
        "alg": metadata.id_token_signed_response_alg,
        "redirect_uri": forum.redirect(),
        "post_logout_redirect_uri": metadata.post_logout_redirect_uris[0],
        "scope": metadata.scope,
    })
}

/// A directory of `tests/clients`, copied to where its modules can lie beside it.
fn copied(clients: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(clients);
    for file in fs::read_dir(sources).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
        fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
    }
    directory
}

const COMPLAINTS: &str = "complaints.txt";
const PATIENCE: Duration = Duration::from_secs(50);
