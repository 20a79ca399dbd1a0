//! `heteronym clients update`: what is said stands in place of what was registered, and the rest stays. What members are known
//! by, the sector, and how many heteronyms each may have, cannot be changed.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::add::{Asks, Proof, Requests, SignOut, Signatures, Told, said};
use crate::{
    clients::{Client, Draft, Profile, RegistrationError},
    domain::ids::ClientId,
};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Update {
    /// Whose registration it is.
    pub(super) client_id: ClientId,
    /// The forum's name, as citizens read it before they agree.
    #[arg(long)]
    name: Option<String>,
    /// Where answers go, in place of all addresses that there were. May be given several times.
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<String>,
    /// Where the browser may return after signing out, in place of all that there were. May be given several times.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<String>,
    /// The same people run the forum at the new host: they go on knowing its members by the same sub.
    #[arg(long)]
    pub(super) moved: bool,
    /// What is asked of its software: see `heteronym clients add --help`.
    #[arg(long, value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::as_str)).try_map(|text| text.parse::<Profile>()))]
    profile: Option<Profile>,
    /// A member to take out, named as `heteronym clients show` prints it, such as logo_uri. May be given several times.
    #[arg(long, value_name = "MEMBER")]
    without: Vec<String>,
    #[command(flatten)]
    asks: Asks,
    #[command(flatten)]
    proof: Proof,
    #[command(flatten)]
    signatures: Signatures,
    #[command(flatten)]
    requests: Requests,
    #[command(flatten)]
    sign_out: SignOut,
    #[command(flatten)]
    told: Told,
}

impl Update {
    /// What is to be registered in place of what this client has; `local`: the issuer is on a loopback address.
    pub(super) fn draft(self, client: &Client, local: bool) -> anyhow::Result<Draft> {
        let draft = Draft::of(client, &self.without, local).map_err(|refusal| match refusal {
            RegistrationError::Form(member, why) => anyhow::anyhow!("--without {member}: {why}"),
            other => other.into(),
        })?;
        let draft = Draft {
            name: self.name.unwrap_or(draft.name),
            redirect_uris: said(self.redirect_uris).unwrap_or(draft.redirect_uris),
            post_logout_redirect_uris: said(self.post_logout_redirect_uris).unwrap_or(draft.post_logout_redirect_uris),
            profile: self.profile.unwrap_or(draft.profile),
            ..draft
        };
        let draft = self.requests.on(self.signatures.on(self.proof.on(draft)?));
        Ok(self.asks.on(self.sign_out.on(self.told.on(draft))))
    }
}

const EXAMPLES: &str = "\
Examples:
  heteronym clients update c_1a2b3c --redirect-uri https://forum.example/new/callback --policy-uri https://forum.example/privacy
  heteronym clients update c_1a2b3c --without logo_uri --without backchannel_logout_uri
  heteronym clients update c_1a2b3c --redirect-uri https://new.example/callback --moved

Members are asked for their consent anew when the name, the links, the brackets, the residence or what is required changes.";
