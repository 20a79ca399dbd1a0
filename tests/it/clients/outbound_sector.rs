//! `sector_identifier_uri`: several hosts are one sector when the document of one of them says so.

use heteronym::clients::{OutboundError, SectorDocumentError, sector_at};

use super::outbound_sink::{Script, Sink, guard};

fn uris(uris: &[&str]) -> Vec<String> {
    uris.iter().map(ToString::to_string).collect()
}

const TWO: [&str; 2] = ["https://forum.example/cb", "https://www.example/cb?a=b"];

#[tokio::test]
async fn r37_a_list_that_holds_every_redirect_uri_makes_its_host_the_sector() {
    let document = r#" ["https://www.example/cb?a=b", "https://third.example/cb", "https://forum.example/cb"] "#;
    let sink = Sink::start(Script::body(document)).await;
    for redirects in [&TWO[..], &TWO[..1]] {
        let sector = sector_at(&sink.guard(), &sink.at("/sector.json"), &uris(redirects)).await.unwrap();
        assert_eq!(sector.as_str(), sink.authority(), "the host of the document, and of no redirect URI");
    }
    assert_eq!(sink.connections(), 2, "each asked once");
}

#[tokio::test]
async fn r37_a_redirect_uri_that_is_not_listed_byte_for_byte_is_named() {
    let redirects = uris(&TWO);
    for close in [
        "https://www.example/cb",
        "https://www.example/cb?a=b&",
        "https://WWW.example/cb?a=b",
        "https://www.example:443/cb?a=b",
        "https://www.example/cb?a=b#",
        "http://www.example/cb?a=b",
        " https://www.example/cb?a=b",
        "https://www.example/",
        "https://*.example/cb?a=b",
    ] {
        let document = serde_json::json!([close, "https://forum.example/cb"]).to_string();
        let sink = Sink::start(Script::body(&document)).await;
        let error = sector_at(&sink.guard(), &sink.at("/"), &redirects).await.unwrap_err();
        assert_eq!(error, SectorDocumentError::Missing(redirects[1].clone()), "{close}");
    }
    let error = SectorDocumentError::Missing(redirects[1].clone()).to_string();
    assert_eq!(
        error,
        "sector_identifier_uri: the list there lacks the redirect URI https://www.example/cb?a=b: add it exactly as it is registered"
    );
}

#[tokio::test]
async fn r37_what_is_not_one_array_of_strings_gives_no_sector() {
    let sink = Sink::start(Script::Silence).await;
    let two = serde_json::to_string(&TWO).unwrap();
    for document in [
        "",
        "null",
        "{}",
        "\"https://forum.example/cb\"",
        r#"{"redirect_uris":["https://forum.example/cb"]}"#,
        r#"[["https://forum.example/cb"]]"#,
        r#"["https://forum.example/cb",1]"#,
        r#"["https://forum.example/cb",null]"#,
        &format!("{two} {two}"),
        &format!("{two},"),
        &format!("\u{feff}{two}"),
        "<html>",
    ] {
        sink.now_answers(Script::body(document));
        let outcome = sector_at(&sink.guard(), &sink.at("/"), &uris(&TWO[..1])).await;
        assert_eq!(outcome, Err(SectorDocumentError::NotAList), "{document}");
    }
}

#[tokio::test]
async fn an_address_that_the_guard_refuses_or_that_does_not_answer_gives_no_sector() {
    let sink = Sink::start(Script::status("404 Not Found", "[]")).await;
    let refused = async |url: &str| sector_at(&guard(&[]), url, &uris(&TWO)).await.unwrap_err().to_string();
    insta::assert_snapshot!(refused("http://forum.example/sector.json").await, @"sector_identifier_uri: the address does not begin with https");
    insta::assert_snapshot!(refused("https://127.0.0.1/").await, @"sector_identifier_uri: the host has no public address, or one that is not public (outbound.allow in the provider's configuration names exceptions)");
    insta::assert_snapshot!(refused("https://id.example/").await, @"sector_identifier_uri: the address is one of this provider's own");
    insta::assert_snapshot!(refused("https://a_b.example/").await, @"sector_identifier_uri: its host cannot name a sector: use letters, digits and hyphens");
    let error = sector_at(&sink.guard(), &sink.at("/"), &uris(&TWO)).await.unwrap_err();
    assert_eq!(error, SectorDocumentError::Outbound(OutboundError::Status(404)));
}
