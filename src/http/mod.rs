//! What every face of the house shares towards a browser: the accept loop, the security headers, the form guard, the
//! languages, the stylesheet. Knows nothing of the domain, so that the reference forum can stand on it as well.
//!
//! A face makes one [`Site`], wraps its router with [`shell()`], and serves it with [`server::serve`]. Handlers take a
//! [`page::Page`] to answer with a page and a [`form::SafeForm`] to read one; what goes wrong is a [`problem::Problem`].

pub mod assets;
pub mod cookies;
pub mod form;
pub mod headers;
pub mod limit;
pub mod locale;
pub mod page;
pub mod problem;
pub mod server;
mod shell;
pub mod site;
pub mod texts;

pub use self::{
    form::{KeptForm, SafeForm},
    locale::Lang,
    page::Page,
    problem::Problem,
    shell::shell,
    site::{Site, SiteConfig},
    texts::Texts,
};
