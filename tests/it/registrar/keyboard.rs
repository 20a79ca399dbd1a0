//! Ninety seconds with the keyboard alone: what the markup promises.

use heteronym::accounts::OpenedKind;

use super::{but, element, eleonore, open, voiron};
use crate::harness::Reply;

/// The tags of a page, without what is in the header and the footer.
fn tags(reply: &Reply) -> Vec<String> {
    let text = reply.text();
    let main = text.split_once("<main").unwrap().1.split_once("</main>").unwrap().0.to_owned();
    main.split('<').skip(1).map(|tag| tag.split('>').next().unwrap().to_owned()).collect()
}

fn name(tag: &str) -> Option<&str> {
    tag.split_once(" name=\"")?.1.split('"').next()
}

/// Every control can be reached by Tab and works by Enter or Space; where the reader is, is one place.
fn assert_by_keyboard(page: &Reply) {
    let text = page.text();
    let tags = tags(page);
    assert_eq!(tags.iter().filter(|tag| tag.contains(" autofocus")).count(), 1, "one place to begin: {text}");
    for tag in &tags {
        let kind = tag.split([' ', '/']).next().unwrap();
        assert!(!tag.contains("onclick") && !tag.contains("tabindex") && !tag.contains("accesskey"), "{tag}");
        assert!(!tag.contains("role=\"button\"") && !tag.contains("role=\"link\""), "{tag}");
        assert!(kind != "a" || tag.contains("href=\""), "{tag}");
        let typed = matches!(kind, "input" | "select") && !tag.contains("\"hidden\"") && !tag.contains("\"radio\"");
        if let Some(id) = tag.split_once(" id=\"").map(|(_, rest)| rest.split('"').next().unwrap())
            && typed
        {
            assert!(text.contains(&format!("for=\"{id}\"")) || tag.contains("checkbox"), "{id} has no label");
        }
    }
}

#[tokio::test]
async fn the_form_begins_in_its_first_field_follows_the_document_and_is_sent_by_enter() {
    let (_service, _, mut officer) = voiron().await;
    let form = officer.get("/registrar/enrol").await;
    assert_by_keyboard(&form);
    let tags = tags(&form);
    let typed = tags.iter().filter(|tag| tag.starts_with("input") || tag.starts_with("select"));
    let order: Vec<_> = typed.filter(|tag| !tag.contains("\"hidden\"")).filter_map(|tag| name(tag)).collect();
    let expected: Vec<_> = eleonore().into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, expected, "the order of the document");
    let first = tags.iter().find(|tag| tag.contains("autofocus")).unwrap();
    assert_eq!(name(first), Some("family_name"));
    // Enter presses the first button that sends; there is no other.
    assert_eq!(tags.iter().filter(|tag| tag.starts_with("button")).count(), 1);
    assert!(tags.iter().all(|tag| !tag.contains("type=\"button\"")));
    // Nothing of a person stays in the browser's memory of forms.
    assert!(tags.iter().filter(|tag| tag.starts_with("form")).all(|tag| tag.contains("autocomplete=\"off\"")));
}

#[tokio::test]
async fn every_page_of_the_counter_is_used_by_keyboard() {
    let (service, _, mut officer) = voiron().await;
    assert_by_keyboard(&officer.get("/registrar").await);
    assert_by_keyboard(&officer.get("/registrar/key").await);
    let key = officer.office_key.take();
    let signing = officer.enrol(&eleonore()).await;
    assert!(signing.asks_to_sign(), "{}", signing.text());
    assert_by_keyboard(&signing);
    officer.office_key = key;
    let sheet = officer.enrol(&eleonore()).await;
    assert_by_keyboard(&sheet);
    assert!(sheet.text().split_once("id=\"next\"").unwrap().1.starts_with(" autofocus"));
    open(&service, &sheet, OpenedKind::Activation).await;
    service.wait(11);
    assert_by_keyboard(&officer.enrol(&eleonore()).await);
    assert_by_keyboard(&officer.enrol(&but(eleonore(), &[("commune", "grenob"), ("birth_date", "x")])).await);
    assert_by_keyboard(&officer.enrol(&but(eleonore(), &[("given_names", "Marie")])).await);
    assert_by_keyboard(&officer.get("/registrar/case").await);
    let other = but(eleonore(), &[("document_number", "77PP77777")]);
    assert_by_keyboard(&officer.find(&other).await);
    for act in ["renew", "correct", "reissue", "depart"] {
        assert_by_keyboard(&officer.choose_act(&other, act).await);
    }
    let done = officer.act(&eleonore(), "renew", &[]).await;
    assert_by_keyboard(&done);
    element(&done, "renew");
}

#[tokio::test]
async fn every_page_speaks_french_too() {
    let (_service, _, mut officer) = voiron().await;
    officer.cookies.insert("__Host-lang".to_owned(), "fr".to_owned());
    let desk = officer.get("/registrar").await;
    assert!(desk.text().contains("Vous avez inscrit 0 personne aujourd’hui, sur 150 au plus."), "{}", desk.text());
    let faulty = officer.enrol(&but(eleonore(), &[("family_name", "")])).await;
    assert!(faulty.text().contains("Un champ est à revoir"), "{}", faulty.text());
    let sheet = officer.enrol(&eleonore()).await;
    assert!(sheet.text().contains("Votre feuille d’activation") && element(&sheet, "until") == "15 juillet 2026");
    assert!(sheet.body.len() < 30_000, "one sheet of paper");
}
