//! What members write: plain text. Blank lines part paragraphs, `https://` addresses become links, nothing else is markup.
//!
//! The pieces are escaped by the template that prints them; this file builds no HTML.

use unicode_segmentation::UnicodeSegmentation;

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Link(String),
}

/// A paragraph: lines of pieces.
pub(super) type Paragraph = Vec<Vec<Piece>>;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFault {
    Empty,
    /// Longer than this many characters as a reader counts them.
    TooLong(usize),
}

/// Cleans a text of several lines: line ends become `\n`, control and direction-changing characters go.
pub(super) fn body(text: &str, most: usize) -> Result<String, TextFault> {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    bounded(unified.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect::<String>().trim(), most)
}

/// Cleans a text of one line.
pub(super) fn line(text: &str, most: usize) -> Result<String, TextFault> {
    let clean: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hidden(*c)).collect();
    bounded(&clean.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// Parts a cleaned text for display.
pub(super) fn paragraphs(text: &str) -> Vec<Paragraph> {
    text.split("\n\n")
        .map(|block| block.trim_matches('\n'))
        .filter(|block| !block.is_empty())
        .map(|block| block.lines().map(pieces).collect())
        .collect()
}

fn pieces(line: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(SCHEME) {
        let (before, from) = rest.split_at(at);
        let end =
            from.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '«' | '»')).unwrap_or(from.len());
        let (candidate, _) = from.split_at(end);
        let address = candidate.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '…']);
        let (address_text, after) = from.split_at(address.len().max(SCHEME.len()));
        let whole = is_boundary(before) && url::Url::parse(address_text).is_ok_and(|url| url.username().is_empty());
        if whole {
            push_text(&mut found, before);
            found.push(Piece::Link(address_text.to_owned()));
        } else {
            push_text(&mut found, before);
            push_text(&mut found, address_text);
        }
        rest = after;
    }
    push_text(&mut found, rest);
    found
}

fn push_text(found: &mut Vec<Piece>, text: &str) {
    match found.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(last)) => last.push_str(text),
        _ => found.push(Piece::Text(text.to_owned())),
    }
}

fn is_boundary(before: &str) -> bool {
    before.chars().next_back().is_none_or(|c| !c.is_alphanumeric())
}

fn bounded(text: &str, most: usize) -> Result<String, TextFault> {
    // A grapheme may hold any number of combining marks: the byte bound keeps a short text from being a long one.
    if text.is_empty() {
        Err(TextFault::Empty)
    } else if text.len() > most.saturating_mul(8) || text.graphemes(true).count() > most {
        Err(TextFault::TooLong(most))
    } else {
        Ok(text.to_owned())
    }
}

/// Controls, and the marks that reorder what a reader sees (UAX #9 §2).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
}

const SCHEME: &str = "https://";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    fn link(address: &str) -> Piece {
        Piece::Link(address.into())
    }

    #[test]
    fn an_address_becomes_a_link_without_the_full_stop_that_follows() {
        assert_eq!(
            pieces("Voir https://voiron.fr/plan?x=1. Merci"),
            [text("Voir "), link("https://voiron.fr/plan?x=1"), text(". Merci")]
        );
    }

    #[test]
    fn only_https_addresses_become_links() {
        for line in
            ["http://a.example", "javascript:alert(1)", "xhttps://a.example", "https://", "https://user@evil.example"]
        {
            assert!(pieces(line).iter().all(|piece| matches!(piece, Piece::Text(_))), "{line}");
        }
    }

    #[test]
    fn blank_lines_part_paragraphs_and_single_ends_part_lines() {
        assert_eq!(paragraphs("a\nb\n\n\nc"), [vec![vec![text("a")], vec![text("b")]], vec![vec![text("c")]]]);
    }

    #[test]
    fn marks_that_reorder_text_and_controls_are_dropped() {
        assert_eq!(body("a\u{202E}b\u{0}\r\nc", 10), Ok("ab\nc".into()));
        assert_eq!(line("  a \n b\u{7} ", 10), Ok("a b".into()));
    }

    #[test]
    fn a_text_is_counted_as_a_reader_counts_it() {
        assert_eq!(line("ééé", 3), Ok("ééé".into()));
        assert_eq!(line("abcd", 3), Err(TextFault::TooLong(3)));
        assert_eq!(body(" \n ", 3), Err(TextFault::Empty));
        let stacked = format!("a{}", "\u{0301}".repeat(400));
        assert_eq!(body(&stacked, 3), Err(TextFault::TooLong(3)));
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_between_a_line_and_its_pieces(line in "[a-z:/. ]{0,30}(https://[a-z./]{0,20})?[a-z., ]{0,20}") {
            let joined: String =
                pieces(&line).into_iter().map(|piece| match piece { Piece::Text(t) | Piece::Link(t) => t }).collect();
            prop_assert_eq!(joined, line);
        }
    }
}
