//! The counter and the import, on the real store of both engines: who is enrolled, who is found, who is refused, what stays.

mod batch;
mod cases;
mod counter;
mod limits;
mod signing;
mod traces;
mod twins;
