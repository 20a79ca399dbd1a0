//! The whole service in one process, for tests: real database, real keys, real pages; a clock and dice of our own.

mod alone;
mod browser;
mod counter;
mod flow;
mod forum;
pub(crate) mod log;
mod mirror;
mod people;
mod rows;
mod service;
mod signed;

pub(crate) use self::{
    alone::{Log, alone, passes_alone},
    browser::{Browser, Reply, machine_post},
    counter::Counter,
    flow::{Answer, Choices, Request, Tokens},
    forum::Forum,
    people::{Citizen, facts_of},
    service::{ISSUER, Service},
    signed::ClientKey,
};
