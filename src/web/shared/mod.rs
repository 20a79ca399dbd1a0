//! What all pages of the provider have in common: the menu, the footer, their texts. Pages extend `web/shared/layout.html`.

use crate::http::Lang;

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
