//! What people do, from beginning to end, in a real browser, on the demonstration as it is started by hand. The pictures
//! of what they saw are kept in `tests/artefacts`.

pub(crate) mod chromium;
mod citizen;
mod demo;
mod officer;
