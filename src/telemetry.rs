//! What the operator sees: log lines that cannot be forged, counts and durations by route, and whether we are ready.
//!
//! Nothing here identifies anybody: routes are counted by their template, never by the address asked for, and a panic is
//! logged by its place in the source, never by its message, which may quote what a person typed.

use std::{
    fmt::{self, Write as _},
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines are written. Either way one event is one line, with the time in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Human,
    Json,
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("log filter {0:?} is not understood (example: info,heteronym=debug)")]
    Filter(String),
    #[error("logging has already been started in this process")]
    AlreadyStarted,
}

/// Sends the log of this process to standard error, and panics into the log.
pub fn start_log(format: LogFormat, filter: &str) -> Result<(), LogError> {
    subscriber(format, filter, io::stderr)?.try_init().map_err(|_| LogError::AlreadyStarted)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// The log, written to wherever `writer` leads; tests lead it into memory.
pub fn subscriber<W>(format: LogFormat, filter: &str, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).map_err(|_| LogError::Filter(filter.to_owned()))?;
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(OneLine(writer));
    let registry = tracing_subscriber::registry().with(filter);
    Ok(match format {
        LogFormat::Human => Box::new(registry.with(lines)),
        LogFormat::Json => Box::new(registry.with(lines.json().flatten_event(true))),
    })
}

/// Makes writers that put an event on one line, whatever a field holds.
struct OneLine<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for OneLine<W> {
    type Writer = OneLineWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLineWriter(self.0.make_writer())
    }
}

struct OneLineWriter<W>(W);

impl<W: io::Write> io::Write for OneLineWriter<W> {
    /// The formatting layer hands over one whole event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let body = text.strip_suffix('\n').unwrap_or(&text);
        self.0.write_all(escaped(body).as_bytes())?;
        self.0.write_all(b"\n")?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, line ends and marks that turn the direction of text, written as `\uXXXX`: valid inside JSON too.
fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || turns {
            let _ = write!(line, "\\u{:04x}", u32::from(c));
        } else {
            line.push(c);
        }
    }
    line
}

/// The figures of one process.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    open: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("heteronym");
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let open = Gauge::default();
        registry.register("requests", "Requests answered, by route template, method and status", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time to the first byte of the answer, by route template",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("requests_open", "Requests under way", open.clone());
        Self { registry: Arc::new(Mutex::new(registry)), requests, seconds, open }
    }

    /// Counts and times every request that goes through `router`; to be called on the outermost router.
    pub fn observe(&self, router: Router) -> Router {
        let metrics = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| metrics.clone().measure(request, next)))
    }

    async fn measure(self, request: Request, next: Next) -> Response {
        let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
        let method = method_name(request.method().as_str());
        let began = Instant::now();
        let open = Open::new(&self.open);
        let response = next.run(request).await;
        drop(open);
        let labels = RequestLabels { route, method, status: response.status().as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: labels.route }).observe(began.elapsed().as_secs_f64());
        response
    }

    /// Shows a count that somebody else keeps.
    pub fn show_count(&self, name: &'static str, help: &'static str, count: impl Fn() -> u64 + Send + Sync + 'static) {
        let counted = Counted { name, help, count: Box::new(count) };
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register_collector(Box::new(counted));
    }

    /// All figures in the `OpenMetrics` text format.
    pub fn text(&self) -> String {
        let mut page = String::new();
        // Writing to a string fails only when a metric cannot be encoded, which leaves the page cut short.
        let _ = text::encode(&mut page, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        page
    }
}

/// A count of somebody else's, read whenever the figures are.
struct Counted {
    name: &'static str,
    help: &'static str,
    count: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counter = ConstCounter::new((self.count)());
        counter.encode(encoder.encode_descriptor(self.name, self.help, None, counter.metric_type())?)
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts a request as under way until dropped, also when its client goes away.
struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A method we know, or `other`: a client must not be able to make up series.
fn method_name(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

/// Tells whether the process can do its work; the error says in a few words what it lacks.
pub type ReadyCheck = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// `/metrics`, `/healthz` (the process runs) and `/readyz` (it can do its work): for a listener of their own, not open to
/// the public.
pub fn routes(metrics: Metrics, ready: ReadyCheck) -> Router {
    let figures = move || {
        let body = metrics.text();
        async move { ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], body) }
    };
    Router::new()
        .route("/metrics", routing::get(figures))
        .route("/healthz", routing::get(async || "ok\n"))
        .route("/readyz", routing::get(move || readiness(ready.clone())))
        .layer(middleware::map_response(async |mut response: Response| {
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
            response
        }))
}

async fn readiness(ready: ReadyCheck) -> Response {
    match tokio::time::timeout(READY_TIME, ready()).await {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(lack)) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", escaped(&lack))).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: the check itself took too long\n").into_response(),
    }
}

const READY_TIME: Duration = Duration::from_secs(2);
/// Seconds; fine where our answers are, coarse where something is wrong.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::body::{Body, to_bytes};
    use proptest::prelude::*;
    use tower::ServiceExt;
    use tracing::subscriber::with_default;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, hostile: &str) -> String {
        let memory = Memory::default();
        let target = memory.clone();
        let subscriber = subscriber(format, "info", move || target.clone()).unwrap();
        with_default(subscriber, || tracing::info!(hostile, shown = ?hostile, "sign-in {hostile}"));
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    proptest! {
        #[test]
        fn no_field_can_start_a_line_or_turn_the_text(hostile in "(\r\n|\n|\u{1b}\\[2J|\u{9b}|\u{202e}|\u{2066}|\u{2028}|\u{85}|\u{0}|a|\"|\\\\|é){0,12}") {
            for format in [LogFormat::Human, LogFormat::Json] {
                let log = logged(format, &hostile);
                prop_assert_eq!(log.matches('\n').count(), 1);
                prop_assert!(log.ends_with('\n'));
                let body = log.trim_end_matches('\n');
                prop_assert!(!body.chars().any(|c| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)), "{}", body.escape_debug());
                if format == LogFormat::Json {
                    let event: serde_json::Value = serde_json::from_str(body).unwrap();
                    prop_assert_eq!(event["hostile"].as_str().unwrap(), &hostile);
                }
            }
        }
    }

    #[test]
    fn a_filter_that_is_not_understood_is_named() {
        let error = subscriber(LogFormat::Human, "info,=:", io::sink).err().unwrap();
        assert!(error.to_string().contains("info,=:"));
    }

    async fn page(router: &Router, path: &str) -> (StatusCode, String) {
        let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn requests_are_counted_by_template_and_never_by_address() {
        let metrics = Metrics::new();
        let app = metrics.observe(Router::new().route("/people/{id}", routing::get(async || "hello")));
        page(&app, "/people/arnaud").await;
        page(&app, "/people/arnaud").await;
        page(&app, "/nowhere/arnaud").await;
        let ready: ReadyCheck = Arc::new(|| Box::pin(async { Ok(()) }));
        let (status, figures) = page(&routes(metrics, ready), "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            figures.contains(r#"heteronym_requests_total{route="/people/{id}",method="GET",status="200"} 2"#),
            "{figures}"
        );
        assert!(figures.contains(r#"heteronym_request_duration_seconds_count{route="/people/{id}"} 2"#), "{figures}");
        assert!(figures.contains("heteronym_requests_open 0") && !figures.contains("arnaud"), "{figures}");
    }

    #[test]
    fn a_count_of_somebody_elses_is_shown_as_it_stands() {
        let (metrics, count) = (Metrics::new(), Arc::new(AtomicU64::new(3)));
        let shown = Arc::clone(&count);
        metrics.show_count("logout_tokens_given_up", "Why not", move || shown.load(Ordering::Relaxed));
        assert!(metrics.text().contains("heteronym_logout_tokens_given_up_total 3\n"), "{}", metrics.text());
        count.store(4, Ordering::Relaxed);
        assert!(metrics.text().contains("heteronym_logout_tokens_given_up_total 4\n"), "{}", metrics.text());
    }

    #[tokio::test]
    async fn readiness_says_what_is_missing() {
        let lacking: ReadyCheck = Arc::new(|| Box::pin(async { Err("database away\nforged".to_owned()) }));
        let router = routes(Metrics::new(), lacking);
        assert_eq!(page(&router, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
        let (status, text) = page(&router, "/readyz").await;
        assert_eq!(
            (status, text.as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: database away\\u000aforged\n")
        );
    }
}
