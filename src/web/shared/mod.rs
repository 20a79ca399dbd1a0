//! What all pages of the provider have in common: the menu, the footer, their texts, and who is looking at them. Pages
//! extend `web/shared/layout.html`.

mod device;
pub mod moment;
pub mod naming;
mod problem;
mod refused;
mod returning;
mod session;
mod signed_out;
pub mod told;

pub use self::{
    device::Device,
    problem::problem,
    refused::refused,
    returning::{Return, sign_in_address, sign_in_to_go_on},
    session::{CurrentSession, Member, Reader, browser_tag},
    signed_out::signed_out,
};
use crate::http::Lang;

pub(super) const TEXTS: [(Lang, &str); 2] = [(Lang::Fr, include_str!("fr.ftl")), (Lang::En, include_str!("en.ftl"))];
