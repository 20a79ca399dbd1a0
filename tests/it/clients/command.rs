//! `heteronym clients`, as an operator types it.

use clap::Parser as _;
use heteronym::app::{Cli, answer};
use tempfile::TempDir;

use crate::harness::{ISSUER, Service};

/// An installation that nothing serves.
struct Installation {
    dir: TempDir,
}

impl Installation {
    async fn new() -> Self {
        let Service { services, dir, .. } = Service::start().await;
        services.store.close().await;
        std::fs::write(dir.path().join("config.toml"), format!("[server]\nissuer = \"{ISSUER}\"\n")).unwrap();
        Self { dir }
    }

    /// What the command prints, or what it says on its way out.
    async fn clients(&self, args: &[&str]) -> Result<String, String> {
        let [data, config] = ["", "config.toml"].map(|file| self.dir.path().join(file).display().to_string());
        let place = ["heteronym", "clients", "--data", &data, "--config", &config];
        let cli = Cli::try_parse_from(place.iter().chain(args)).map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        answer(cli, &mut out).await.map_err(|error| format!("{error:#}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn add(&self, id: &str, host: &str, more: &[&str]) -> Result<String, String> {
        let uri = format!("https://{host}/cb");
        let args = ["add", "--name", "Budget participatif", "--client-id", id, "--redirect-uri", &uri];
        self.clients(&args.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()).await
    }
}

fn secret(printed: &str) -> Option<&str> {
    printed.lines().find_map(|line| line.strip_prefix("client_secret   "))
}

#[tokio::test]
async fn a_forum_is_added_listed_and_shown_with_what_its_software_asks_for() {
    let place = Installation::new().await;
    let none = place.clients(&["list"]).await.unwrap();
    assert_eq!(none, "No forum is registered yet: `heteronym clients add --help`\n");
    let added = place.add("c_budget", "forum.example", &["--required", "residence"]).await.unwrap();
    let shown = "\
Budget participatif
issuer          https://id.example
client_id       c_budget
scope           openid profile age residence
algorithm       RS256
authentication  client_secret_basic
profile         strict
sector          forum.example
residence       departement
redirect_uri    https://forum.example/cb
what to paste   https://id.example/connect?client_id=c_budget
required        residence
";
    let told = secret(&added).unwrap();
    assert_eq!(added, format!("{shown}client_secret   {told}\n\nThe secret is shown this once.\n"));
    assert_eq!(place.clients(&["show", "c_budget"]).await.unwrap(), shown, "without the secret");
    let list = place.clients(&["list"]).await.unwrap();
    assert_eq!(list.split_whitespace().collect::<Vec<_>>().join(" "), "c_budget forum.example Budget participatif");
    let database = std::fs::read(place.dir.path().join("heteronym.db")).unwrap();
    assert!(database.windows(8).any(|bytes| bytes == b"c_budget"));
    assert!(!database.windows(told.len()).any(|bytes| bytes == told.as_bytes()), "kept as a hash");
}

#[tokio::test]
async fn joining_the_members_of_another_forum_is_said_aloud() {
    let place = Installation::new().await;
    place.add("c_budget", "forum.example", &[]).await.unwrap();
    let error = place.add("c_wiki", "wiki.example", &["--sector", "forum.example"]).await.unwrap_err();
    assert!(error.starts_with("sector: forum.example is that of c_budget (Budget participatif); "), "{error}");
    let joined = place.add("c_wiki", "wiki.example", &["--sector", "forum.example", "--join-sector"]).await.unwrap();
    assert!(joined.contains("same members    c_budget (Budget participatif)\n"), "{joined}");
    let shown = place.clients(&["show", "c_budget"]).await.unwrap();
    assert!(shown.contains("same members    c_wiki (Budget participatif)\n"), "{shown}");
}

#[tokio::test]
async fn a_secret_is_replaced_and_a_forum_ended() {
    let place = Installation::new().await;
    let added = place.add("c_budget", "forum.example", &[]).await.unwrap();
    let rotated = place.clients(&["rotate-secret", "c_budget"]).await.unwrap();
    assert!(secret(&rotated).is_some_and(|new| Some(new) != secret(&added)), "{rotated}");
    place.add("c_reader", "reader.example", &["--auth-method", "none"]).await.unwrap();
    let error = place.clients(&["rotate-secret", "c_reader"]).await.unwrap_err();
    assert_eq!(error, "c_reader has no secret: its software can keep none (authentication none)");

    assert_eq!(place.clients(&["disable", "c_budget"]).await.unwrap(), "c_budget gets nothing more.\n");
    assert_eq!(place.clients(&["disable", "c_budget"]).await.unwrap_err(), "c_budget is disabled already");
    assert!(place.clients(&["list"]).await.unwrap().contains("Budget participatif disabled\n"));
    assert!(place.clients(&["show", "c_budget"]).await.unwrap().starts_with("Budget participatif (disabled)\n"));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_reason_and_the_remedy() {
    let place = Installation::new().await;
    for command in ["show", "rotate-secret", "disable"] {
        let error = place.clients(&[command, "c_nobody"]).await.unwrap_err();
        assert_eq!(error, "c_nobody is unknown: `heteronym clients list` prints all", "{command}");
    }
    let add =
        |more: &[&'static str]| [&["add", "--name", "F", "--redirect-uri", "https://f.example/cb"], more].concat();
    for (args, says) in [
        (add(&["--client-id", "budget"]), "does not begin with c_"),
        (add(&["--residence", "quartier"]), "quartier"),
        (add(&["--required", "name"]), "not a quality: use age_bracket, age_over_18, residence, sex or roles"),
        (add(&["--age-brackets", "18-25"]), "not an age bracket: write it as Y_LT18, Y30-39 or Y_GE80"),
        (add(&["--algorithm", "none"]), "none"),
        (add(&["--scope", "openid email"]), "scope: email is unknown"),
        (add(&["--heteronyms", "0"]), "heteronyms_per_person has to be 1 to 100"),
        (vec!["add", "--name", "F"], "--redirect-uri"),
        (vec!["add", "--name", "F", "--redirect-uri", "http://f.example/cb"], "begins with http: use https"),
    ] {
        let error = place.clients(&args).await.unwrap_err();
        assert!(error.contains(says), "{args:?}: {error}");
    }
    assert!(place.clients(&["list"]).await.unwrap().starts_with("No forum"));
}

/// Every option that says something of a client with keys.
const MOST_OPTIONS: [&str; 25] = [
    "--profile=fapi2",
    "--auth-alg=EdDSA",
    "--userinfo-alg=ES256",
    "--authorization-alg=PS256",
    "--introspection-alg=EdDSA",
    "--require-signed-request",
    "--request-object-alg=EdDSA",
    "--request-uri=https://archives.example/r.jwt",
    "--default-max-age=3600",
    "--require-auth-time",
    "--default-acr=urn:heteronym:acr:passkey",
    "--initiate-login-uri=https://archives.example/login",
    "--backchannel-logout-uri=https://back.example/out",
    "--backchannel-logout-session",
    "--frontchannel-logout-uri=https://archives.example/front",
    "--frontchannel-logout-session",
    "--certificate-bound",
    "--resource=https://api.example/",
    "--client-uri=https://archives.example/",
    "--policy-uri=https://archives.example/privacy",
    "--tos-uri=https://archives.example/terms",
    "--logo-uri=https://archives.example/logo.png",
    "--contact=admin@archives.example",
    "--contact=+33 4 76 00 00 00",
    "--claims-in-id-token",
];

#[tokio::test]
async fn every_option_reaches_the_registration_and_is_shown_again() {
    let place = Installation::new().await;
    let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let jwks = place.dir.path().join("jwks.json").display().to_string();
    std::fs::write(&jwks, keys).unwrap();
    let added = place
        .add("c_archives", "archives.example", &[&["--jwks", jwks.as_str()], &MOST_OPTIONS[..]].concat())
        .await
        .unwrap();
    insta::assert_snapshot!(added, @r"
    Budget participatif
    issuer          https://id.example
    client_id       c_archives
    scope           openid profile age residence
    algorithm       ES256
    authentication  private_key_jwt
    profile         fapi2
    sector          archives.example
    residence       departement
    redirect_uri    https://archives.example/cb
    what to paste   https://id.example/connect?client_id=c_archives
    authorization_signed_response_alg  PS256
    backchannel_logout_session_required  true
    backchannel_logout_uri  https://back.example/out
    client_uri      https://archives.example/
    contacts        admin@archives.example
    contacts        +33 4 76 00 00 00
    default_acr_values  urn:heteronym:acr:passkey
    default_max_age  3600
    frontchannel_logout_session_required  true
    frontchannel_logout_uri  https://archives.example/front
    id_token_claims  all
    initiate_login_uri  https://archives.example/login
    introspection_signed_response_alg  EdDSA
    jwks            OKP
    logo_uri        https://archives.example/logo.png
    policy_uri      https://archives.example/privacy
    request_object_signing_alg  EdDSA
    request_uris    https://archives.example/r.jwt
    require_auth_time  true
    require_pushed_authorization_requests  true
    require_signed_request_object  true
    resources       https://api.example/
    tls_client_certificate_bound_access_tokens  true
    token_endpoint_auth_signing_alg  EdDSA
    tos_uri         https://archives.example/terms
    userinfo_signed_response_alg  ES256
    ");
}

#[tokio::test]
async fn bound_tokens_and_certificates_are_options_too_and_a_name_like_another_is_told() {
    let place = Installation::new().await;
    place.add("c_archives", "archives.example", &[]).await.unwrap();
    let bound = place.add("c_dpop", "dpop.example", &["--dpop", "--require-par"]).await.unwrap();
    assert!(bound.contains("\ndpop_bound_access_tokens  true\n"), "{bound}");
    assert!(bound.contains("\nrequire_pushed_authorization_requests  true\n"), "{bound}");
    assert!(
        bound.contains("\nnamed like      c_archives (Budget participatif): members could take one for the other\n")
    );
    let by_certificate = ["--auth-method=tls_client_auth", "--tls-subject-dn=CN=forum.example"];
    let shown = place.add("c_mtls", "mtls.example", &by_certificate).await.unwrap();
    assert!(shown.contains("\ntls_client_auth_subject_dn  CN=forum.example\n"), "{shown}");
    assert_eq!(secret(&shown), None);
}

#[tokio::test]
async fn what_is_said_of_a_registered_forum_changes_and_the_rest_stays() {
    let place = Installation::new().await;
    let more = ["--policy-uri=https://forum.example/privacy", "--required=residence", "--contact=a@forum.example"];
    let added = place.add("c_budget", "forum.example", &[&more[..], &["--auth-alg=ES256", "--dpop"]].concat()).await;
    let told = secret(added.as_ref().unwrap()).unwrap().to_owned();
    let update = [
        "update",
        "c_budget",
        "--name=Budget de Voiron",
        "--redirect-uri=https://forum.example/new?a=b",
        "--redirect-uri=https://forum.example/cb",
        "--post-logout-redirect-uri=https://forum.example/bye",
        "--logo-uri=https://forum.example/logo.png",
        "--userinfo-alg=ES256",
        "--residence=commune",
        "--contact=b@forum.example",
        "--contact=c@forum.example",
        "--without=policy_uri",
        "--without=dpop_bound_access_tokens",
    ];
    let changed = place.clients(&update).await.unwrap();
    insta::assert_snapshot!(changed, @r"
    Budget de Voiron
    issuer          https://id.example
    client_id       c_budget
    scope           openid profile age residence
    algorithm       RS256
    authentication  client_secret_basic
    profile         strict
    sector          forum.example
    residence       commune
    redirect_uri    https://forum.example/new?a=b
    redirect_uri    https://forum.example/cb
    after sign-out  https://forum.example/bye
    what to paste   https://id.example/connect?client_id=c_budget
    contacts        b@forum.example
    contacts        c@forum.example
    logo_uri        https://forum.example/logo.png
    required        residence
    token_endpoint_auth_signing_alg  ES256
    userinfo_signed_response_alg  ES256
    ");
    assert_eq!(place.clients(&["show", "c_budget"]).await.unwrap(), changed);
    let same = place.clients(&["update", "c_budget"]).await.unwrap();
    assert_eq!(same, changed, "nothing said, nothing changed");

    let none = place.clients(&["update", "c_budget", "--auth-method=none"]).await.unwrap();
    assert_eq!(secret(&none), None);
    let again = place.clients(&["update", "c_budget", "--auth-method=client_secret_post"]).await.unwrap();
    assert!(secret(&again).is_some_and(|new| new != told), "the old one went with the method: {again}");
    let kept = place.clients(&["update", "c_budget", "--auth-method=client_secret_basic"]).await.unwrap();
    assert_eq!(secret(&kept), None, "it has one");
}

#[tokio::test]
async fn g16_no_update_gives_a_client_another_sector_or_other_subjects() {
    let place = Installation::new().await;
    place.add("c_budget", "forum.example", &[]).await.unwrap();
    let update = async |more: &[&str]| place.clients(&[&["update", "c_budget"], more].concat()).await;
    for option in ["--sector=other.example", "--join-sector", "--heteronyms=2", "--native", "--subject-type=public"] {
        assert!(update(&[option]).await.unwrap_err().contains("unexpected argument"), "{option}");
    }
    let elsewhere = "--redirect-uri=https://new.example/cb";
    assert_eq!(
        update(&[elsewhere]).await.unwrap_err(),
        "redirect_uris: new.example is not where this client was; members keep the sub by which it knows them, so it has \
         to be the same forum: --moved says so (option --redirect-uri)"
    );
    let port = update(&["--redirect-uri=https://forum.example:8443/cb"]).await.unwrap_err();
    assert!(port.starts_with("redirect_uris: forum.example:8443 is not where this client was"), "{port}");
    let moved = update(&[elsewhere, "--moved"]).await.unwrap();
    assert!(moved.contains("\nsector          forum.example\n"), "its members are who they were: {moved}");
    assert!(moved.contains("\nredirect_uri    https://new.example/cb\n") && !moved.contains("forum.example/cb"));
    let other = place.add("c_new", "forum.example", &[]).await.unwrap_err();
    assert!(other.starts_with("sector: forum.example is that of c_budget"), "and nobody takes its place: {other}");
}

#[tokio::test]
async fn an_update_that_cannot_be_is_refused_with_the_option_and_changes_nothing() {
    let place = Installation::new().await;
    place.add("c_budget", "forum.example", &[]).await.unwrap();
    let before = place.clients(&["show", "c_budget"]).await.unwrap();
    for (more, says) in [
        (&["--redirect-uri=http://forum.example/cb"][..], "redirect_uris: the redirect URI begins with http"),
        (&["--logo-uri=http://forum.example/"], "logo_uri has to be an https address"),
        (&["--without=redirect_uris"], "redirect_uris has to hold 1 to 20 addresses (option --redirect-uri)"),
        (&["--without=logo_uri"], "--without logo_uri: this client has registered nothing of that name"),
        (&["--without=sector"], "--without sector: this client has registered nothing of that name"),
        (
            &["--profile=fapi2"],
            "token_endpoint_auth_method: the value is not one that clients of the profile fapi2 may",
        ),
        (&["--request-object-alg=ES256"], "jwks or jwks_uri has to be there"),
        (&["--required=sex"], "required: sex is not among what the scope asks for (option --required)"),
        (&["--backchannel-logout-uri=https://127.0.0.1/x"], "(option --backchannel-logout-uri)"),
    ] {
        let error = place.clients(&[&["update", "c_budget"], more].concat()).await.unwrap_err();
        assert!(error.contains(says), "{more:?}: {error}");
        assert_eq!(place.clients(&["show", "c_budget"]).await.unwrap(), before, "{more:?}");
    }
    let unknown = place.clients(&["update", "c_nobody", "--name=X"]).await.unwrap_err();
    assert_eq!(unknown, "c_nobody is unknown: `heteronym clients list` prints all");
    place.clients(&["disable", "c_budget"]).await.unwrap();
    let ended = place.clients(&["update", "c_budget", "--name=X"]).await.unwrap_err();
    assert_eq!(ended, "c_budget is disabled: register the forum anew with `heteronym clients add`");
}

#[tokio::test]
async fn a_refusal_names_the_option_that_was_typed() {
    let place = Installation::new().await;
    for (more, says) in [
        (
            &["--backchannel-logout-uri=http://a.example/"][..],
            "backchannel_logout_uri: the address does not begin with https (option --backchannel-logout-uri)",
        ),
        (&["--profile=fapi2"], "jwks or jwks_uri has to be there: the client signs something (option --jwks)"),
        (
            &["--profile=fapi2", "--algorithm=RS256"],
            "id_token_signed_response_alg: the value is not one that clients of the profile fapi2 may have (option --algorithm)",
        ),
        (&["--jwks=/nowhere"], "--jwks /nowhere: No such file or directory (os error 2)"),
        (
            &["--redirect-uri=https://b.example/cb"],
            "sector: the redirect URIs have several hosts; name the one that pseudonyms belong to: a.example, b.example (option --sector)",
        ),
    ] {
        assert_eq!(place.add("c_a", "a.example", more).await.unwrap_err(), says, "{more:?}");
    }
    for (more, says) in [
        (
            &["--auth-method=client_secret_jwt"][..],
            "[possible values: client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none]",
        ),
        (&["--profile=bank"], "[possible values: strict, openid, fapi2]"),
        (&["--default-acr=gold"], "gold"),
        (&["--frontchannel-logout-session"], "--frontchannel-logout-uri"),
    ] {
        let error = place.add("c_a", "a.example", more).await.unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_token_lets_one_forum_register_itself_and_is_not_made_where_none_can() {
    let place = Installation::new().await;
    let told = place.clients(&["token", "--days", "2"]).await.unwrap();
    let token = told.lines().next().unwrap().strip_prefix("initial access token   ").unwrap();
    assert_eq!(
        told,
        format!(
            "initial access token   {token}\nregistration endpoint  {ISSUER}/register\n\nIt lets one forum register itself \
             within 2 days. It is shown this once.\n"
        )
    );
    let database = std::fs::read(place.dir.path().join("heteronym.db")).unwrap();
    assert!(!database.windows(token.len()).any(|bytes| bytes == token.as_bytes()), "kept as a hash");
    for days in ["0", "367", "soon"] {
        assert!(place.clients(&["token", "--days", days]).await.unwrap_err().contains("--days"), "{days}");
    }
    let off = format!("[server]\nissuer = \"{ISSUER}\"\n[clients]\nregistration = \"off\"\n");
    std::fs::write(place.dir.path().join("config.toml"), off).unwrap();
    let error = place.clients(&["token"]).await.unwrap_err();
    assert!(error.starts_with("clients.registration is \"off\": set it to \"token\" first"), "{error}");
}
