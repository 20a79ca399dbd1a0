//! Pure types and rules: nothing here reads a clock, a file, a socket or a generator of its own.

pub mod age;
pub mod ambient;
pub mod area;
pub mod authentication;
pub mod bracket;
pub mod claim;
pub mod ids;
pub mod issuer;
pub mod likeness;
pub mod log;
pub mod name;
pub mod quality;
pub mod secret;
