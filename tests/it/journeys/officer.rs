//! An officer at the counter, who never touches the mouse.

use super::{chromium::Chromium, demo::Demo};

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const DOWN: &str = "\u{E015}";

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_enrols_a_person_with_the_keyboard_alone_and_the_sheet_is_one_page() {
    let Some(mut browser) = Chromium::start("officer").await else { return };
    let demo = Demo::start().await;
    browser.goto(demo.officer()).await;
    browser.click("#continue").await;
    browser.find("#passkey").await;
    browser.type_keys(ENTER).await;
    browser.arrive("/account/access").await;
    // The first time at this workstation: it gets its key, which counts at once in a demonstration.
    browser.goto(&format!("{}/registrar/key", demo.issuer())).await;
    browser.click("#key-go:not([hidden])").await;
    browser.find("[data-key-is=accredited]:not([hidden])").await;
    browser.look("key").await;
    browser.type_keys(ENTER).await;
    browser.find("#enrol").await;
    browser.look("desk").await;
    browser.type_keys(ENTER).await;
    browser.find("#enrol-go").await;
    browser.look("form").await;

    // Family name, name in use, given names, birth date, sex.
    for typed in ["Delaunay", "", "Solène Marie", "3/2/1984", "f"] {
        browser.type_keys(&format!("{typed}{TAB}")).await;
    }
    browser.type_keys("voir").await;
    browser.find("[role=option]").await;
    browser.look("communes").await;
    browser.type_keys(DOWN).await;
    browser.type_keys(TAB).await;
    // Kind and number of the document; no role.
    browser.type_keys(&format!("p{TAB}")).await;
    browser.type_keys("09AB12345").await;
    browser.look("filled").await;
    browser.type_keys(ENTER).await;
    browser.find("#sheet").await;
    browser.look("sheet").await;
    let sheet = browser.text().await;
    assert!(!sheet.contains("Delaunay") && !sheet.contains("Solène"), "a lost sheet names nobody");
    let pdf = browser.print().await;
    let pages = String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count();
    assert_eq!(pages, 1, "the sheet prints on one page");
    browser.assert_no_complaints().await;

    // The code on the sheet opens the account of whoever was enrolled.
    let code = browser.run("return document.getElementById('code').innerText").await;
    browser.goto(&format!("{}/activate#{}", demo.issuer(), code.as_str().unwrap())).await;
    browser.click("#continue").await;
    browser.find("#set-passphrase").await;
}
