//! Pure codecs: bytes in, types out. Each opens with the section of the standard, and imports nothing of this crate.

pub mod jose;
pub mod oauth;
pub mod sealed;
pub mod tlog;
