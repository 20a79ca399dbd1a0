//! Stylesheet, script and icons: compiled in, named by their hash, kept by browsers for ever.

use std::{collections::HashMap, io::Write, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing,
};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{problem::Problem, site::Site};

/// The files of one site, by name.
#[derive(Debug)]
pub(super) struct Assets(HashMap<&'static str, Asset>);

#[derive(Debug)]
struct Asset {
    address: String,
    media_type: &'static str,
    etag: HeaderValue,
    zipped_etag: HeaderValue,
    plain: Bytes,
    zipped: Bytes,
}

impl Assets {
    /// The shared files and those given.
    pub(super) fn new(extra: &[(&'static str, &'static [u8])]) -> Self {
        Self(SHARED.iter().chain(extra).map(|&(name, content)| (name, Asset::new(name, content))).collect())
    }

    /// The address of a file; that of a file which does not exist leads nowhere.
    pub(super) fn address(&self, name: &str) -> &str {
        self.0.get(name).map_or("/assets/", |asset| &asset.address)
    }
}

impl Asset {
    fn new(name: &str, content: &'static [u8]) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(content));
        let short = digest.get(..16).unwrap_or_default();
        let etag = |suffix: &str| {
            HeaderValue::from_str(&format!("\"{short}{suffix}\"")).unwrap_or(HeaderValue::from_static("\"\""))
        };
        Self {
            address: format!("/assets/{short}/{name}"),
            media_type: media_type(name),
            etag: etag(""),
            zipped_etag: etag("-gzip"),
            plain: Bytes::from_static(content),
            zipped: gzip(content, Compression::best()).into(),
        }
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let zipped = accepts_gzip(request) && self.zipped.len() < self.plain.len();
        let (body, etag) = if zipped { (&self.zipped, &self.zipped_etag) } else { (&self.plain, &self.etag) };
        let fixed = [
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::ETAG, etag.clone()),
        ];
        if request.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag) {
            return (StatusCode::NOT_MODIFIED, fixed).into_response();
        }
        let typed = [(header::CONTENT_TYPE, self.media_type)];
        let mut response = (fixed, typed, body.clone()).into_response();
        if zipped {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// `GET /assets/{hash}/{name}`.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{hash}/{name}", routing::get(file))
}

async fn file(
    Extension(site): Extension<Arc<Site>>,
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let asset = site.assets().0.get(name.as_str());
    match asset.filter(|asset| asset.address.split('/').nth(2) == Some(&hash)) {
        Some(asset) => asset.answer(&headers),
        None => Problem::not_found().into_response(),
    }
}

/// Whether the client takes gzip (RFC 9110 §12.5.3).
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_none_or(|q| q == 0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

pub(super) fn gzip(content: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 3), level);
    // Writing to memory cannot fail; if it did, the longer plain form would be chosen.
    match encoder.write_all(content).and_then(|()| encoder.finish()) {
        Ok(zipped) => zipped,
        Err(_) => content.to_vec(),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

const SHARED: [(&str, &[u8]); 10] = [
    ("code.js", include_bytes!("assets/code.js")),
    ("style.css", include_bytes!("assets/style.css")),
    ("submit.js", include_bytes!("assets/submit.js")),
    ("mark.svg", include_bytes!("assets/mark.svg")),
    ("webauthn.js", include_bytes!("assets/webauthn.js")),
    ("suggest.js", include_bytes!("assets/suggest.js")),
    ("copy.js", include_bytes!("assets/copy.js")),
    ("print.js", include_bytes!("assets/print.js")),
    ("office.js", include_bytes!("assets/office.js")),
    ("onward.js", include_bytes!("assets/onward.js")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_file_is_kept_for_ever_and_its_tag_differs_by_encoding() {
        let assets = Assets::new(&[]);
        let style = &assets.0["style.css"];
        let plain = style.answer(&HeaderMap::new());
        let zipped = style.answer(&headers(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.5")]));
        assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
        assert_ne!(plain.headers()[header::ETAG], zipped.headers()[header::ETAG]);
        assert!(plain.headers()[header::CACHE_CONTROL].to_str().unwrap().ends_with("immutable"));
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, plain.headers()[header::ETAG].clone())]);
        assert_eq!(style.answer(&again).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn gzip_is_sent_to_those_who_ask() {
        let accepts = |value| accepts_gzip(&headers(&[(header::ACCEPT_ENCODING, value)]));
        assert!(accepts("gzip") && accepts("deflate, GZIP ;q=0.1"));
        assert!(!accepts("gzip;q=0") && !accepts("br") && !accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_stylesheet_stays_small() {
        let assets = Assets::new(&[]);
        assert!(assets.0["style.css"].plain.len() <= 20 * 1024, "{}", assets.0["style.css"].plain.len());
    }
}
