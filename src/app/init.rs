//! `heteronym init`, `check` and `doctor`: make an installation, and find what is wrong with one.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::bail;

use super::{Assembly, DataDir, Place, Services, listeners::Listeners};
use crate::{
    config::{self, Config},
    domain::ambient::Ambient,
    keyring::{Keyring, Purpose, Role},
    proofing::CUSTODIANS_KEY,
    store::{Store, StoreError, settings},
    transparency::Standing,
};

/// Make the keys and the database of an installation.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    #[command(flatten)]
    place: Place,
}

/// Check a configuration without opening anything.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The configuration file.
    config: Option<PathBuf>,
    /// Print every setting with its documentation and default.
    #[arg(long)]
    defaults: bool,
}

/// Look at an installation and name each fault with its remedy.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn init(args: Init, out: &mut impl Write) -> anyhow::Result<()> {
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, Config::load(args.place.config.as_deref())?);
    data.make()?;
    data.create_keys(Purpose::Service, &mut ambient.rng(), &ambient)?;
    data.open_store(&ambient).await?.close().await;
    writeln!(out, "Made the keys in {} and the database.", data.keys_directory().display())?;
    writeln!(out, "Back the keys up now, apart from the database: without them every pseudonym is lost.")?;
    writeln!(
        out,
        "Next: the custodians' public key (heteronym registrars custodians-key --help), then registrars add."
    )?;
    Ok(())
}

pub(super) fn check(args: &Check, out: &mut impl Write) -> anyhow::Result<()> {
    if args.defaults {
        out.write_all(config::DEFAULTS.as_bytes())?;
        return Ok(());
    }
    let config = Config::load(args.config.as_deref())?;
    writeln!(out, "The configuration holds. Issuer: {}", config.server.issuer)?;
    Ok(())
}

pub(super) async fn doctor(args: Doctor, out: &mut impl Write) -> anyhow::Result<()> {
    let mut report = Report { out, faults: 0 };
    let Some(config) = report.take("configuration", Config::load(args.place.config.as_deref()))? else {
        bail!("nothing else can be looked at without a configuration");
    };
    let ambient = Ambient::system();
    let data = DataDir::new(&args.place.data, config);
    tls(&mut report, &data, &ambient)?;
    let keyring = report.take("keys", data.load_keys(&ambient))?;
    if let Some(keyring) = &keyring {
        let late = if data.config.keys.rotate { keyring.overdue(ambient.now()) } else { keyring.due(ambient.now()) };
        let roles: Vec<_> = late.into_iter().map(Role::as_str).collect();
        let remedy = format!(
            "the next key of {} is due: let the service run with keys.rotate = true, or `heteronym keys rotate ROLE`",
            roles.join(" and ")
        );
        report.say(roles.is_empty(), "key rotation", &remedy)?;
        let restored = keyring.restored();
        let remedy = format!("{} came back and is not believed: `heteronym keys purge`", restored.join(" and "));
        report.say(restored.is_empty(), "revoked keys", &remedy)?;
        report.say(
            !keyring.is_demo(),
            "purpose of the keys",
            "they were made for a demonstration: `heteronym init`",
        )?;
    }
    if let Some(store) = report.take("database", data.open_store(&ambient).await)? {
        let custodians = store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { settings::find(tx, CUSTODIANS_KEY).await }))
            .await;
        if let Some(key) = report.take("reading the database", custodians)? {
            report.say(
                key.is_some(),
                "custodians' key",
                "nobody can be enrolled yet: `heteronym registrars custodians-key --help`",
            )?;
        }
        if let Some(keyring) = keyring {
            let logs = logs(&data, &store, keyring, &ambient).await;
            report.take("public logs", logs)?;
        }
        store.close().await;
    }
    let faults = report.faults;
    if faults == 0 { Ok(()) } else { bail!("{faults} to mend") }
}

/// Every leaf and tile, against the heads that were signed, and the heads against what witnesses remember.
async fn logs(data: &DataDir, store: &Store, keyring: Keyring, ambient: &Ambient) -> anyhow::Result<()> {
    let (config, store, keyring, ambient) = (data.config.clone(), store.clone(), Arc::new(keyring), ambient.clone());
    let services = Services::assemble(Assembly { config, store, keyring, ambient })?;
    services.witnesses.compare().await?;
    match services.transparency.verify().await? {
        Standing::ReadOnly(reason) => bail!("{reason}"),
        Standing::Open | Standing::Unchecked => Ok(()),
    }
}

/// The certificate of a provider that ends TLS itself. Where a proxy does, it is the proxy's operator who looks.
fn tls(report: &mut Report<'_, impl Write>, data: &DataDir, ambient: &Ambient) -> std::io::Result<()> {
    if data.config.server.tls().is_none() {
        return Ok(());
    }
    if let Some(Listeners { public: Some(tls), .. }) = report.take("TLS", Listeners::load(data, ambient))? {
        let remedy = match tls.days_left() {
            None => "it has expired, and every client refuses it: renew it".to_owned(),
            Some(days) => format!("it expires in {days} days: renew it"),
        };
        report.say(!tls.expires_soon(), "validity of the certificate", &remedy)?;
    }
    Ok(())
}

struct Report<'o, W> {
    out: &'o mut W,
    faults: usize,
}

impl<W: Write> Report<'_, W> {
    fn take<T, E: std::fmt::Display>(&mut self, what: &str, found: Result<T, E>) -> std::io::Result<Option<T>> {
        match found {
            Ok(found) => {
                writeln!(self.out, "good   {what}")?;
                Ok(Some(found))
            }
            Err(error) => {
                self.faults += 1;
                writeln!(self.out, "FAULT  {what}: {error}")?;
                Ok(None)
            }
        }
    }

    fn say(&mut self, good: bool, what: &str, remedy: &str) -> std::io::Result<()> {
        self.take(what, if good { Ok(()) } else { Err(remedy) }).map(drop)
    }
}
