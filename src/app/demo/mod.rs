//! `heteronym demo`: the provider and two forums in one process, with people to be, on a machine where nothing else is.

mod people;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::watch};

use super::{
    Assembly, DataDir, Services,
    serve::{asked_to_stop, bind},
};
use crate::{
    clients::{ClaimsIn, Draft},
    config::Config,
    custodian,
    domain::{ambient::Ambient, area::Level, ids::ClientId},
    forum::{self, Forum, LogKey, Sample, SigningAlgorithm},
    http::server::{self, Limits},
    keyring::Purpose,
    proofing::OfficeKey,
    wire::{jose::Algorithm, oauth::AuthMethod},
};

/// Look at everything in a minute: a provider, two forums, and people waiting to be activated.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the demonstration keeps its data. Remove it to begin anew.
    #[arg(long, default_value = "demo-data")]
    data: PathBuf,
    /// Where the provider listens. Its address is `http://localhost` with this port.
    #[arg(long, default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    #[arg(long, default_value = "127.0.0.1:8401")]
    forum: SocketAddr,
    #[arg(long, default_value = "127.0.0.1:8402")]
    second_forum: SocketAddr,
}

/// What `demo.json` says: where to go, and the codes. It is printed as well.
#[derive(Serialize, Deserialize)]
struct Guide {
    issuer: String,
    forums: Vec<ForumGuide>,
    /// People who wait to be activated.
    people: Vec<people::Waiting>,
    registrar: people::Staff,
    auditor: people::Staff,
    custodians: Vec<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct ForumGuide {
    title: String,
    url: String,
    client_id: String,
    client_secret: String,
    /// Makes the first moderator, at `/moderation`.
    moderator_code: Option<String>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let (provider, first, second) = (bind(args.listen).await?, bind(args.forum).await?, bind(args.second_forum).await?);
    let issuer = format!("http://localhost:{}", provider.local_addr()?.port());
    let addresses = [&first, &second].map(|listener| listener.local_addr().map(|address| format!("http://{address}")));
    let [first_url, second_url] = addresses;
    let urls = [first_url?, second_url?];

    let data = DataDir::new(&args.data, config(&issuer, args.listen, &urls)?);
    let begun = data.root.join(GUIDE).exists();
    let services = open(&data, begun, &ambient).await?;
    let mut guide =
        if begun { read_guide(&data, &issuer, &urls)? } else { seed(&services, &data, &issuer, &urls).await? };
    let forums = open_forums(&services, &data, &guide, &ambient).await?;
    for (guide, forum) in guide.forums.iter_mut().zip(&forums) {
        guide.moderator_code = forum.first_moderator_code();
    }
    write_guide(&data, &guide)?;
    print!("{}", people::welcome(&guide.issuer, &urls, &guide.people, &guide.registrar, &args.data));
    let key = Arc::new(people::office_key(&data.root)?);
    serve(&services, key, provider, forums, [first, second]).await
}

/// The defaults, with what a demonstration needs in another way.
fn config(issuer: &str, listen: SocketAddr, urls: &[String; 2]) -> anyhow::Result<Config> {
    // The forums are on this machine, where the guard of outbound requests lets nobody in unasked.
    let [first, second] = urls.each_ref().map(|url| url.trim_start_matches("http://"));
    let text = format!(
        "[server]\nissuer = \"{issuer}\"\nlisten = \"{listen}\"\noperations_listen = \"\"\n\
         [accounts]\nstaff_passphrases = true\nworkstation_keys = \"officer\"\n\
         [outbound]\nallow = [\"{first}\", \"{second}\"]\n"
    );
    Ok(Config::from_parts("the demonstration", &text, [])?)
}

async fn open(data: &DataDir, begun: bool, ambient: &Ambient) -> anyhow::Result<Services> {
    if !begun && data.keys_directory().exists() {
        bail!(
            "{} holds something else, or a demonstration cut short: remove it, or name another with --data",
            data.root.display()
        );
    }
    let keyring = if begun {
        data.load_keys(ambient)?
    } else {
        data.make()?;
        data.create_keys(Purpose::Demo, &mut ambient.rng(), ambient)?
    };
    let store = data.open_store(ambient).await?;
    let config = data.config.clone();
    Services::assemble(Assembly { config, store, keyring: Arc::new(keyring), ambient: ambient.clone() })
}

/// Makes everything that the demonstration shows. The guide is written last, so a run cut short is noticed.
async fn seed(services: &Services, data: &DataDir, issuer: &str, urls: &[String; 2]) -> anyhow::Result<Guide> {
    let custodians = custodians(services, data).await?;
    let forums = vec![
        register(services, Sample::Place, "c_place-de-la-mairie", &urls[0]).await?,
        register(services, Sample::Comptoir, "c_le-comptoir", &urls[1]).await?,
    ];
    let (registrar, people) = people::enrol(services, &people::office_key(&data.root)?).await?;
    let auditor = people::auditor(services).await?;
    Ok(Guide { issuer: issuer.to_owned(), forums, people, registrar, auditor, custodians })
}

/// Five custodians make their key by the real protocol; any three can open a name. Only in a demonstration do their
/// shares lie side by side.
async fn custodians(services: &Services, data: &DataDir) -> anyhow::Result<Vec<PathBuf>> {
    let mut rng = services.ambient.rng();
    let (key, shares) = custodian::ceremony::in_process(3, 5, &mut rng)?;
    services.proofing.take_custodians_key(&key).await?;
    let directory = data.root.join("custodians");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("custodians.json"), serde_json::to_vec_pretty(&key)?)?;
    let mut files = Vec::new();
    for share in &shares {
        let file = directory.join(format!("custodian-{}.json", share.index()));
        custodian::write_share(&file, share, None, &mut rng)?;
        files.push(file);
    }
    Ok(files)
}

async fn register(services: &Services, sample: Sample, id: &str, url: &str) -> anyhow::Result<ForumGuide> {
    let id: ClientId = id.parse()?;
    let config = sample.config(services.config.server.issuer.as_str(), id.as_str(), url)?;
    let draft = Draft {
        id: Some(id.clone()),
        name: config.title.clone(),
        client_uri: Some(url.to_owned()),
        redirect_uris: vec![config.redirect_uri()],
        post_logout_redirect_uris: vec![config.post_logout_redirect_uri()],
        backchannel_logout_uri: Some(config.backchannel_logout_uri()),
        backchannel_logout_session_required: true,
        auth_method: AuthMethod::ClientSecretBasic,
        id_token_alg: Algorithm::EdDSA,
        scope: format!("openid {}", config.scopes.join(" ")),
        residence_level: Level::Department,
        id_token_claims: ClaimsIn::Userinfo,
        local: true,
        ..Draft::default()
    };
    let (_, secret) = services.clients.register(draft).await?;
    let secret = secret.context("a confidential client has a secret")?;
    Ok(ForumGuide {
        title: config.title,
        url: url.to_owned(),
        client_id: id.to_string(),
        client_secret: secret.expose().to_owned(),
        moderator_code: None,
    })
}

async fn open_forums(
    services: &Services,
    data: &DataDir,
    guide: &Guide,
    ambient: &Ambient,
) -> anyhow::Result<Vec<Forum>> {
    let log_keys = services.keyring.log().public(ambient.now()).into_iter().map(|key| LogKey::new(key.public));
    let log_keys = log_keys.collect::<Result<Vec<_>, _>>()?;
    let mut forums = Vec::new();
    for (sample, known) in [Sample::Place, Sample::Comptoir].into_iter().zip(&guide.forums) {
        let (clock, random) = (ambient.clone(), ambient.clone());
        let ambient = forum::Ambient::new(move || clock.now().0, move |buffer| random.rng().fill_bytes(buffer));
        let config = forum::Config {
            client_secret: Some(known.client_secret.clone().into()),
            database: data.root.join(format!("{}.db", known.client_id)),
            provider_name: data.config.server.name.clone(),
            signing_algorithm: SigningAlgorithm::EdDsa,
            log_keys: log_keys.clone(),
            ..sample.config(&guide.issuer, &known.client_id, &known.url)?
        };
        let forum = forum::open(config, ambient).await?;
        forum.seed(sample).await?;
        forums.push(forum);
    }
    Ok(forums)
}

fn read_guide(data: &DataDir, issuer: &str, urls: &[String; 2]) -> anyhow::Result<Guide> {
    let guide: Guide = serde_json::from_slice(&fs::read(data.root.join(GUIDE))?)?;
    let same = guide.issuer == issuer && guide.forums.iter().zip(urls).all(|(forum, url)| forum.url == *url);
    if !same {
        bail!(
            "{} was made for {}: give the same addresses, remove it, or name another with --data",
            data.root.display(),
            guide.issuer
        );
    }
    Ok(guide)
}

fn write_guide(data: &DataDir, guide: &Guide) -> anyhow::Result<()> {
    let unfinished = data.root.join("demo.json.new");
    fs::write(&unfinished, serde_json::to_vec_pretty(guide)?)?;
    Ok(fs::rename(unfinished, data.root.join(GUIDE))?)
}

async fn serve(
    services: &Services,
    office_key: Arc<OfficeKey>,
    provider: TcpListener,
    forums: Vec<Forum>,
    listeners: [TcpListener; 2],
) -> anyhow::Result<()> {
    let asked = asked_to_stop();
    let (stop, stopped) = watch::channel(());
    let wait = |mut stopped: watch::Receiver<()>| async move {
        let _ = stopped.changed().await;
    };
    let mut tasks = Vec::new();
    for (forum, listener) in forums.into_iter().zip(listeners) {
        let stopped = wait(stopped.clone());
        tasks.push(tokio::spawn(async move { forum.serve(listener, Limits::default(), stopped).await }));
    }
    tasks.push(tokio::spawn(services.tasks().run(wait(stopped.clone()))));
    tasks.push(tokio::spawn(people::neighbours(services.proofing.clone(), office_key, wait(stopped.clone()))));
    tasks.push(tokio::spawn(server::serve(provider, services.router(), services.limits(), wait(stopped))));
    asked.await;
    drop(stop);
    for task in tasks {
        task.await?;
    }
    services.close().await;
    Ok(())
}

const GUIDE: &str = "demo.json";
