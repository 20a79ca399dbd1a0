//! "Connect your forum": the page for operators of forums, as transcripts over HTTP, and the command that it prints.

mod page;
mod rehearsal;
mod typed;

use crate::harness::Reply;

/// Every software on the page, with the address that its operator types.
const SOFTWARE: [(&str, &str); 6] = [
    ("discourse", "https://forum.example"),
    ("nodebb", "https://forum.example/talk"),
    ("lemmy", "https://broker.example/realms/forum/broker/heteronym/endpoint"),
    ("decidim", "https://participer.example"),
    ("wordpress", "https://blog.example"),
    ("plain", "https://forum.example/callback?from=heteronym"),
];

/// What stands in an element with this id, as a reader copies it.
fn block(page: &Reply, id: &str) -> String {
    let text = page.text();
    let rest = text.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id} in {text}"));
    let inner = rest.split_once('>').unwrap().1.split("</pre>").next().unwrap();
    unescaped(&inner.replace("<code>", "").replace("</code>", ""))
}

/// The fields to be copied: what the software calls each, and the value.
fn fields(page: &Reply) -> Vec<(String, String)> {
    let text = page.text();
    let fields = text.split("<input readonly ").skip(1).map(|rest| {
        let tag = rest.split_once('>').unwrap().0;
        let attribute =
            |name: &str| unescaped(tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap());
        (attribute("aria-label"), attribute("value"))
    });
    fields.collect()
}

fn unescaped(text: &str) -> String {
    let entities = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
