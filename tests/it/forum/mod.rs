//! The reference forum, from outside: a browser without script, and a provider of the tests' own.

mod boards;
mod browser;
mod drafts;
mod forged;
mod ledger;
mod log_check;
mod logged;
mod me;
mod moderation;
mod polls;
mod provider;
mod sign_in;
mod sign_out;

use std::fmt::Write as _;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use heteronym::{
    forum::{self, Ambient, Board, Config, Forum, Rule},
    http::server::Limits,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use self::{
    browser::{Answer, Browser},
    provider::Provider,
};

/// A forum with three boards, its provider, and a clock that stands still.
struct House {
    forum: Forum,
    provider: Provider,
    clock: Arc<AtomicI64>,
    directory: TempDir,
}

/// What is left of a house whose forum was shut down.
struct Stopped {
    provider: Provider,
    directory: TempDir,
}

impl House {
    async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        let provider = Provider::start(NOW / 1_000).await;
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(&provider.issuer, "place", ORIGIN);
        config.database = directory.path().join("forum.sqlite");
        config.cookie = "place".into();
        config.title = "Place".into();
        config.boards = boards();
        config.areas.insert("FR-38".into(), "Isère".into());
        change(&mut config);
        let clock = Arc::new(AtomicI64::new(NOW));
        let forum = forum::open(config, ambient(&clock)).await.unwrap();
        Self { forum, provider, clock, directory }
    }

    fn advance(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    fn browser(&self) -> Browser {
        Browser::new(self.forum.router())
    }

    /// A browser in which the person of this `sub` and these claims has signed in.
    async fn signed_in(&self, sub: &str, claims: serde_json::Value) -> Browser {
        let mut browser = self.browser();
        self.sign_in(&mut browser, sub, claims).await;
        browser
    }

    async fn sign_in(&self, browser: &mut Browser, sub: &str, claims: serde_json::Value) {
        let answer = self.tries(browser, sub, claims).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }

    /// What the person gets who comes back from the provider.
    async fn tries(&self, browser: &mut Browser, sub: &str, mut claims: serde_json::Value) -> Answer {
        claims["sub"] = sub.into();
        {
            let mut script = self.provider.script();
            script.id_token = serde_json::json!({"sub": sub, "iat": self.clock.load(Ordering::SeqCst) / 1_000,
                "exp": self.clock.load(Ordering::SeqCst) / 1_000 + 300});
            script.userinfo = claims;
        }
        let request = browser.get("/sign-in").await.leads_to();
        browser.get(&self.provider.agree(&request)).await
    }

    /// Ends the session of this browser; its form token stays that of the page it has open.
    async fn browser_signs_out(&self, browser: &mut Browser) {
        let csrf = browser.csrf.clone();
        browser.get("/").await;
        browser.post("/sign-out", &[]).await;
        browser.csrf = csrf;
    }

    /// The forum is shut down; what it wrote and its provider stay.
    async fn stopped(self) -> Stopped {
        let Self { forum, provider, directory, .. } = self;
        forum.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), Limits::default(), async {}).await;
        Stopped { provider, directory }
    }

    /// The same forum in a new process: other dice, the same database.
    async fn restarted(self) -> Self {
        let (config, clock) = (self.forum.config().clone(), Arc::clone(&self.clock));
        let Stopped { provider, directory } = self.stopped().await;
        let forum = forum::open(config, ambient_of(&clock, 8_402)).await.unwrap();
        Self { forum, provider, clock, directory }
    }

    /// Every text and blob in every table of the forum's database.
    async fn database(&self) -> String {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.directory.path().join("forum.sqlite"));
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let mut all = String::new();
        for table in tables {
            let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
                .bind(&table)
                .fetch_all(&pool)
                .await
                .unwrap();
            for column in columns {
                let values: Vec<Option<String>> =
                    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT quote({column}) FROM {table}")))
                        .fetch_all(&pool)
                        .await
                        .unwrap();
                for value in values.into_iter().flatten() {
                    let _ = writeln!(all, "{table}.{column}={value}");
                }
            }
        }
        all
    }
}

fn ambient(clock: &Arc<AtomicI64>) -> Ambient {
    ambient_of(clock, 8_401)
}

fn ambient_of(clock: &Arc<AtomicI64>, seed: u64) -> Ambient {
    let clock = Arc::clone(clock);
    let rng = Mutex::new(StdRng::seed_from_u64(seed));
    Ambient::new(move || clock.load(Ordering::SeqCst), move |buffer| rng.lock().unwrap().fill_bytes(buffer))
}

fn boards() -> Vec<Board> {
    let board = |slug: &str, title: &str, start, reply| Board {
        slug: slug.into(),
        title: title.into(),
        intro: String::new(),
        start,
        reply,
    };
    let isere_adults = Rule::All(vec![Rule::Residence(vec!["FR-38".into()]), Rule::Age(18)]);
    vec![
        board("open", "Open board", Rule::Anyone, Rule::Anyone),
        board("budget", "Budget", isere_adults.clone(), isere_adults),
        board("news", "News", Rule::Role("agent".into()), Rule::Anyone),
    ]
}

/// Claims of an adult of Isère.
fn lise() -> serde_json::Value {
    serde_json::json!({
        "name": "Lise du Rocher", "name_assurance": "chosen", "name_audience": "members", "indexable": false,
        "age_bracket": "Y30-39", "age_over_18": true, "residence": "FR-38", "residence_label": "Isère",
        "groups": ["age:30-39", "res:FR-38", "one-voice"], "heteronyms_per_person": 1, "claims_as_of": 2026,
    })
}

const ORIGIN: &str = "http://127.0.0.1:8401";
/// 23 November 2026, 12:00 UTC.
const NOW: i64 = 1_795_435_200_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
