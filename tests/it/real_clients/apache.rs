//! Apache with Debian's `mod_auth_openidc`, which protects a page by what the provider says of its reader.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use heteronym::{
    clients::Draft,
    wire::{jose::Algorithm, oauth::AuthMethod},
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    told::choices,
    tools,
    town::{Returned, Town},
};
use crate::{harness::Forum, journeys::chromium::free_port};

const PAGE: &str = "/private/page.html";

#[tokio::test]
async fn mod_auth_openidc_protects_a_page_refreshes_and_signs_out() {
    protects_a_page(Draft::default(), "query").await;
}

#[tokio::test]
async fn mod_auth_openidc_takes_the_answer_by_form_with_its_secret_in_the_body_and_es256() {
    let draft = Draft { auth_method: AuthMethod::ClientSecretPost, id_token_alg: Algorithm::ES256, ..Draft::default() };
    protects_a_page(draft, "form_post").await;
}

async fn protects_a_page(draft: Draft, response_mode: &str) {
    let Some(program) = tools::apache() else { return };
    let mut town = Town::start().await;
    let origin = format!("http://localhost:{}", free_port());
    let draft = Draft {
        redirect_uris: vec![format!("{origin}/private/answer")],
        post_logout_redirect_uris: vec![format!("{origin}/bye.html")],
        ..draft
    };
    let forum = town.register(draft).await;
    let apache = Apache::start(&program, &origin, &town, &forum, response_mode).await;
    let mut reader = Reader::of(&origin);

    let page = sign_in(&mut reader, &mut town, &apache).await;
    assert_eq!(page.body, "Only for Isère", "{}", apache.log());
    assert_eq!(page.header("x-iss"), town.issuer());
    assert_eq!(page.header("x-remote-user").len(), 43, "the pairwise sub: {}", page.header("x-remote-user"));
    assert_told(&page);

    let refreshed = refresh(&mut reader, &page).await;
    assert_ne!(refreshed.header("x-access-token"), page.header("x-access-token"), "{}", apache.log());
    assert_ne!(refreshed.header("x-refresh-token"), page.header("x-refresh-token"));
    assert_eq!(refreshed.header("x-remote-user"), page.header("x-remote-user"));
    assert_told(&refreshed);

    sign_out(&mut reader, &mut town, &origin).await;
}

/// From the page, through the provider, back to the page.
async fn sign_in(reader: &mut Reader, town: &mut Town, apache: &Apache) -> Answer {
    let turned_away = reader.get(PAGE).await;
    let answer = town.authorize(turned_away.location(), &choices()).await;
    let back = match answer {
        Returned::Address(address) => reader.get(&address).await,
        Returned::Form(action, fields) => reader.post(&action, &fields).await,
    };
    assert_eq!(back.status, StatusCode::FOUND, "{}\n{}", back.body, apache.log());
    reader.get(back.location()).await
}

/// By the hook of the module, which wants the access token as proof that the page itself asks.
async fn refresh(reader: &mut Reader, page: &Answer) -> Answer {
    let mut hook = form_urlencoded::Serializer::new("/private/answer?".to_owned());
    hook.append_pair("refresh", &reader.at(PAGE)).append_pair("access_token", page.header("x-access-token"));
    let done = reader.get(&hook.finish()).await;
    assert_eq!(done.location(), reader.at(PAGE), "no error is appended");
    reader.get(done.location()).await
}

/// Ends both sessions: the site turns the reader away again, and the provider knows nobody.
async fn sign_out(reader: &mut Reader, town: &mut Town, origin: &str) {
    assert!(town.is_signed_in().await);
    let bye = format!("{origin}/bye.html");
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("logout", &bye).finish();
    let leaving = reader.get(&format!("/private/answer?{query}")).await;
    let Returned::Address(ended) = town.follow(leaving.location(), &choices()).await else {
        panic!("the end of a session is no form")
    };
    assert_eq!(ended.split('?').next(), Some(&*bye));
    assert_eq!(reader.get(&ended).await.body, "Bye");
    assert!(!town.is_signed_in().await);
    assert_eq!(reader.get(PAGE).await.status, StatusCode::FOUND);
}

fn assert_told(page: &Answer) {
    for (header, value) in [("x-name", "Genêt"), ("x-age-bracket", "Y30-39"), ("x-residence", "FR-38")] {
        assert_eq!(page.header(header), value);
    }
    assert!(page.header("x-groups").contains("res:FR-38"), "{}", page.header("x-groups"));
}

/// An Apache on a port and in a directory of its own. It ends when it is dropped.
struct Apache {
    child: Child,
    directory: tempfile::TempDir,
}

impl Apache {
    async fn start(program: &Path, origin: &str, town: &Town, forum: &Forum, response_mode: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (file, text) in [("site/private/page.html", "Only for Isère"), ("site/bye.html", "Bye")] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
        }
        // Its workers may be others than whoever runs the test.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(root.join("httpd.conf"), configuration(root, origin, town, forum, response_mode)).unwrap();
        let mut child = Command::new(program)
            .arg("-f")
            .arg(root.join("httpd.conf"))
            .args(["-D", "FOREGROUND"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(root.join("start.log")).unwrap())
            .spawn()
            .unwrap();
        let address = origin.replace("http://localhost", "127.0.0.1");
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(&address).await.is_ok() {
                return Self { child, directory };
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Apache does not listen: {}", Self { child, directory }.log());
    }

    fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.directory.path().join(name)).unwrap_or_default();
        read("start.log") + &read("error.log")
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // It ends its workers and what they share.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

fn configuration(root: &Path, origin: &str, town: &Town, forum: &Forum, response_mode: &str) -> String {
    let metadata = &forum.client.metadata;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/apache/httpd.conf.template");
    let values = [
        ("directory", root.to_str().unwrap()),
        ("port", origin.rsplit(':').next().unwrap()),
        ("user", "www-data"),
        ("group", "www-data"),
        ("modules", tools::APACHE_MODULES),
        ("issuer", town.issuer()),
        ("client_id", forum.id()),
        ("client_secret", forum.secret.as_ref().unwrap().expose()),
        ("passphrase", "of this test alone"),
        ("scope", &metadata.scope.to_string()),
        ("auth_method", metadata.token_endpoint_auth_method.as_str()),
        ("alg", metadata.id_token_signed_response_alg.as_str()),
        ("response_mode", response_mode),
    ];
    values.iter().fold(fs::read_to_string(template).unwrap(), |text, (name, value)| {
        let place = format!("{{{name}}}");
        assert!(text.contains(&place), "the template has no place for {name}");
        text.replace(&place, value)
    })
}

/// The citizen's browser at the site: cookies, and no following of redirects.
struct Reader {
    client: Client<HttpConnector, Full<Bytes>>,
    origin: String,
    cookies: BTreeMap<String, String>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Reader {
    fn of(origin: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, origin: origin.to_owned(), cookies: BTreeMap::new() }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    async fn get(&mut self, address: &str) -> Answer {
        self.send(Request::get(self.absolute(address)).body(Full::default()).unwrap()).await
    }

    async fn post(&mut self, address: &str, fields: &[(String, String)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(self.absolute(address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body));
        self.send(request.unwrap()).await
    }

    fn absolute(&self, address: &str) -> String {
        let address = if address.starts_with('/') { self.at(address) } else { address.to_owned() };
        assert!(address.starts_with(&self.origin), "{address} is not at the site");
        address
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Answer {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        // What asks for no page is not sent to sign in.
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html"));
        let response = self.client.request(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {} {}", self.status, self.body));
        std::str::from_utf8(value.as_bytes()).unwrap()
    }

    fn location(&self) -> &str {
        self.header("location")
    }
}
