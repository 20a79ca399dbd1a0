//! The address at which a forum takes logout tokens: it keeps what it is sent, and answers as it is told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, spawn},
};

/// How it answers.
#[derive(Clone)]
pub(super) enum Say {
    Status(u16),
    Redirect(String),
    /// This status, and a body of megabytes.
    Huge(u16),
    /// 200, when the gate opens.
    Held(watch::Receiver<bool>),
}

#[derive(Clone)]
struct Desk {
    say: Arc<Mutex<Say>>,
    asked: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    count: watch::Sender<usize>,
}

pub(in crate::provider) struct Receiver {
    desk: Desk,
    address: SocketAddr,
    serving: AbortHandle,
}

impl Receiver {
    pub(in crate::provider) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let say = Arc::new(Mutex::new(Say::Status(200)));
        let desk = Desk { say, asked: Arc::default(), count: watch::channel(0).0 };
        let router = Router::new().route("/logout", post(take)).with_state(desk.clone());
        let serving = spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Self { desk, address, serving }
    }

    pub(in crate::provider) fn address(&self) -> String {
        format!("http://{}/logout", self.address)
    }

    pub(super) fn now_says(&self, say: Say) {
        *self.desk.say.lock().unwrap() = say;
    }

    /// The forms that came, with their headers.
    pub(super) fn asked(&self) -> Vec<(HeaderMap, String)> {
        self.desk.asked.lock().unwrap().clone()
    }

    /// The tokens that came, each the only field of its form.
    pub(in crate::provider) fn tokens(&self) -> Vec<String> {
        let token = |(headers, form): (HeaderMap, String)| {
            assert_eq!(headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
            let fields: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            let [(name, token)] = fields.as_slice() else { panic!("{form}") };
            assert_eq!(name, "logout_token");
            token.clone()
        };
        self.asked().into_iter().map(token).collect()
    }

    pub(super) fn count(&self) -> usize {
        *self.desk.count.borrow()
    }

    /// Waits until so many have come.
    pub(super) async fn has_taken(&self, count: usize) {
        self.desk.count.subscribe().wait_for(|taken| *taken >= count).await.unwrap();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    desk.asked.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    desk.count.send_modify(|count| *count += 1);
    let say = desk.say.lock().unwrap().clone();
    match say {
        Say::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Say::Redirect(to) => Redirect::temporary(&to).into_response(),
        Say::Huge(status) => (StatusCode::from_u16(status).unwrap(), vec![b'x'; 8 << 20]).into_response(),
        Say::Held(mut gate) => {
            gate.wait_for(|open| *open).await.unwrap();
            StatusCode::OK.into_response()
        }
    }
}
