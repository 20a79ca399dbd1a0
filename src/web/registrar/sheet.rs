//! The activation sheet: shown once, printed, and handed over. It bears no name: whoever finds a lost one learns nobody's.

use askama::Template;
use axum::response::Response;
use qrcode::{QrCode, render::svg};
use zeroize::Zeroizing;

use super::counter::Counter;
use crate::{
    accounts::Purpose,
    http::{Page, Problem},
    proofing::Enrolled,
    web::paths,
};

#[derive(Template)]
#[template(path = "web/registrar/sheet.html", config = "src/askama.toml")]
struct Sheet<'a> {
    page: &'a Page,
    office: &'a str,
    qr: &'a str,
    /// Where the code is typed by somebody who does not scan.
    address: String,
    code: &'a str,
    login: String,
    until: String,
    renew_by: String,
    /// For an account that was opened before.
    recovers: bool,
}

/// The answer to an enrolment, and to the wish for a new code.
pub(super) fn page(counter: &Counter, enrolled: &Enrolled) -> Result<Response, Problem> {
    let (page, lang) = (&counter.page, counter.page.lang());
    let address = format!("{}{}", page.site().origin(), paths::ACTIVATE);
    // What stands behind `#` stays in the browser: the code is in no log.
    let link = Zeroizing::new(format!("{address}#{}", *Zeroizing::new(enrolled.code.canonical())));
    let code = Zeroizing::new(enrolled.code.grouped());
    let qr = qr(&link)?;
    let template = Sheet {
        page,
        office: &counter.office.name,
        qr: &qr,
        address: address.trim_start_matches("https://").to_owned(),
        code: &code,
        login: enrolled.login.grouped(),
        until: lang.date(enrolled.code_until),
        renew_by: lang.date(enrolled.renew_by),
        recovers: enrolled.purpose == Purpose::Recover,
    };
    Ok(page.render(&template))
}

/// The picture as an element of the page, with the quiet zone of ISO/IEC 18004 around it.
fn qr(text: &str) -> Result<Zeroizing<String>, Problem> {
    let code = QrCode::new(text).map_err(|_| Problem::internal("an address too long for a QR code"))?;
    let svg = Zeroizing::new(code.render::<svg::Color<'_>>().module_dimensions(1, 1).build());
    // The declaration of an XML file has no place inside a page.
    let element = svg.find("<svg").and_then(|start| svg.get(start..));
    element.map(|element| Zeroizing::new(element.to_owned())).ok_or_else(|| Problem::internal("a QR code without SVG"))
}
