//! `heteronym serve`: the provider, for real.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use rand::Rng as _;
use tokio::net::TcpListener;

use super::{Assembly, DataDir, Place, Services};
use crate::{
    config::Config,
    domain::ambient::Ambient,
    forum,
    http::server,
    store::{StoreError, settings},
    telemetry::{self, Metrics},
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
    let store = data.open_store(&ambient).await?;
    let services = Services::assemble(Assembly { config: data.config, store, keyring: Arc::new(keyring), ambient })?;
    let listener = bind(services.config.server.listen).await?;
    tracing::info!(issuer = %services.config.server.issuer, "serving");
    until_told_to_stop(&services, listener).await
}

/// Serves, with the operator's listener beside it, until the process is asked to end; then loses nothing.
async fn until_told_to_stop(services: &Services, listener: TcpListener) -> anyhow::Result<()> {
    let asked = asked_to_stop();
    let metrics = Metrics::new();
    let router = metrics.observe(services.router());
    let (stop, stopped) = tokio::sync::watch::channel(());
    let wait = |mut stopped: tokio::sync::watch::Receiver<()>| async move {
        let _ = stopped.changed().await;
    };
    let operations = match services.config.server.operations_listen {
        Some(address) => {
            let figures = telemetry::routes(metrics, ready(services));
            let listener = bind(address).await?;
            let limits = server::Limits::default();
            Some(tokio::spawn(server::serve(listener, figures, limits, wait(stopped.clone()))))
        }
        None => None,
    };
    let tasks = tokio::spawn(services.tasks().run(wait(stopped.clone())));
    let serving = tokio::spawn(server::serve(listener, router, services.limits(), wait(stopped)));
    asked.await;
    tracing::info!("stopping: requests under way are finished first");
    drop(stop);
    serving.await?;
    tasks.await?;
    if let Some(operations) = operations {
        operations.await?;
    }
    services.store.close().await;
    Ok(())
}

/// `heteronym forum`: a forum that runs by itself.
pub(super) async fn forum(args: forum::Args) -> anyhow::Result<()> {
    let config = args.load()?;
    let listener = bind(config.listen).await?;
    let (clock, random) = (Ambient::system(), Ambient::system());
    let ambient = forum::Ambient::new(move || clock.now().0, move |buffer| random.rng().fill_bytes(buffer));
    let forum = forum::open(config, ambient).await?;
    println!("The forum is up: {}", forum.config().base_url);
    if let Some(code) = forum.first_moderator_code() {
        println!("The first moderator is whoever enters this code at {}/moderation: {code}", forum.config().base_url);
    }
    forum.serve(listener, server::Limits::default(), asked_to_stop()).await;
    Ok(())
}

pub(super) async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: is something else there?"))
}

/// Ready is who can read the database.
pub(super) fn ready(services: &Services) -> telemetry::ReadyCheck {
    let store = services.store.clone();
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move {
            let read =
                store.read::<_, StoreError, _>(|tx| Box::pin(async move { settings::find(tx, "instance").await }));
            read.await.map(drop).map_err(|error| error.to_string())
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
