//! `heteronym serve`: the provider, for real.

use std::{io::Write, sync::Arc};

use anyhow::{Context as _, bail};
use axum::Router;
use rand::Rng as _;
use tokio::net::TcpListener;

use super::{Assembly, DataDir, Place, Services, listeners::Listeners};
use crate::{
    config::Config,
    domain::ambient::Ambient,
    forum,
    http::server::{self, Limits, Tls},
    store::{StoreError, settings},
    telemetry::{self, Metrics},
    transparency::Standing,
    witness::{self, Witness},
};

/// Serve a provider.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let config = Config::load(args.place.config.as_deref())?;
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, config);
    let keyring = data.load_keys(&ambient)?;
    if keyring.is_demo() {
        bail!("these keys were made for a demonstration: make real ones with `heteronym init` in another directory");
    }
    let listeners = Listeners::load(&data, &ambient)?;
    let store = data.open_store(&ambient).await?;
    let services = Services::assemble(Assembly { config: data.config, store, keyring: Arc::new(keyring), ambient })?;
    // What is wrong is in the log and at /readyz; reading goes on.
    services.transparency.open().await?;
    services.witnesses.compare().await?;
    until_told_to_stop(&services, listeners).await
}

/// Serves, with the operator's listener beside it, until the process is asked to end; then loses nothing.
async fn until_told_to_stop(services: &Services, listeners: Listeners) -> anyhow::Result<()> {
    let asked = asked_to_stop();
    let metrics = Metrics::new();
    show_logouts(&metrics, services);
    let router = metrics.observe(services.router());
    let (stop, stopped) = tokio::sync::watch::channel(());
    let wait = |mut stopped: tokio::sync::watch::Receiver<()>| async move {
        let _ = stopped.changed().await;
    };
    let config = &services.config.server;
    let mut faces = vec![Face {
        listener: bind(config.listen).await?,
        router: router.clone(),
        limits: services.limits(),
        tls: listeners.public,
    }];
    if let Some(mutual) = listeners.mutual {
        let listener = bind(mutual.listen).await?;
        let router = mutual.router(router, services);
        faces.push(Face { listener, router, limits: services.limits(), tls: Some(mutual.tls) });
    }
    if let Some(address) = config.operations_listen {
        let router = telemetry::routes(metrics, ready(services));
        faces.push(Face { listener: bind(address).await?, router, limits: Limits::default(), tls: None });
    }
    tracing::info!(issuer = %config.issuer, "serving");
    let serving: Vec<_> = faces.into_iter().map(|face| tokio::spawn(face.serve(wait(stopped.clone())))).collect();
    let witnesses = tokio::spawn(services.witnesses.clone().run(wait(stopped.clone())));
    let tasks = tokio::spawn(services.tasks().run(wait(stopped)));
    asked.await;
    tracing::info!("stopping: requests under way are finished first");
    drop(stop);
    for face in serving {
        face.await?;
    }
    tasks.await?;
    witnesses.await?;
    services.close().await;
    Ok(())
}

/// One listener with what it answers.
struct Face {
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Option<Arc<Tls>>,
}

impl Face {
    async fn serve(self, shutdown: impl Future<Output = ()>) {
        match self.tls {
            Some(tls) => server::serve_tls(self.listener, self.router, self.limits, tls, shutdown).await,
            None => server::serve(self.listener, self.router, self.limits, shutdown).await,
        }
    }
}

/// What became of what forums are told when a session ends.
fn show_logouts(metrics: &Metrics, services: &Services) {
    let (delivered, given_up) = (services.logout.figures(), services.logout.figures());
    let help = "Logout tokens that forums have taken";
    metrics.show_count("logout_tokens_delivered", help, move || delivered.delivered());
    let help = "Logout tokens that forums refused, or did not take to the end of the schedule";
    metrics.show_count("logout_tokens_given_up", help, move || given_up.given_up());
}

/// `heteronym forum`: a forum that runs by itself.
pub(super) async fn forum(args: forum::Args, out: &mut impl Write) -> anyhow::Result<()> {
    let errand = args.errand();
    let config = args.load()?;
    let (clock, random) = (Ambient::system(), Ambient::system());
    let ambient = forum::Ambient::new(move || clock.now().0, move |buffer| random.rng().fill_bytes(buffer));
    if errand != forum::Errand::Serve {
        return with_log(&forum::open(config, ambient).await?, errand, out).await;
    }
    let listener = bind(config.listen).await?;
    let forum = forum::open(config, ambient).await?;
    println!("The forum is up: {}", forum.config().base_url);
    if let Some(code) = forum.first_moderator_code() {
        println!("The first moderator is whoever enters this code at {}/moderation: {code}", forum.config().base_url);
    }
    forum.serve(listener, Limits::default(), asked_to_stop()).await;
    Ok(())
}

/// Looks at the provider's log for a forum that is not running.
async fn with_log(forum: &forum::Forum, errand: forum::Errand, out: &mut impl Write) -> anyhow::Result<()> {
    if errand == forum::Errand::AcceptLog {
        let accepted = forum.accept_log().await?;
        if accepted.is_empty() {
            writeln!(out, "There is nothing to accept: the log is the one that was seen before.")?;
        }
        for (origin, kind) in accepted {
            writeln!(out, "{origin} ({kind}): the forum goes on with the log as it is. The evidence stays at /about.")?;
        }
    } else {
        let check = forum.check_log().await?;
        writeln!(out, "{check}")?;
        if !check.held() {
            forum.close().await;
            bail!("the check of the log did not end well");
        }
    }
    forum.close().await;
    Ok(())
}

/// `heteronym witness`: a witness that runs by itself, or what is done for one.
pub(super) async fn witness(args: witness::Args, out: &mut impl Write) -> anyhow::Result<()> {
    let (config, command) = args.load()?;
    let ambient = Ambient::system();
    let clock = ambient.clone();
    let clock = witness::Clock::new(move || clock.now().0);
    if let Some(command) = command {
        return Ok(witness::run(&command, &config, clock, &mut ambient.rng(), out).await?);
    }
    let witness = Witness::open(&config.data, clock).await?;
    let (listener, asked) = (bind(config.listen).await?, asked_to_stop());
    writeln!(out, "The witness is up on http://{}: {}", config.listen, witness.verifier_key())?;
    let limits = Limits { trusted_proxies: config.trusted_proxies, ..Limits::default() };
    witness.serve(listener, limits, asked).await;
    Ok(())
}

pub(super) async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: is something else there?"))
}

/// Ready is who can read the database, and may write to the logs: nothing is issued unlogged.
pub(super) fn ready(services: &Services) -> telemetry::ReadyCheck {
    let (store, transparency) = (services.store.clone(), services.transparency.clone());
    Arc::new(move || {
        let (store, transparency) = (store.clone(), transparency.clone());
        Box::pin(async move {
            let read =
                store.read::<_, StoreError, _>(|tx| Box::pin(async move { settings::find(tx, "instance").await }));
            read.await.map_err(|error| error.to_string())?;
            match transparency.standing() {
                Standing::ReadOnly(reason) => Err(reason.to_string()),
                Standing::Open | Standing::Unchecked => Ok(()),
            }
        })
    })
}

/// Ctrl-C, or the signal with which service managers end a process. Both are listened for as soon as this is called: ask
/// before the first answer goes out, so that no signal finds a server that would just die of it.
pub(super) fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        match (interrupt, terminate) {
            (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            },
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}
