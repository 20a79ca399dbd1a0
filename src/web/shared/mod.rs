//! What all pages of the provider have in common: the menu, the footer, their texts, and who is looking at them. Pages
//! extend `web/shared/layout.html`.

mod problem;
mod returning;
mod session;
pub mod told;

pub use self::{
    problem::problem,
    returning::{Return, sign_in_address},
    session::{CurrentSession, Member, Reader},
};
use crate::http::Lang;

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
