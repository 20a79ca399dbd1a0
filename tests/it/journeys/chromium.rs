//! A real Chromium with a device that holds passkeys, driven over `WebDriver`.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// A browser window of somebody, who has a device at hand. Both end when it is dropped.
pub(crate) struct Chromium {
    client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
    journey: &'static str,
    looks: usize,
}

impl Chromium {
    /// `None` where there is no Chromium; on continuous integration that is a failure.
    pub(crate) async fn start(journey: &'static str) -> Option<Self> {
        let Some(program) = program(&["chromedriver"]) else {
            assert!(!is_ci(), "chromedriver is missing: run tests/run, which installs it");
            eprintln!("left out, for want of chromedriver: run tests/run, which installs it");
            return None;
        };
        let port = free_port();
        let driver = Command::new(program)
            .args([format!("--port={port}"), "--silent".to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let client = connect(port, profile.path()).await;
        let browser = Self { client, driver, _profile: profile, journey, looks: 0 };
        browser.add_device().await;
        Some(browser)
    }

    /// A device that recognises its holder and keeps its keys to itself.
    async fn add_device(&self) {
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        self.command("webauthn/authenticator", device).await;
    }

    /// As a browser that does not offer passkeys while a form is filled in: here the device would answer at once, before
    /// anybody has looked at the page.
    pub(crate) async fn offer_nothing_by_itself(&self) {
        let script = "delete PublicKeyCredential.isConditionalMediationAvailable";
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    pub(crate) async fn goto(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    pub(crate) async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// The element, as soon as it is there.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css} is not at {}: {error}\n{}", self.address().await, self.text().await),
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Types wherever the keyboard's focus is.
    pub(crate) async fn type_keys(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Waits until the address holds this text.
    pub(crate) async fn arrive(&self, part: &str) {
        for _ in 0..ROUNDS {
            if self.address().await.contains(part) {
                return;
            }
            tokio::time::sleep(ROUND).await;
        }
        panic!("did not arrive at {part} but at {}\n{}", self.address().await, self.text().await);
    }

    /// What a reader sees.
    pub(crate) async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", Vec::new()).await.unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The page as a printer gets it: a PDF.
    pub(crate) async fn print(&self) -> Vec<u8> {
        let printed = self.command("print", json!({"page": {"width": 21.0, "height": 29.7}})).await;
        data_encoding::BASE64.decode(printed.as_str().unwrap().as_bytes()).unwrap()
    }

    /// Looks at the page: wide and bright, on a small telephone, and in the dark; keeps the pictures, and holds the page to
    /// what every page has to be.
    pub(crate) async fn look(&mut self, what: &str) {
        self.looks += 1;
        let name = format!("{}-{:02}-{what}", self.journey, self.looks);
        self.wear("light", 1_000, 800).await;
        self.keep(&name).await;
        let faults = self.run(FAULTS).await;
        assert_eq!(faults, json!([]), "{what} at {}", self.address().await);
        self.wear("dark", 320, 640).await;
        self.keep(&format!("{name}-small")).await;
        let width = self.run("return document.documentElement.scrollWidth").await;
        assert!(width.as_u64() <= Some(320), "{what} is {width} px wide on a screen of 320");
        self.wear("light", 1_000, 800).await;
    }

    /// Nothing that a page did was refused by its own policies, and nothing failed to load.
    pub(crate) async fn assert_no_complaints(&self) {
        let complaints = self.command("se/log", json!({"type": "browser"})).await;
        let severe = complaints.as_array().unwrap().iter().filter(|line| line["level"] == "SEVERE");
        let severe: Vec<_> = severe.filter(|line| !line["message"].as_str().unwrap().contains(" 404 ")).collect();
        assert!(severe.is_empty(), "{severe:#?}");
    }

    async fn wear(&self, scheme: &str, width: u32, height: u32) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The whole page as a picture, among the artefacts.
    async fn keep(&self, name: &str) {
        let shot = json!({"captureBeyondViewport": true, "format": "png"});
        let shot = self.devtools("Page.captureScreenshot", shot).await;
        let picture = data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artefacts");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("{name}.png")), picture).unwrap();
    }

    async fn devtools(&self, cmd: &str, params: Value) -> Value {
        self.command("goog/cdp/execute", json!({"cmd": cmd, "params": params})).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Extension { path, body }).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // With the browser that the driver has started, which would outlive it.
        let group = rustix::process::Pid::from_child(&self.driver);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.driver.wait();
    }
}

/// A command of the driver that the client has no method for.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}

async fn connect(port: u16, profile: &Path) -> Client {
    let options = json!({
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--lang=en", "--hide-scrollbars", format!("--user-data-dir={}", profile.display()),
        ],
        "prefs": {"intl.accept_languages": "en"},
    });
    let wishes = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
    for _ in 0..ROUNDS {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wishes.as_object().unwrap().clone());
        match builder.connect(&format!("http://127.0.0.1:{port}")).await {
            Ok(client) => return client,
            Err(error) => eprintln!("the driver is not ready yet: {error}"),
        }
        tokio::time::sleep(ROUND).await;
    }
    panic!("the driver does not answer");
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let search = ["/usr/bin", "/usr/local/bin", "/usr/lib/chromium"];
    search
        .iter()
        .flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)))
        .find(|path| path.exists())
}

#[expect(clippy::disallowed_methods, reason = "whether a missing program is a failure")]
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What no page may have, told by its elements.
const FAULTS: &str = r#"
const faults = [];
if (!document.documentElement.lang) faults.push("no language");
if (document.querySelectorAll("h1").length !== 1) faults.push("not one heading");
if (!document.querySelector("main")) faults.push("no main");
const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push(`id ${id} twice`);
for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!field.labels.length && !field.ariaLabel) faults.push(`${field.name || field.id} without label`);
}
for (const button of document.querySelectorAll("button, a[href]")) {
  if (!button.innerText.trim() && !button.ariaLabel && button.offsetParent) faults.push(`${button.outerHTML.slice(0, 80)} without text`);
}
for (const element of document.querySelectorAll("[aria-describedby]")) {
  for (const id of element.getAttribute("aria-describedby").split(/\s+/).filter(Boolean)) {
    if (!document.getElementById(id)) faults.push(`described by ${id}, which is not there`);
  }
}
return faults;
"#;

const PATIENCE: Duration = Duration::from_secs(20);
const ROUND: Duration = Duration::from_millis(100);
const ROUNDS: usize = 200;
