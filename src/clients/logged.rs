//! What the public registry says of a client: which forum it is, where, and how many voices somebody has there (`specs/log.md` §3).

use super::Client;
use crate::{
    store::{StoreError, Tx, clients as rows},
    transparency::Institutions,
    wire::tlog::leaf::{self, ClientAct, Host, InvalidForm},
};

/// Says it in the transaction that changes the client, unless it is what was said last.
pub(super) async fn say(institutions: &Institutions, tx: &mut Tx, client: &Client) -> Result<(), StoreError> {
    let voices = rows::heteronyms_per_person(tx, &client.sector).await?;
    let voices = voices.and_then(|voices| u32::try_from(voices).ok());
    let voices = voices.ok_or(StoreError::Corrupt("a client's sector is missing"))?;
    let said =
        facts(client, voices).map_err(|_| StoreError::Corrupt("a client cannot be written into the registry"))?;
    let act = |first| match (client.is_disabled(), first) {
        (true, _) => ClientAct::Disabled,
        (false, true) => ClientAct::Registered,
        (false, false) => ClientAct::Changed,
    };
    let subject = format!("client:{}", client.id);
    institutions.say(tx, &subject, |first| leaf::Client { act: act(first), ..said.clone() }.into()).await.map(drop)
}

fn facts(client: &Client, heteronyms_per_person: u32) -> Result<leaf::Client, InvalidForm> {
    let mut hosts: Vec<Host> = client
        .metadata
        .origins()
        .filter_map(|origin| origin.split_once("://").and_then(|(_, host)| host.parse().ok()))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    Ok(leaf::Client {
        id: client.id.as_str().parse()?,
        name: client.metadata.client_name.parse()?,
        sector: client.sector.as_str().parse()?,
        hosts,
        heteronyms_per_person,
        act: ClientAct::Registered,
    })
}
